"""The main text of HTML pages: Kvarn and its peers side by side, quality and speed, on the labelled pages.

    python -m benchmarks.read.html      # the peers' environment is made on the first run; writes docs/bench-read-html.md

Two sets: the pages as they are, and *masked*: landmarks renamed to `div`, and classes, ids and roles dropped, as on a page that marks
up nothing. Every tool runs in a process of its own that holds the pages in memory; CPU seconds of the fastest of some rounds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "bench-read-html.md"
SHARED = ROOT.parent / "shared"
MASKED_TAGS = frozenset(("main", "article", "nav", "header", "footer", "aside", "section", "menu", "hgroup"))
KEPT_ATTRIBUTES = frozenset(
    ("href", "src", "alt", "lang", "charset", "http-equiv", "content", "colspan", "rowspan", "type")
)
FIGURES = (
    "char_f1",
    "token_f1",
    "boilerplate_leak",
    "segments_balanced",
    "must_contain",
    "must_not_contain_absent",
)

HEAD = """# Main text of HTML pages

`make bench-read` writes this page: every tool on the same labelled pages in one run, scored by the same scorer. Each tool in a process
of its own that holds the pages in memory; CPU seconds of the fastest of three rounds, one core. *Masked*: the same pages with landmarks
renamed to `div`, and classes, ids and roles dropped."""

Extract = Callable[[bytes], str]


def kvarn() -> Extract:
    from pipeline.storage.readers.html import found_page

    return lambda page: found_page(page).text


def trafilatura() -> Extract:
    from trafilatura import extract

    return lambda page: extract(page) or ""


def trafilatura_fast() -> Extract:
    from trafilatura import extract

    return lambda page: extract(page, fast=True) or ""


def resiliparse() -> Extract:
    from resiliparse.extract.html2text import extract_plain_text  # type: ignore[import-not-found]
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding  # type: ignore[import-not-found]

    return lambda page: str(
        extract_plain_text(bytes_to_str(page, detect_encoding(page)), main_content=True, alt_texts=False)
    )


def justext() -> Extract:
    import justext as tool  # type: ignore[import-untyped]

    stops = frozenset().union(
        *map(tool.get_stoplist, ("Swedish", "Danish", "Norwegian_Bokmal", "English", "German"))
    )

    def extract(page: bytes) -> str:
        return "\n".join(p.text for p in tool.justext(page, stops) if not p.is_boilerplate)

    return extract


def readability() -> Extract:
    from lxml import html
    from readability import Document  # type: ignore[import-not-found]

    def extract(page: bytes) -> str:
        summary = Document(page.decode("utf-8", "replace")).summary()
        return "\n".join(map(str, html.fromstring(summary).itertext()))

    return extract


TOOLS = {
    tool.__name__: tool for tool in (kvarn, trafilatura, trafilatura_fast, resiliparse, justext, readability)
}


def masked(page: bytes) -> bytes:
    """The page without a word of what its parts are."""
    from lxml import etree, html

    from pipeline.storage.encoding import decode
    from pipeline.storage.readers.html import declared_charset

    text = decode(page, declared_charset(page)).text
    tree: Any = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
    for node in tree.iter(etree.Element):
        node.tag = "div" if node.tag in MASKED_TAGS else node.tag
        for name in set(node.attrib) - KEPT_ATTRIBUTES:
            del node.attrib[name]
    return bytes(html.tostring(tree, encoding="utf-8"))


def work(tool: str, folder: Path, rounds: int) -> dict[str, Any]:
    """The texts of all pages of a folder, and the CPU seconds of the fastest round."""
    pages = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    extract = TOOLS[tool]()
    texts, best = {}, float("inf")
    for _ in range(rounds + 1):  # The first warms up.
        start = time.process_time()
        texts = {name: _guarded(extract, page) for name, page in pages.items()}
        best = min(best, time.process_time() - start)
    return {"texts": texts, "seconds": best, "bytes": sum(map(len, pages.values())), "pages": len(pages)}


def _guarded(extract: Extract, page: bytes) -> str:
    try:
        return extract(page)
    except Exception as error:  # noqa: BLE001 - a peer may raise anything; a page it cannot read is a page without text
        sys.stderr.write(f"{error!r}\n")
        return ""


def labelled(data: Path) -> dict[str, bytes]:
    names: set[str] = set()
    for gold in ("html_main", "web_segments"):
        lines = (data / "quality" / f"{gold}.jsonl").read_text(encoding="utf-8").splitlines()
        names |= {json.loads(line)["html_path"] for line in lines if line}
    return {name: (data / name).read_bytes() for name in sorted(names)}


def measured(tool: str, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    python = sys.executable if tool == "kvarn" else arguments.peers_python
    command = [python, "-m", "benchmarks.read.html", "--tool", tool, "--pages", str(folder)]
    done = subprocess.run(
        [*command, "--rounds", str(arguments.rounds)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def compare(arguments: argparse.Namespace) -> list[str]:
    """The two tables, line by line, printed as they come."""
    sys.path.insert(0, str(arguments.shared / "scorers"))
    import score_html  # type: ignore[import-not-found]

    pages = labelled(arguments.shared / "data")
    sets = {"as they are": pages, "masked": {name: masked(page) for name, page in pages.items()}}
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    for title, chosen in sets.items():
        say(
            f"\n## {title}\n\n| tool | {' | '.join(FIGURES)} | pages/s | MB/s |\n| --- |{' ---: |' * (len(FIGURES) + 2)}"
        )
        with tempfile.TemporaryDirectory() as folder:
            for name, page in chosen.items():
                Path(folder, name.replace("/", "__")).write_bytes(page)
            for tool in arguments.tools:
                result = measured(tool, Path(folder), arguments)
                rows = [
                    {"id": name.replace("__", "/"), "text": text} for name, text in result["texts"].items()
                ]
                score = score_html.score(str(arguments.shared / "data"), rows)
                speed = result["pages"] / result["seconds"], result["bytes"] / result["seconds"] / 1e6
                figures = " | ".join(f"{score[name]:.4f}" for name in FIGURES)
                say(f"| {tool} | {figures} | {speed[0]:.0f} | {speed[1]:.1f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers-python", help="interpreter that has the peers")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with data/ and scorers/")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tool", choices=TOOLS, help=argparse.SUPPRESS)
    parser.add_argument("--pages", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.tool:
        json.dump(work(arguments.tool, arguments.pages, arguments.rounds), sys.stdout)
        return
    from benchmarks.dedup.tools import environment

    arguments.peers_python = arguments.peers_python or environment(
        "read", Path(__file__).with_name("requirements.txt")
    )
    tables = compare(arguments)
    if arguments.tools == list(TOOLS):
        PAGE.write_text("\n".join([HEAD, *tables]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
