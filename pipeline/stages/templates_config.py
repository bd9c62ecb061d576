"""Section [templates]: what counts as a line or paragraph that documents of a source share, and what is done about it."""

from dataclasses import dataclass
from typing import Literal

from pipeline.config import fingerprint
from pipeline.errors import ConfigError

Policy = Literal["report", "cut"]


@dataclass(frozen=True, slots=True)
class TemplatesConfig:
    """Section [templates]: lines and paragraphs that many documents of one source share."""

    lines: Policy = "report"
    """What is done about them: "report", or "cut" out of the published text. For one source: [sources.NAME] lines. Report by
    default, since headings that a statute must have ("Övergångsbestämmelser", in 29 % of 274) repeat like a menu does."""

    sample: int = 2000
    """Documents of a source that are looked at: those with the smallest content_id, in whatever order they came. A share of 2 %
    is then known to within .6 of a per cent."""

    min_letters: int = 3
    """Lines of fewer letters do not count. Menus are short ("Hem", "Upp", "Nästa"), and what must not be cut has hardly a letter:
    "### 10 a §", rulers of tables, fences of code. Of 10 lines of navigation in a fifth of 110 pages of a handbook this finds 10
    and at least 10 characters 1; of the paragraph signs of 274 statutes it finds none, 3 characters 21."""

    min_documents: int = 5
    """Documents that must share a line before it is reported. With 3, passages that were not translated count: 4.6 % of the text
    of a handbook in four languages, against .2 % with 5."""

    min_share: float = 0.02
    """Share of the sampled documents that must share a line before it is reported."""

    cut_share: float = 0.4
    """Share of the sampled documents from which on the policy "cut" removes it. Between the most common heading of 274 statutes
    (.29) and the Swedish navigation of a handbook of which less than half is Swedish (.42)."""

    most: int = 500
    """Lines and paragraphs of a source that are listed, those in the most documents: what may be cut comes first."""

    def __post_init__(self) -> None:
        for key, low in (("sample", 10), ("min_letters", 1), ("min_documents", 2), ("most", 1)):
            if getattr(self, key) < low:
                raise ConfigError(
                    f"templates.{key} = {getattr(self, key)} is not allowed; allowed: {low} or more"
                )
        for key in ("min_share", "cut_share"):
            if not 0 < getattr(self, key) <= 1:
                raise ConfigError(
                    f"templates.{key} = {getattr(self, key)} is not allowed; allowed: above 0, up to 1"
                )
        if self.cut_share < self.min_share:
            raise ConfigError(
                f"templates.cut_share = {self.cut_share} is below templates.min_share = {self.min_share}; "
                "what is cut must be reported: raise cut_share or lower min_share"
            )

    @property
    def fingerprint(self) -> str:
        """Of what a fit depends on; the policy is none of it."""
        keys = ("sample", "min_letters", "min_documents", "min_share", "most")
        return fingerprint({key: getattr(self, key) for key in keys})
