"""The terms of a domain as a glossary lists them: plain values that go to workers and into cache keys."""

from dataclasses import dataclass

from pipeline.config import fingerprint
from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Entry:
    """One term."""

    term: str
    avoid: tuple[str, ...] = ()
    """Variants that are not to be used for it."""
    definition: str = ""
    inflections: tuple[str, ...] = ()
    """All forms of the term, where those that are made from its ending are not the right ones."""
    compounds: bool = True
    """Whether term and variants are looked for within longer words."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """Terms in the order of the file. Empty: nothing is looked for."""

    entries: tuple[Entry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def fingerprint(self) -> str:
        """Of what finding depends on: definitions are none of it."""
        return fingerprint([(e.term, e.avoid, e.inflections, e.compounds) for e in self.entries])


def checked(entries: tuple[Entry, ...], file: str) -> Glossary:
    """The glossary. Raises ConfigError naming file, entry and key where two entries say different things of one word."""
    terms: dict[str, str] = {}
    for entry in entries:
        for word in (entry.term, *entry.inflections, *entry.avoid):
            if not any(character.isalnum() for character in word):
                raise ConfigError(
                    f"{file}: term {entry.term!r}: {word!r} holds no letter or digit; write a word"
                )
        if (name := fold(entry.term)) in terms:
            raise ConfigError(
                f"{file}: term {entry.term!r} stands twice; join both entries, or make the second a variant in `avoid`"
            )
        terms[name] = entry.term
    avoided: dict[str, str] = {}
    for entry in entries:
        for variant in entry.avoid:
            _check_variant(variant, entry, terms, avoided, file)
            avoided[fold(variant)] = entry.term
    return Glossary(entries)


def _check_variant(
    variant: str, entry: Entry, terms: dict[str, str], avoided: dict[str, str], file: str
) -> None:
    name, where = fold(variant), f"{file}: term {entry.term!r}, key 'avoid': {variant!r}"
    own = {fold(form) for form in entry.inflections}
    if name in terms:
        raise ConfigError(
            f"{where} is itself a term; a word cannot be right and wrong: remove it here or there"
        )
    if name in own:
        raise ConfigError(f"{where} stands in `inflections` of the same term; remove it in one of the two")
    if name in avoided:
        again = "twice in this entry" if avoided[name] == entry.term else f"for {avoided[name]!r} as well"
        raise ConfigError(f"{where} is avoided {again}; one term must say what to write instead")


def fold(word: str) -> str:
    """What two spellings of one term have in common: case, blanks and hyphens do not tell terms apart.

    >>> fold("Natur- och  kulturmiljö") == fold("natur och kulturmiljö")
    True
    """
    return " ".join(word.replace("-", " ").lower().split())
