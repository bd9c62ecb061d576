"""The `kvarn` command: signatures and help only. Each command's work is imported when it runs, so that help is instant."""

import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer
from typer.main import get_command

from pipeline.errors import KvarnError

app = typer.Typer(
    name="kvarn",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Kvarn grinds raw domain text into training data that can be trusted, and trains only on what passed its gate.",
)
gate_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Verdicts, and the people behind exceptions."
)
app.add_typer(gate_app, name="gate")

Config = Annotated[
    Path | None, typer.Option("--config", help="kvarn.toml, or its folder. Default: found upwards from here.")
]
Raw = Annotated[Path | None, typer.Option("--raw", help="Folder of sources. Default: raw/ of the project.")]
Curated = Annotated[
    Path | None, typer.Option("--curated", help="Store of releases. Default: curated/ of the project.")
]
Models = Annotated[
    Path | None, typer.Option("--models", help="Folder of adapters. Default: models/ of the project.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Number = Annotated[int | None, typer.Argument(help="Release number. Default: the newest.")]
Input = Annotated[Path, typer.Argument(help="A file or folder in any supported format.")]


@app.command()
def refresh(
    config: Config = None,
    raw: Raw = None,
    curated: Curated = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Worker processes; 0: one per core.")] = 0,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what is new and what it would cost; do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The main job: raw/ to candidate, gate and release."""
    from flows.commands.refresh import run

    raise typer.Exit(run(config, raw, curated, workers, plan_only=plan, as_json=as_json))


@app.command()
def measure(
    input: Input,
    out: Annotated[Path, typer.Option("-o", "--out", help="Parquet file to write.")],
    config: Config = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Worker processes; 0: one per core.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Read, repair, measure and decide by limits: one row per record. No duplicates, no decisions."""
    from flows.commands.measure import run

    run(input, out, config, workers, as_json=as_json)


@app.command()
def dedup(
    input: Input,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Parquet file to write. With --explain it may be left out."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.3, max=1.0, help="True Jaccard from which a pair counts.")
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Show the nearest partners of this record, and what tells the texts apart."
        ),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Verified near-duplicate pairs and their clusters."""
    from flows.commands.dedup import run

    run(input, out, threshold, config, as_json=as_json, record=explain)


@app.command()
def extract(
    input: Input,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """The text of any supported file, to standard output."""
    from flows.commands.extract import run

    run(input, config, as_json=as_json)


@app.command()
def why(
    doc: Annotated[str, typer.Argument(help="doc_id, record_id or content_id (or the start of an id).")],
    config: Config = None,
    curated: Curated = None,
    as_json: AsJson = False,
) -> None:
    """The whole story of one item: measures against limits, edits, duplicates, decisions, splits over releases."""
    from flows.commands.why import run

    run(doc, config, curated, as_json=as_json)


@app.command("what-if")
def what_if(
    file: Annotated[
        Path | None, typer.Argument(help="A file of `kvarn measure`. Default: a release of the project.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SECTION.KEY=VALUE",
            help="Another limit, as noise.min_words=30; again for more. Default: what kvarn.toml says now.",
        ),
    ] = None,
    unsets: Annotated[
        list[str] | None, typer.Option("--unset", metavar="noise.KEY", help="Switch a limit off.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--release", min=1, help="Release number. Default: the newest.")
    ] = None,
    shown: Annotated[int, typer.Option("--list", min=0, help="Documents to show.")] = 10,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File for all that move: .csv or .parquet.")
    ] = None,
    config: Config = None,
    curated: Curated = None,
    as_json: AsJson = False,
) -> None:
    """What other limits would keep and drop, from stored measures: nothing is read or measured anew."""
    from flows.commands.what_if import run

    run(file, sets or [], unsets or [], number, config, curated, shown, out, as_json=as_json)


@app.command()
def calibrate(
    sample: Annotated[
        Path,
        typer.Argument(help="Documents of your domain: any input of `kvarn measure`, or a file it wrote."),
    ],
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="JSONL, CSV or TSV with record_id and label (good or bad)."),
    ] = None,
    label_field: Annotated[
        str | None,
        typer.Option("--label-field", help="Field of the records that says good or bad. Default: label."),
    ] = None,
    trusted: Annotated[bool, typer.Option("--trusted", help="Take every record as good.")] = False,
    cost: Annotated[
        float, typer.Option("--cost", help="Share of the good documents that all limits together may lose.")
    ] = 0.01,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="SECTION.KEY=VALUE", help="Start from another limit, as noise.preset=fineweb2."
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", help="Kind of text to start from, as legal; short for --set noise.profile=legal."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="TOML file to write: a [noise] section for kvarn.toml.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="List every limit, also those that do nothing here.")
    ] = False,
    config: Config = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Worker processes; 0: one per core.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Fit limits to your own domain: what each costs on documents of it, and better ones."""
    from flows.commands.calibrate import Labels, run

    given = Labels(labels, label_field, trusted)
    chosen = [f"noise.profile={profile}"] if profile else []
    run(sample, given, cost, [*chosen, *(sets or [])], out, config, workers, every=every, as_json=as_json)


@app.command()
def report(
    number: Number = None, config: Config = None, curated: Curated = None, models: Models = None,
    terms: Annotated[
        bool,
        typer.Option("--terms", help="The glossary instead: under-covered terms, and every place of a variant to avoid."),
    ] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """The quality report of a release (or of a candidate that waits), and where it lies."""
    from flows.commands.releases import show_report

    show_report(number, config, curated, models, terms=terms, as_json=as_json)


@app.command()
def diff(
    a: Annotated[int, typer.Argument(help="Older release.")],
    b: Annotated[int, typer.Argument(help="Newer release.")],
    config: Config = None,
    curated: Curated = None,
    as_json: AsJson = False,
) -> None:
    """What changed between two releases, and the cause per document: data, decision, limit or code."""
    from flows.commands.diff import run

    run(a, b, config, curated, as_json=as_json)


@app.command()
def releases(config: Config = None, curated: Curated = None, as_json: AsJson = False) -> None:
    """All releases, oldest first."""
    from flows.commands.releases import show_list

    show_list(config, curated, as_json=as_json)


@app.command()
def verify(
    number: Number = None, config: Config = None, curated: Curated = None, as_json: AsJson = False
) -> None:
    """Read every byte of one release, or of all, and compare with what was published."""
    from flows.commands.releases import verify_all

    verify_all(number, config, curated, as_json=as_json)


@app.command()
def rollback(
    number: Annotated[int, typer.Argument(help="Release to go back to.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the new commit.")],
    config: Config = None,
    curated: Curated = None,
    as_json: AsJson = False,
) -> None:
    """A new commit that names an old release."""
    from flows.commands.publish import rollback_to

    rollback_to(number, reason, config, curated, as_json=as_json)


@app.command()
def publish(
    digest: Annotated[
        str | None, typer.Argument(help="Candidate digest (or its start). Default: the newest.")
    ] = None,
    config: Config = None,
    curated: Curated = None,
    as_json: AsJson = False,
) -> None:
    """Publish an approved candidate."""
    from flows.commands.publish import publish_candidate

    publish_candidate(digest, config, curated, as_json=as_json)


@app.command()
def train(
    number: Number = None, config: Config = None, curated: Curated = None, models: Models = None,
    name: Annotated[str | None, typer.Option(help="Name of the run. Default: r<release>-<k>.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """LoRA on a release that passed its gate; the adapter is released only through the model gate."""
    from flows.commands.train import run

    raise typer.Exit(run(number, config, curated, models, name, as_json=as_json))


@gate_app.command("show")
def gate_show(
    which: Annotated[
        str | None,
        typer.Argument(help="Release number or candidate digest. Default: what waits, else newest."),
    ] = None,
    config: Config = None,
    curated: Curated = None,
    as_json: AsJson = False,
) -> None:
    """Every check with its value, limit and verdict."""
    from flows.commands.gate import show

    raise typer.Exit(show(which, config, curated, as_json=as_json))


@gate_app.command("approve")
def gate_approve(
    digest: Annotated[
        str | None, typer.Argument(help="Candidate digest (or its start). Default: the one that waits.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who approves, as claimed. Default: the user of this machine.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    config: Config = None,
    curated: Curated = None,
    as_json: AsJson = False,
) -> None:
    """Approve a candidate that waits for a person. `kvarn publish` then publishes it."""
    from flows.commands.gate import approve

    approve(digest, by, reason, config, curated, as_json=as_json)


def call() -> None:
    """Parse the arguments and run. Not `app()`: that would put typer's own excepthook in place of ours."""
    get_command(app)()


def main() -> None:
    """Run the command line. Errors are one plain message; KVARN_DEBUG=1 adds the traceback."""
    sys.excepthook = _plain_error
    try:
        call()
    except KvarnError as error:
        _debug()
        sys.stderr.write(f"kvarn: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        _debug()
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"kvarn: {where}{error.strerror or error}\n")
        sys.exit(1)


def _debug() -> None:
    if os.environ.get("KVARN_DEBUG"):
        traceback.print_exc()


def _plain_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The last resort, for bugs: what it is and how to report it, not a page of frames."""
    if os.environ.get("KVARN_DEBUG"):
        traceback.print_exception(kind, error, trace)
    sys.stderr.write(
        f"kvarn: this is a bug: {kind.__name__}: {error}\nRun again with KVARN_DEBUG=1 for the details.\n"
    )


if __name__ == "__main__":
    main()
