"""What a domain, or a language, changes of Kvarn's own limits, each change with its reason.

The figures are quantiles of good documents, by provenance, of the half of each kind whose file hash is even; what the limits cost
on the other half is measured by benchmarks/noise_profiles.py and stands in docs/log.md. "Good" never means that a document was
looked at. Where a domain and the language of a document both change a limit, the wider of the two holds.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from pipeline.stages.noise_limits import Bound

Profile = Literal["general", "web", "legal", "administrative", "technical", "dialogue"]


class Change(NamedTuple):
    """A limit that differs from the general one, and why."""

    bound: Bound
    why: str


def _frozen(changes: dict[str, Change]) -> Mapping[str, Change]:
    return MappingProxyType(changes)


_WEB = {
    "min_words": Change(Bound(20, 3), "Navigation and teasers; of 110 questions with their answers none is shorter."),
    "max_open_short_lines": Change(Bound(0.9, 0.03), "Menus and lists of tags; good pages have up to 0.83."),
    "max_dup_lines": Change(Bound(0.5, 0.1), "Gopher has 0.3, which costs 2 of 466 administrative documents; 0.5 costs none."),
    "max_dup_line_chars": Change(Bound(0.2, 0.05), "Gopher's value; no good page, guide or question has more."),
    "max_dup_paragraph_chars": Change(Bound(0.2, 0.03), "Gopher's value; good pages at most 0.12."),
    "max_top_2gram": Change(Bound(0.2, 0.03), "Gopher's value; no good page, guide or question has more."),
    "max_top_word": Change(Bound(0.15, 0.02), "Keyword stuffing is a fault of the web; one guide in fifty has more, 0.198."),
    "max_shout_chars": Change(Bound(0.3, 0.05), "Shouting; RefinedWeb judges lines by 0.5. No good page has more."),
    "max_code_lines": Change(Bound(0.2, 0.03), "Scripts and style sheets left in the page; no good page has more."),
    "max_consent_lines": Change(Bound(0.05, 0.02), "Notices about cookies; no good page but a dialogue of an installer."),
}  # fmt: skip

_LEGAL = {
    "max_noise_score": Change(
        Bound(0.985, 0.02),
        "Tariffs and lists in statutes: 0.95 in one document of two hundred, 0.977 in a list of state loans.",
    ),
    "min_stop_word_share": Change(
        Bound(0.05, 0.01),
        "A statute that is one table has 0.055; of the others one in two hundred less than 0.125.",
    ),
    "max_number_words": Change(
        Bound(0.6, 0.05),
        "Codes and amounts: 0.451 in a list of procurement codes, where half of one per cent have more than 0.35; number tables 0.8.",
    ),
    "max_register_words": Change(
        Bound(0.8, 0.05), "Lists of districts, courts and countries: 0.65 in amendments of annexes."
    ),
    "max_top_2gram": Change(
        Bound(0.5, 0.05), "An annex that names the same decision on each line lies above the general 0.35."
    ),
    "max_code_lines": Change(
        Bound(0.05, 0.02),
        "Statutes hold no code (at most 0.006), so that JSON is still found where the score lets it through.",
    ),
    "max_ocr_noise": Change(
        Bound(0.1, 0.06),
        "Statutes have at most 0.031, amendments with columns 0.079; registers that are not found otherwise 0.03 to 0.06.",
    ),
}

_ADMINISTRATIVE = {
    "max_noise_score": Change(
        Bound(0.95, 0.05),
        "Forms, agendas and lists of links: 0.74 in one document of two hundred, 0.85 in the index page of a site.",
    ),
    "min_stop_word_share": Change(
        Bound(0.08, 0.01),
        "Forms and agendas are short of function words; index pages of agencies have 0.107.",
    ),
    "max_register_words": Change(
        Bound(0.7, 0.05),
        "Rolls and forms name people and numbers; a third of the scanned registers have more.",
    ),
    "max_top_word": Change(
        Bound(0.25, 0.03), "A form repeats the word that it is about: 0.198 in an index of agencies."
    ),
    "max_code_lines": Change(
        Bound(0.25, 0.03),
        "Front matter and templates reach 0.19; half of the JSON files have more than 0.23.",
    ),
}

_TECHNICAL = {
    "max_noise_score": Change(
        Bound(0.97, 0.02),
        "Lists of options and keys: 0.94 in one document of fifty, 0.96 in lists of devices; above lie pages of contents.",
    ),
    "min_stop_word_share": Change(
        Bound(0.05, 0.01), "Lists of options: 0.08 in one document of two hundred, lists of keys 0.056."
    ),
    "max_consent_lines": Change(
        Bound(0.13, 0.04),
        "Help pages name buttons such as Allow: up to 0.125, as much as the longest notices about cookies.",
    ),
    "max_register_words": Change(
        Bound(0.7, 0.05),
        "Lists of devices and packages: 0.66 in one document of two hundred; a third of the scanned registers have more.",
    ),
}

_DIALOGUE = {
    "min_words": Change(
        Bound(4), "A turn of a conversation may be a line; thanks and greetings have four words."
    ),
    "max_noise_score": Change(
        Bound(0.95, 0.05), "Short lines look like lists: questions with answers reach 0.83."
    ),
    "max_open_short_lines": Change(Bound(1.0), "People who chat leave out the full stop."),
    "min_stop_words": Change(Bound(1), "A line of speech may have one function word."),
    "max_top_word": Change(Bound(0.34, 0.03), "A short answer repeats a word of the question: two in six."),
    **{
        f"max_top_{n}gram": Change(
            Bound(0.6, 0.05), "A short answer echoes its question: one of 110 has 0.48."
        )
        for n in (2, 3, 4)
    },
    "max_code_lines": Change(Bound(0.1, 0.03), "Nobody speaks code: no question or answer had any."),
}

PROFILES: Mapping[Profile, Mapping[str, Change]] = MappingProxyType(
    {
        "general": _frozen({}),
        "web": _frozen(_WEB),
        "legal": _frozen(_LEGAL),
        "administrative": _frozen(_ADMINISTRATIVE),
        "technical": _frozen(_TECHNICAL),
        "dialogue": _frozen(_DIALOGUE),
    }
)
"""By name; general changes nothing."""

OWN_LANGUAGES: Mapping[str, Mapping[str, Change]] = MappingProxyType(
    {
        "fi": _frozen(
            {
                "min_stop_word_share": Change(
                    Bound(0.03, 0.01),
                    "Finnish says with endings what others say with small words: the general 0.09 costs 14 of 100 groups of five "
                    "gold sentences, the least of which has 0.04.",
                ),
                "min_stop_words": Change(
                    Bound(1), "See min_stop_word_share: instructions of thirty words have one."
                ),
                "max_noise_score": Change(
                    Bound(0.97, 0.02),
                    "The score leans on function words: manual pages reach 0.95, handbooks 0.7.",
                ),
            }
        )
    }
)
"""Of Kvarn's own limits. Swedish, Danish, Bokm\N{LATIN SMALL LETTER A WITH RING ABOVE}l, Nynorsk, German, English and Icelandic need none: of 780 groups of five gold
sentences of those languages the general limits drop and flag none (mean word length at most 6.6, function words at least 0.19)."""


def wider(key: str, one: Bound, other: Bound) -> Bound:
    """The bound that lets more through.

    >>> wider("max_top_word", Bound(0.2), Bound(0.25)).value, wider("min_words", Bound(10), Bound(4)).value
    (0.25, 4)
    """
    pick = min if key.startswith("min_") else max
    return pick(one, other, key=lambda bound: bound.value)
