"""Manual pages in roff (man and mdoc macros) as plain text: paragraphs filled, fonts and requests gone."""

import re
import shlex
from collections.abc import Iterator

from pipeline.storage.readers.html import tidy
from pipeline.storage.readers.record import Found, Input
from pipeline.storage.readers.text import decoded

_SPECIAL = {
    "co": "\N{COPYRIGHT SIGN}", "rg": "\N{REGISTERED SIGN}", "aq": "'", "dq": '"', "lq": "\N{LEFT DOUBLE QUOTATION MARK}",
    "rq": "\N{RIGHT DOUBLE QUOTATION MARK}", "oq": "\N{LEFT SINGLE QUOTATION MARK}", "cq": "\N{RIGHT SINGLE QUOTATION MARK}",
    "em": "\N{EM DASH}", "en": "\N{EN DASH}", "hy": "-", "bu": "\N{BULLET}", "ti": "~", "ha": "^", "rs": "\\", "ga": "`",
    "ae": "æ", "AE": "Æ", "oa": "å", "/o": "ø", "/O": "Ø", ":a": "ä", ":o": "ö", ":u": "ü", ":A": "Ä", ":O": "Ö", "'e": "é",
    "ss": "ß", "Fo": "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}", "Fc": "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}",
    "->": "->", "<-": "<-", "mu": "\N{MULTIPLICATION SIGN}", "de": "\N{DEGREE SIGN}", "Eu": "\N{EURO SIGN}", "la": "<", "ra": ">",
    "R": "\N{REGISTERED SIGN}", "Tm": "\N{TRADE MARK SIGN}", "at": "@", "sh": "#", "oA": "Å", "aa": "\N{ACUTE ACCENT}",
}  # fmt: skip
# Names and arguments end within 256 characters (our choice): a bracket that is never closed is sought once more from each escape.
_ESCAPE = re.compile(
    r"\\(?:\((?P<two>..)|\[(?P<long>[^\]]{0,256})\]|f(?:\[[^\]]{0,256}\]|\(..|.)|s[+-]?(?:\d|\[[^\]]{0,256}\]|\(..)"
    r"|m(?:\[[^\]]{0,256}\]|\(..|.)|\*(?:\((?P<string>..)|\[(?P<name>[^\]]{0,256})\]|(?P<one>.))|n(?:\[[^\]]{0,256}\]|\(..|.)"
    r"|[hvwlLDobXZ]'[^']{0,256}'|(?P<char>.))"
)
_SINGLE = {"-": "-", "e": "\\", "~": " ", "0": " ", " ": " ", "'": "'", "`": "`", "t": " ", ".": "."}

_BREAKS = frozenset(
    [
        "PP",
        "P",
        "LP",
        "HP",
        "IP",
        "TP",
        "TQ",
        "Pp",
        "Lp",
        "It",
        "sp",
        "br",
        "RS",
        "RE",
        "Bl",
        "El",
        "Bd",
        "Ed",
        "D1",
        "Dl",
        "UR",
        "UE",
        "MT",
        "ME",
        "EX",
        "EE",
        "nf",
        "fi",
        "OP",
        "SY",
        "YS",
    ]
)
_HEADINGS = frozenset(["SH", "SS", "Sh", "Ss"])
_FONTS = frozenset(["B", "I", "R", "SM", "SB", "Em", "Sy", "Li"])
_ALTERNATING = frozenset(["BR", "RB", "BI", "IB", "IR", "RI"])
_VERBATIM = {"nf": True, "EX": True, "Bd": True, "fi": False, "EE": False, "Ed": False}
_DROPPED = frozenset(
    [
        "TH",
        "Dd",
        "Os",
        "de",
        "ds",
        "am",
        "if",
        "ie",
        "el",
        "nr",
        "ne",
        "in",
        "ti",
        "ad",
        "na",
        "hy",
        "nh",
        "ft",
        "ll",
        "ta",
        "so",
        "tr",
        "mso",
        "fam",
        "ig",
        "als",
        "rm",
        "rn",
        "cf",
        "vs",
        "bp",
        "it",
        "warn",
        "do",
        "cs",
        "tm",
        "Bk",
        "Ek",
    ]
)
_MDOC = frozenset(
    [
        "Ad",
        "An",
        "Ao",
        "Ac",
        "Ap",
        "Aq",
        "Ar",
        "At",
        "Bc",
        "Bo",
        "Bq",
        "Brq",
        "Bx",
        "Cd",
        "Cm",
        "Dc",
        "Do",
        "Dq",
        "Dv",
        "Ec",
        "Eo",
        "Er",
        "Ev",
        "Fa",
        "Fc",
        "Fd",
        "Fl",
        "Fn",
        "Fo",
        "Fr",
        "Ft",
        "Fx",
        "Ic",
        "In",
        "Lb",
        "Lk",
        "Ms",
        "Mt",
        "Nd",
        "Nm",
        "No",
        "Ns",
        "Nx",
        "Oc",
        "Oo",
        "Op",
        "Ot",
        "Ox",
        "Pa",
        "Pc",
        "Pf",
        "Po",
        "Pq",
        "Qc",
        "Ql",
        "Qo",
        "Qq",
        "Rs",
        "Re",
        "Sc",
        "So",
        "Sq",
        "St",
        "Sx",
        "Tn",
        "Ud",
        "Ux",
        "Va",
        "Vt",
        "Xc",
        "Xo",
        "Xr",
        "Sm",
        "Em",
        "Sy",
        "Li",
    ]
)
_WRAPS = {
    "Op": "[]",
    "Pq": "()",
    "Dq": '""',
    "Qq": '""',
    "Sq": "''",
    "Ql": "''",
    "Aq": "<>",
    "Bq": "[]",
    "Brq": "{}",
}


def read_roff(file: Input) -> Iterator[Found]:
    source, notes = decoded(file)
    page = _Page()
    for line in _joined(source):
        page.line(line)
    yield Found(page.text(), meta={"title": page.title} if page.title else {}, notes=notes, whole=True)


def _joined(source: str) -> Iterator[str]:
    """Lines with continued ones (backslash at the end) as one, without definitions of macros."""
    held, skipping = "", False
    for line in source.replace("\r\n", "\n").split("\n"):
        line = held + line
        if line.endswith("\\") and not line.endswith("\\\\"):
            held = line[:-1]
            continue
        held = ""
        if skipping:
            skipping = not line.startswith("..")
            continue
        skipping = re.match(r"[.']\s*(de|am|ig)\b", line) is not None
        if not skipping:
            yield line


class _Page:
    """Fills paragraphs as roff would, with lines as long as they come."""

    def __init__(self) -> None:
        self.title = ""
        self._out: list[str] = []
        self._words: list[str] = []
        self._verbatim = False
        self._in_table = False
        self._name = ""

    def text(self) -> str:
        self._flush()
        return tidy("\n".join(self._out))

    def line(self, line: str) -> None:
        if line.startswith((".", "'")) and not line.startswith(("...", "'\\")):
            self._request(line[1:].strip())
        elif not line.strip():
            self._flush()
            self._out.append("")
        elif self._in_table:
            if not line.rstrip().endswith((".", ";")) or "\t" in line or " " in line.strip():
                self._out.append(" | ".join(_plain(cell) for cell in line.split("\t")))
        elif self._verbatim:
            self._out.append(_plain(line))
        else:
            self._words.append(_plain(line).strip())

    def _request(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        if not name or name.startswith('\\"'):
            return
        arguments = _arguments(rest)
        if name in ("TS", "TE"):
            self._flush()
            self._in_table = name == "TS"
        elif name in _HEADINGS:
            self._flush()
            self._out += ["", _plain(" ".join(arguments)), ""]
        elif name in _DROPPED:
            if name == "TH" and arguments:
                self.title = _plain(arguments[0])
        elif name in _BREAKS:
            self._break(name, arguments)
        elif name in _ALTERNATING:
            self._words.append(_plain("".join(arguments)))
        elif name in _FONTS:
            self._words.append(_plain(" ".join(arguments)))
        elif name in _MDOC:
            self._words.append(self._mdoc([name, *arguments]))

    def _break(self, name: str, arguments: list[str]) -> None:
        self._flush()
        if name not in ("br", "RS", "RE", "UE", "ME"):
            self._out.append("")
        self._verbatim = _VERBATIM.get(name, self._verbatim)
        if name in ("IP", "UR", "MT", "SY", "D1", "Dl") and arguments:
            self._words.append(_plain(arguments[0]))
        elif name == "It":
            self._words.append(self._mdoc(arguments))
            self._flush()

    def _mdoc(self, words: list[str]) -> str:
        """A line of callable macros: their names go, their arguments stay."""
        out: list[str] = []
        closing = ""
        for at, word in enumerate(words):
            if word == "Nm":
                self._name = (
                    words[at + 1] if at + 1 < len(words) and words[at + 1] not in _MDOC else self._name
                )
                if at + 1 >= len(words) or words[at + 1] != self._name:
                    out.append(self._name)
            elif word == "Fl":
                out.append("-")
            elif word in _WRAPS:
                out.append(_WRAPS[word][0])
                closing = _WRAPS[word][1] + closing
            elif word not in _MDOC:
                out.append(_plain(word))
        joined = re.sub(r"(^|[\s\[(])- (?=\w)", r"\1-", " ".join(filter(None, out)))
        return re.sub(r"([\[(<{]) ", r"\1", joined + closing) if joined or closing else ""

    def _flush(self) -> None:
        if self._words:
            self._out.append(re.sub(r" ([,.;:)])(?= |$)", r"\1", " ".join(filter(None, self._words))))
            self._words = []


def _arguments(rest: str) -> list[str]:
    rest = re.split(r"(?<!\\)\\\"", rest, maxsplit=1)[0]
    lexer = shlex.shlex(rest, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape, lexer.quotes = True, "", "", '"'
    try:
        return list(lexer)
    except ValueError:
        # A quote without its end.
        return rest.replace('"', " ").split()


def _plain(text: str) -> str:
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    name = found["two"] or found["long"] or found["string"] or found["name"] or found["one"]
    if name:
        if match := re.fullmatch(r"u([0-9A-Fa-f]{4,6})", name):
            point = int(match[1], 16)
            return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else ""
        return _SPECIAL.get(name, "")
    char = found["char"]
    return _SINGLE.get(char, "" if char in '&/,|^%:c{}"?!)dupkzra' else char) if char else ""
