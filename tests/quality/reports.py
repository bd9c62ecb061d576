"""Reports for the tests: a first release, and a second one with faults, hostile text and a waiver."""

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
from builders import Item, corpus, data, inputs, intake, kept, ledger, withheld

from pipeline.quality.checks import RELEASE_CHECKS, release_checks
from pipeline.quality.gate import Candidate, GateConfig, Waiver, decide
from pipeline.quality.report import Lineage, Report, ReportInputs, SourceFacts, build_report
from pipeline.schema import SPLITS
from pipeline.stage import Rule

NOW = datetime(2026, 3, 1, tzinfo=UTC)

HOSTILE = (
    "<script>document.title='x'</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "</title></style></textarea><iframe src=//evil.example></iframe>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "\u202egnp.exe\u2066 \u200b\u00ad\x07",
    "' onmouseover='alert(1)",
    "<style>@import '//evil.example/x.css';</style>",
    "&lt;b&gt; &#60;script&#62;",
)


def waste(count: int, hostile: bool = True) -> list[Item]:
    """Items that leave at every stage; hostile strings in names, sources, reasons and texts."""
    kinds = [
        ("dropped", "noise.short"),
        ("dropped", "noise.line_punct"),
        ("dropped", "language.foreign"),
        ("dropped", "duplicate.near"),
        ("flagged", "noise.symbol_share.near"),
        ("flagged", "pii.personnummer"),
        ("quarantined", "read.corrupt_pdf"),
    ]
    items = []
    for i in range(count):
        fate, code = kinds[i % len(kinds)]
        words = HOSTILE[i % len(HOSTILE)] if hostile else f"Avfall {i}"
        items.append(
            Item(
                f"w{i}-{words}.txt",
                source=("a", "b", "ärenden")[i % 3],
                text=f"{words} är text nummer {i} som inte behölls. " * (1 + i % 9),
                fate=fate,
                split=None,
                reasons=(code,),
                language="da" if code == "language.foreign" else "sv",
                duplicate_of="a/0000.txt" if code == "duplicate.near" else None,
                cluster=f"{i % 5:064x}" if code == "duplicate.near" else None,
            )
        )
    return items


def make(
    items: list[Item], last: Report | None = None, last_items: list[Item] | None = None, waive: bool = False
) -> Report:
    """The report of a candidate made of `items`."""
    given = inputs(items, last_items)
    number = last.number + 1 if last else 1
    digest = f"{number:x}" * 64
    checks = release_checks(given)
    waiver = Waiver(
        check="reasons.drift",
        reason="En ny källa har många korta meddelanden.",
        requester="Åsa <b>Ek</b>",
        approver="Bo Lund",
        created="2026-02-20",
        expires="2026-04-01",
        max_observed=99.0,
        digest=digest,
    )
    outcome = decide(
        checks, RELEASE_CHECKS, [waiver] if waive else [], Candidate(digest, last is None), NOW, GateConfig()
    )
    table = ledger(items)
    words = pa.array([float(len(item.text.split())) for item in items], pa.float32())
    return build_report(
        ReportInputs(
            name="skogsbruk",
            number=number,
            digest=digest,
            outcome=outcome,
            profile=given.profile,
            ledger=table,
            measures=pa.table({"doc_id": table.column("doc_id"), "word_count": words}),
            kept=[data(kept(items, split)) for split in SPLITS],
            withheld=[withheld(items, fate) for fate in ("dropped", "flagged")],
            lineage=Lineage(
                files=len(items),
                bytes=1_234_567,
                config="c" * 64,
                code="d" * 64,
                decisions="e" * 64,
                parent=last.digest if last else None,
                lock={"pyarrow": "26.0.1", "numba": "0.68.1"},
                seeds={"split": 1, "language": 7},
            ),
            sources={source: SourceFacts(licence="CC0-1.0") for source in intake(items)},
            rules=[Rule("noise.short", "word_count", low=12), Rule("noise.long", "word_count", high=90)],
            previous=last,
        )
    )


def first() -> Report:
    """A healthy first release."""
    return make(corpus(90))


def second(hostile: bool = True) -> Report:
    """A release after `first`: more waste, a new source, hostile text in data."""
    items = corpus(90)
    kept_hostile = [
        replace(item, text=f"{item.text} {HOSTILE[i]} {i}", name=f"{item.name}{HOSTILE[i]}")
        for i, item in enumerate(items[:10])
    ]
    kept_items = [*kept_hostile, *items[10:]] if hostile else items
    more = [
        replace(item, name=f"ny-{item.name}", source="ärenden", text=f"{item.text} Ny.")
        for item in items[:30]
    ]
    return make([*kept_items, *more, *waste(84, hostile)], first(), items)
