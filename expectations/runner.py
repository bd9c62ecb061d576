"""Validates a candidate: `python -m expectations.runner --candidate DIR --suites DIR --intake FILE --out FILE.json`.

Runs in a child process. Writes a list of checks; what Great Expectations passes for want of data is made a fault here.
"""

import argparse
import ctypes
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from expectations.suites import VERDICT_OF, Suite, read_suite
from expectations.tables import Candidate, read_intake
from pipeline.errors import ConfigError, UsageError
from pipeline.quality.checks import SUITES
from pipeline.quality.verdicts import Check, Verdict

ID_COLUMNS = ("record_id", "source")
"""What names a row in an example; values of data never leave the child."""
SHOWN = 10
_ABOUT_ROWS = (
    "expect_column_values_",
    "expect_column_pair_values_",
    "expect_multicolumn_values_",
    "expect_groups_",
)
"""Types whose value is the number of rows (or groups) that break the rule."""


def main(arguments: list[str]) -> int:
    """0 when the result was written, whatever the verdicts; 1 when the parent was gone already."""
    parser = argparse.ArgumentParser(prog="expectations.runner", description="Validate a candidate release.")
    for name in ("candidate", "suites", "intake", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--parent", type=int, default=None, help="process id whose death ends this one")
    given = parser.parse_args(arguments)
    if given.parent is not None and not _die_with(given.parent):
        return 1
    checks = validate_folder(Candidate(given.candidate, read_intake(given.intake)), given.suites)
    plain = [asdict(check) for check in checks]
    text = json.dumps(plain, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    given.out.write_text(text + "\n", encoding="utf-8")
    return 0


def validate_folder(candidate: Candidate, folder: Path) -> list[Check]:
    """All suites of a folder, by name; a suite that every release needs and that is not there is NOT_RUN."""
    paths = {path.stem: path for path in sorted(folder.glob("*.json"))}
    checks = [check for path in paths.values() for check in _run_file(candidate, path)]
    absent = (suite for suite in SUITES if suite not in paths)
    return checks + [_summary(suite, Verdict.NOT_RUN, f"{suite}.json is missing") for suite in absent]


def _run_file(candidate: Candidate, path: Path) -> list[Check]:
    try:
        suite = read_suite(path)
        frame = candidate.table(suite.table)
    except (ConfigError, UsageError) as error:
        return [_summary(path.stem, Verdict.ERROR, str(error))]
    if not suite.expectations:
        return [_summary(suite.name, Verdict.ERROR, "the suite is empty: it would pass on anything")]
    if not len(frame):
        return [_summary(suite.name, Verdict.FAIL, f"the table {suite.table} has no rows")]
    found = list(_run_suite(suite, frame))
    return [_summary(suite.name, Verdict.PASS, "", count=len(found), n=len(frame)), *found]


def _run_suite(suite: Suite, frame: Any) -> Iterator[Check]:
    batch = _batch(frame)
    ids = [column for column in ID_COLUMNS if column in frame.columns][:1]
    seen: dict[str, int] = {}
    for entry in suite.expectations:
        identity = ".".join(filter(None, ("gx", suite.name, entry["type"], _subject(entry))))
        seen[identity] = seen.get(identity, 0) + 1
        suffix = f"#{seen[identity]}" if seen[identity] > 1 else ""
        yield _run_one(batch, entry, identity + suffix, ids, len(frame))


def _subject(entry: dict[str, Any]) -> str:
    kwargs = entry.get("kwargs", {})
    keys = ("column", "column_A", "group", "letter")
    return ".".join(str(kwargs[key]) for key in keys if key in kwargs)


def _batch(frame: Any) -> Any:
    """The frame as a batch of an in-memory context: no project on disk, no progress bars, no telemetry."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    import expectations.own  # noqa: F401  # registers them

    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("candidate").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})


def _run_one(batch: Any, entry: dict[str, Any], identity: str, ids: list[str], rows: int) -> Check:
    from great_expectations.core import ExpectationSuite
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    plain = {key: entry[key] for key in ("type", "kwargs", "severity", "notes") if key in entry}
    form = (
        {"result_format": "SUMMARY", "unexpected_index_column_names": ids}
        if ids
        else {"result_format": "SUMMARY"}
    )
    try:
        suite = ExpectationSuite(name="one", expectations=[plain])
        outcome = batch.validate(suite.expectations[0], result_format=form).to_json_dict()
    except (GreatExpectationsError, ValueError, TypeError, LookupError) as error:
        # Unknown types and keywords; the last line of a long explanation says which.
        return _check(
            entry, identity, Verdict.ERROR, note=f"{type(error).__name__}: {str(error).splitlines()[0][:300]}"
        )
    fault = _raised(outcome["exception_info"])
    if fault is not None:
        return _check(entry, identity, Verdict.ERROR, n=rows, note=fault)
    return _judged(entry, identity, outcome, ids, rows)


def _raised(info: dict[str, Any]) -> str | None:
    """The message of an exception; the library nests them by metric, or not."""
    inner = [info, *(part for part in info.values() if isinstance(part, dict))]
    return next(
        (str(part.get("exception_message"))[:300] for part in inner if part.get("raised_exception")), None
    )


def _judged(
    entry: dict[str, Any], identity: str, outcome: dict[str, Any], ids: list[str], rows: int
) -> Check:
    result = outcome["result"]
    if _all_null(entry, result):
        if (entry.get("meta") or {}).get("may_be_null"):
            return _check(entry, identity, Verdict.PASS, n=rows, value=0, note="no values")
        return _check(entry, identity, Verdict.ERROR, n=rows, note="every value is null: nothing was checked")
    severity = entry.get("severity", "critical")
    verdict = Verdict.PASS if outcome["success"] else Verdict(VERDICT_OF[severity])
    note = "info only" if severity == "info" and not outcome["success"] else ""
    examples = [row[ids[0]] for row in result.get("partial_unexpected_index_list") or []] if ids else []
    value = result.get("unexpected_count", result.get("observed_value"))
    return _check(
        entry,
        identity,
        verdict,
        n=rows,
        value=value if isinstance(value, int | float) else None,
        note=note,
        examples=tuple(sorted({str(name) for name in examples})[:SHOWN]),
    )


def _all_null(entry: dict[str, Any], result: dict[str, Any]) -> bool:
    about_nulls = entry["type"] in {"expect_column_values_to_not_be_null", "expect_column_values_to_be_null"}
    count = result.get("element_count")
    return not about_nulls and bool(count) and result.get("missing_count") == count


def _check(entry: dict[str, Any], identity: str, verdict: Verdict, **fields: Any) -> Check:
    meta = entry.get("meta") or {}
    plain = entry.get("notes") or entry["type"]
    waivable = verdict in (Verdict.PASS, Verdict.WARN, Verdict.FAIL)
    words = (str(meta.get("sv", plain)), str(meta.get("en", plain)))
    return Check(identity, *words, verdict, limit=_limit(entry), waivable=waivable, **fields)


def _limit(entry: dict[str, Any]) -> str:
    """What the value is held against: for rows the number that break the rule, else the bounds of the number itself."""
    kwargs = entry.get("kwargs", {})
    if entry["type"].startswith(_ABOUT_ROWS):
        mostly = kwargs.get("mostly")
        return "= 0" if mostly is None else f"at least {mostly:g} of rows"
    signs = {"value": "=", "min_value": "≥", "max_value": "≤"}
    bounds = {sign: kwargs.get(key) for key, sign in signs.items()}
    # 15 digits: counts are shown whole, and shares as they were written.
    return "; ".join(
        f"{sign} {bound:.15g}" for sign, bound in bounds.items() if isinstance(bound, int | float)
    )


def _summary(suite: str, verdict: Verdict, note: str, count: int = 0, n: int = 0) -> Check:
    return Check(
        f"gx.{suite}",
        f"Förväntningar som prövades i sviten {suite}",
        f"Expectations tried in the suite {suite}",
        verdict,
        value=count,
        n=n,
        waivable=False,
        worse="lower",
        note=note,
        unit="count",
    )


def _die_with(parent: int) -> bool:
    """Ask Linux to end this process with its parent; False if that is gone already."""
    set_death_signal = 1
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)
    return os.getppid() == parent


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
