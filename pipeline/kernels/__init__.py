"""Arithmetic only: numba and numpy over UTF-8 bytes and int64 offsets. No file, no configuration, no Arrow.

Compiled kernels are cached in a folder named by the sha256 of all kernel sources. numba's own cache looks at one file only: a
kernel that inlines another file's function would go on running the old code after an edit or an upgrade.
"""

import hashlib
import os
import sys
from pathlib import Path


def _cache_folder() -> Path:
    """Beside the sources where they are writable, else in the user's cache."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    beside = here / "__pycache__"
    writable = os.access(beside if beside.is_dir() else here, os.W_OK)
    base = beside if writable else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "kvarn"
    return base / f"numba-{digest.hexdigest()[:16]}"


def are_compiled() -> bool:
    """Whether an earlier run compiled these kernels for this machine; if not, the first use takes some fifteen seconds more."""
    return next(Path(os.environ["NUMBA_CACHE_DIR"]).glob("**/*.nbi"), None) is not None


if "NUMBA_CACHE_DIR" not in os.environ:
    os.environ["NUMBA_CACHE_DIR"] = str(_cache_folder())
    if "numba" in sys.modules:
        # numba reads the variable once, at its own import.
        sys.modules["numba"].config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]
