"""What a result depends on besides data and settings: our own sources, and the versions of the libraries beneath them."""

import hashlib
import sys
import unicodedata
from collections.abc import Iterable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("pipeline", "expectations", "flows")

LIBRARIES = (
    "chardet", "fastwarc", "ftfy", "great-expectations", "jinja2", "langdetect", "lxml", "numba", "numpy",
    "orjson", "pandas", "phonenumbers", "py3langid", "pyarrow", "pypdfium2", "python-docx", "python-stdnum", "PyYAML",
    "zstandard",
)  # fmt: skip
"""Libraries whose code can change a byte of a release. Prefect and torch cannot."""

MEASURING = ("pipeline/errors", "pipeline/schema", "pipeline/stage", "pipeline/config", "pipeline/kernels", "pipeline/stages",
             "pipeline/storage/readers", "pipeline/storage/encoding", "pipeline/work")  # fmt: skip
"""Sources that can change what a shard's measures are: the stage version of its cache key."""


def code_digest(only: Iterable[str] = ()) -> str:
    """sha256 over names and bytes of our sources, or of those whose path starts with one of `only`."""
    prefixes = tuple(only)
    digest = hashlib.sha256()
    for name, path in _sources():
        if not prefixes or name.startswith(prefixes):
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def lock() -> dict[str, str]:
    """Version of each library that can change a byte of a release, and of Python's own tables of characters."""
    own = {"python": ".".join(map(str, sys.version_info[:2])), "unicode": unicodedata.unidata_version}
    return {name: version(name) for name in LIBRARIES} | own


def _sources() -> list[tuple[str, Path]]:
    found = []
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        root = Path(spec.origin).parent
        for path in root.rglob("*"):
            if path.suffix in {".py", ".json", ".toml", ".html", ".css", ".npz"} and path.is_file():
                found.append((f"{package}/{path.relative_to(root).as_posix()}", path))
    return sorted(found)
