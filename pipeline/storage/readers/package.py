"""What docx, epub and OpenDocument share: a zip whose parts are read with limits, and XML without entities."""

import io
import posixpath
import zipfile

from pipeline.errors import Unreadable
from pipeline.storage.readers.record import ReadLimits
from pipeline.storage.readers.wrap import check_overlap


class Package:
    """A zip in memory. Raises Unreadable read.bomb, read.corrupt_archive or read.encrypted_archive."""

    def __init__(self, data: bytes, limits: ReadLimits) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError) as error:
            raise Unreadable("read.corrupt_archive", f"the file is a damaged zip: {error}") from error
        infos = self._zip.infolist()
        # zipfile inflates no more of a member than its directory announces, so these sums bound what follows.
        inflated = sum(info.file_size for info in infos)
        check_overlap(infos)
        if len(infos) > limits.members or inflated > limits.inflated_bytes:
            raise Unreadable("read.bomb", f"{len(infos)} parts of {inflated} bytes, beyond the limits")
        if inflated > 16 << 20 and inflated > limits.inflated_ratio * len(data):
            raise Unreadable("read.bomb", f"inflates {inflated // max(1, len(data))} times")
        self.names = {info.filename for info in infos}

    def read(self, name: str) -> bytes:
        try:
            return self._zip.read(name)
        except KeyError as error:
            raise Unreadable("read.corrupt_archive", f"the part {name} is missing") from error
        except RuntimeError as error:
            raise Unreadable(
                "read.encrypted_archive", f"the part {name} is encrypted; remove the password"
            ) from error
        except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
            raise Unreadable("read.corrupt_archive", f"the part {name} is damaged: {error}") from error
        except Exception as error:
            if type(error).__module__ != "zlib":
                raise
            raise Unreadable("read.corrupt_archive", f"the part {name} is damaged: {error}") from error

    def close(self) -> None:
        self._zip.close()


def beside(name: str, href: str) -> str:
    """The part that `href` in part `name` means."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), href))
