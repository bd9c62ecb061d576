"""Settings of deduplication: section [duplicates] of kvarn.toml."""

from dataclasses import dataclass

from pipeline.errors import ConfigError
from pipeline.kernels import lsh, shingles
from pipeline.kernels.measure_spec import MeasureSpec

SPECS = (
    MeasureSpec(
        "jaccard",
        "share",
        0.0,
        1.0,
        "verified, word 5-grams",
        "shingles that a document shares with the survivor",
    ),
    MeasureSpec(
        "jaccard_content",
        "share",
        0.0,
        1.0,
        "Kvarn",
        "the same without the shingles that are frequent in the source",
    ),
)
"""What the numbers of a pair mean: pairs.parquet holds both, the ledger the first."""


@dataclass(frozen=True, slots=True)
class DuplicatesConfig:
    """Section [duplicates] of kvarn.toml."""

    threshold: float = 0.8
    """Smallest Jaccard of two documents' word 5-grams at which one of them is dropped."""
    shingle: int = 5
    """Words in a shingle. Changing it changes every published Jaccard."""
    permutations: int = 128
    """Longest signature. More allows more selective bands at low thresholds and costs time at all; at 0.8, 95 values in 19 bands of
    5 find as much as 224 in 32 of 7, in half the time, and give 3 % more candidates to verify (docs/log.md)."""
    seed: int = 1
    """Seed of the permutations; signatures of different seeds cannot be compared."""
    recall: float = 0.999
    """Wanted probability that a pair exactly at the threshold is found. Chooses bands and rows where these are 0. Texts of fewer than
    20 shingles are compared without chance."""
    bands: int = 0
    """Bands of the signature; 0: chosen from recall and threshold (19 at 0.8)."""
    rows: int = 0
    """Rows of a band; 0: chosen with the bands (5 at 0.8)."""
    full_bucket: int = 512
    """Up to so many different documents that share a band are all compared with each other, and up to so many equal
    documents are listed pair by pair. Beyond it each is compared with the `leaders` only, so that cost stays linear."""
    leaders: int = 16
    """Documents of a bucket beyond full_bucket that all others are compared with: the best by survivor order."""
    content_threshold: float = 0.6
    """Smallest Jaccard without the shingles that are frequent in the source at which a document is dropped, where both have own_shingles
    of their own. Revisions of one statute and edited copies keep 0.79 and more, pages that share only their navigation 0.59 at most
    (docs/log.md);
    0 switches it off."""
    own_shingles: int = 20
    """Documents with fewer shingles of their own are judged by the plain Jaccard alone: too little is left to compare."""
    template_share: float = 0.01
    """A shingle in this share of a source's documents, copies counted once, is a template: a form, a series, page furniture."""
    template_documents: int = 10
    """And in so many documents at least: in a small source some revisions of one text are no template yet."""
    template_sample: int = 2048
    """Documents of a source in which templates are sought, those with the smallest hashes: bounds time and memory, and a template in
    one of a hundred documents still stands in twenty of them."""
    survivor: tuple[str, ...] = ("priority", "quality", "date")
    """Which copy stays, first difference decides: priority (of the source, higher first), quality (higher first), date
    (see date_order). Documents published earlier always come first, the smaller content_id decides last."""
    date_order: str = "newest"
    """newest: the latest revision stays (the law in force, the corrected page); oldest: the original stays."""

    def __post_init__(self) -> None:
        _within("threshold", self.threshold, 0.05, 1.0)
        _within("recall", self.recall, 0.5, 0.999999)
        _within("shingle", self.shingle, 1, shingles.MAX_WIDTH)
        _within("permutations", self.permutations, 8, 1024)
        _within("seed", self.seed, 0, 2**32 - 1)
        _within("content_threshold", self.content_threshold, 0.0, 1.0)
        _within("own_shingles", self.own_shingles, 1, 10_000)
        _within("template_share", self.template_share, 0.0, 1.0)
        _within("template_documents", self.template_documents, 2, 1_000_000)
        _within("template_sample", self.template_sample, 10, 1_000_000)
        _within("full_bucket", self.full_bucket, 2, 100_000)
        _within("leaders", self.leaders, 1, self.full_bucket)
        if (self.bands == 0) != (self.rows == 0) or self.bands < 0 or self.rows < 0:
            raise ConfigError(
                "duplicates.bands and duplicates.rows: set both above 0, or neither (0: chosen)"
            )
        if self.bands * self.rows > self.permutations:
            needed = self.bands * self.rows
            raise ConfigError(
                f"duplicates.bands x duplicates.rows = {needed} exceeds duplicates.permutations = {self.permutations}"
            )
        known = ("priority", "quality", "date")
        if len(set(self.survivor)) != len(self.survivor) or not set(self.survivor) <= set(known):
            raise ConfigError(
                f"duplicates.survivor = {self.survivor!r}; allowed, once each: {', '.join(known)}"
            )
        if self.date_order not in ("newest", "oldest"):
            raise ConfigError(f"duplicates.date_order = {self.date_order!r}; allowed: 'newest', 'oldest'")

    @property
    def shape(self) -> tuple[int, int]:
        """(bands, rows) in use."""
        if self.bands:
            return self.bands, self.rows
        return lsh.bands_for(self.permutations, self.threshold, self.recall)


def _within(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"duplicates.{key} = {value!r} is out of range; allowed: {low} to {high}")
