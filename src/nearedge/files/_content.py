"""The bytes of a file and its text: unpacked, decoded and within limits."""

import codecs
import gzip
import io
import re
import zlib
from pathlib import Path

from nearedge.errors import InputError

LARGEST = 64 * 2**20
"""Bytes of a file, and of what it unpacks to, that are read at most."""
LARGEST_PACKED = 16 * 2**20
"""Bytes of a gzipped file."""
BEGINNING = 4096
"""Bytes that tell some formats apart."""

_GZIP = b"\x1f\x8b"
_MOST_MEMBERS = 1000
# What people hand over by mistake: first bytes, what they are, what to do.
_OTHERS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "unpack it or export the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel or Word document", "export the table as CSV"),
    (b"BZh", "packed with bzip2", "unpack it"),
    (b"\xfd7zXZ", "packed with xz", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it"),
    (b"%PDF", "a PDF document", "give the numbers behind it"),
    (b"\x89PNG", "a picture", "give the numbers behind it"),
    (b"\xff\xd8\xff", "a picture", "give the numbers behind it"),
    (b"GIF8", "a picture", "give the numbers behind it"),
    (b"II*\x00", "a picture", "give the numbers behind it"),
    (b"MM\x00*", "a picture", "give the numbers behind it"),
)
# Control characters that no text has: all but tab, line and form feed, return, Ctrl-Z and escape.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")


class NoTableError(InputError):
    """A file is no text, or its text holds no table: it may be of another format."""


def check_file(path: Path) -> None:
    """Refuse what is no readable regular file."""
    try:
        if path.is_file():
            return
        directory, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise _unreadable(path, error) from None
    if directory:
        raise InputError(f"{path}: is a directory; give files of spectra")
    if exists:
        raise InputError(f"{path}: is no regular file; copy it to one")
    raise InputError(f"{path}: no such file; give a file of spectra")


def read_beginning(path: Path) -> bytes:
    """Read the first bytes of a file, as they are."""
    check_file(path)
    try:
        with path.open("rb") as file:
            return file.read(BEGINNING)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be read ({error.strerror}); check its permissions")


def read_content(path: Path) -> bytes:
    """Read a file, gzipped or not, no more of it than a file of spectra has."""
    packed = read_beginning(path).startswith(_GZIP)
    limit = LARGEST_PACKED if packed else LARGEST
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
        large = len(content) > limit or (packed and content.count(_GZIP) > _MOST_MEMBERS)
        if packed and not large:
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(LARGEST + 1)
            large = len(content) > LARGEST
    except EOFError:
        raise InputError(f"{path}: is cut off within its gzip data; get the file again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: has damaged gzip data ({error}); get the file again") from None
    except OSError as error:
        raise _unreadable(path, error) from None
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
