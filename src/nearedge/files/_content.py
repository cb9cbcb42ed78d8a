"""The bytes of a file and its text: unpacked, decoded and within limits."""

import codecs
import gzip
import io
import re
import zlib
from pathlib import Path

from nearedge.errors import InputError

LARGEST = 64 * 2**20  # bytes of a file, and of what it unpacks to
LARGEST_PACKED = 16 * 2**20
BEGINNING = 4096  # bytes that tell some formats apart
_GZIP = b"\x1f\x8b"
_MOST_MEMBERS = 1000
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
# What people hand over by mistake: first bytes, what they are, what to do.
_OTHERS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "unpack it or export the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel or Word document", "export the table as CSV"),
    (b"BZh", "packed with bzip2", "unpack it"),
    (b"\xfd7zXZ", "packed with xz", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it"),
    (b"%PDF", "a PDF document", "give the numbers behind it"),
    (_PICTURES, "a picture", "give the numbers behind it"),
)
# Control characters that no text has: all but tab, line and form feed, return, Ctrl-Z and escape.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")


class NoTableError(InputError):
    """A file is no text, or its text holds no table: it may be of another format."""


def read_bytes(path: Path, most: int = BEGINNING, wanted: str = "files of spectra") -> bytes:
    """Read the first bytes of a regular file, as they are."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(most)
        if path.exists() and not path.is_dir():
            raise InputError(f"{path}: is not a regular file; copy it to one")
        fault = "is a directory" if path.is_dir() else "no such file"
    except OSError as error:
        fault = f"{path}: cannot be read ({error.strerror}); check its permissions"
        raise InputError(fault) from None
    raise InputError(f"{path}: {fault}; give {wanted}")


def read_content(path: Path) -> bytes:
    """Read a file, gzipped or not, no more of it than a file of spectra has."""
    content = read_bytes(path, LARGEST + 1)
    packed = content.startswith(_GZIP)
    limit = LARGEST_PACKED if packed else LARGEST
    large = len(content) > limit or (packed and content.count(_GZIP) > _MOST_MEMBERS)
    if packed and not large:
        try:
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(LARGEST + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            cut = isinstance(error, EOFError)
            fault = "is cut off within its gzip data" if cut else f"has damaged gzip data ({error})"
            raise InputError(f"{path}: {fault}; get the file again") from None
        large = len(content) > LARGEST
    if large:
        raise InputError(
            f"{path}: holds more than {limit // 2**20} MB; give the spectra without the rest"
        )
    return content


def decode(content: bytes, path: Path) -> str:
    """Read the bytes of a file as text: UTF-8, UTF-16, or else of Windows' Latin letters."""
    for start, what, remedy in _OTHERS:
        if content.startswith(start):
            raise InputError(f"{path}: is {what}; {remedy}")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    start = content[:BEGINNING]
    # Latin letters in UTF-16 are every second byte zero.
    for encoding, letters, zeros in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        if len(start) > 3 and not any(start[zeros::2]) and all(start[letters : len(start) - 1 : 2]):
            return content.decode(encoding, errors="replace")
    if _BINARY.search(content):
        raise NoTableError(f"{path}: is neither text nor HDF5; give a file of spectra")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
