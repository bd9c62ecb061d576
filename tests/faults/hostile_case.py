"""A hostile file and the outcome that must follow."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

TEXT = "Skogen på ön växer långsamt, men den växer."


@dataclass(frozen=True)
class Case:
    """`codes`: any of these faults or notes must appear, none other. `good`: records without a fault, None: either is right."""

    name: str
    file: str
    make: Callable[[], bytes]
    codes: frozenset[str]
    good: int | None


def case(
    name: str, file: str, make: Callable[[], bytes] | bytes, codes: str = "", good: int | None = 0
) -> Case:
    maker = make if callable(make) else lambda: make
    return Case(name, file, maker, frozenset(f"read.{code}" for code in codes.split()), good)


def packed(parts: dict[str, bytes], attributes: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.external_attr, info.compress_type = attributes << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


def tarred(kind: bytes, name: str = "a.txt", link: str = "", data: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, len(data)
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
