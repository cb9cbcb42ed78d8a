"""The bytes of a file and its lines of text: unpacked, decoded and within limits."""

import codecs
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nearedge.errors import InputError

LARGEST = 64 * 2**20
"""Bytes of a file, and of what it unpacks to, that are read at most."""
BEGINNING = 4096
"""Bytes that tell some formats apart."""
LONGEST_LINE = 2**18
"""Characters."""
MOST_LINES = 200_000

_PIECE = 2**16
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


def check_file(path: Path) -> None:
    """Refuse what is no readable regular file.

    Raises
    ------
    InputError
        If the path does not exist, or is a directory or a device.
    """
    try:
        if path.is_file():
            return
        directory = path.is_dir()
        exists = path.exists()
    except OSError as error:
        raise _unreadable(path, error) from None
    if directory:
        raise InputError(f"{path}: is a directory; give files of spectra")
    if exists:
        raise InputError(f"{path}: is no regular file; copy it to one")
    raise InputError(f"{path}: no such file; give a file of spectra")


def read_beginning(path: Path) -> bytes:
    """Read the first bytes of a file, as they are.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            return file.read(BEGINNING)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be read ({error.strerror}); check its permissions")


def read_content(path: Path) -> bytes:
    """Read a file, gzipped or not, no more of it than can be meant.

    Raises
    ------
    InputError
        If it cannot be read, is damaged, or is or unpacks to more than `LARGEST` bytes.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            content = _unpack(file, path) if packed else file.read(LARGEST + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(content) > LARGEST:
        raise InputError(
            f"{path}: holds more than {LARGEST // 2**20} MB; give the spectra without the rest"
        )
    return content


def _unpack(file: BinaryIO, path: Path) -> bytes:
    """Unpack gzip piece by piece, so that a small file cannot fill the memory."""
    pieces: list[bytes] = []
    size, rest = 0, b""

    def more() -> bytes:
        if file.tell() > LARGEST:
            raise InputError(f"{path}: is larger than {LARGEST // 2**20} MB; give fewer spectra")
        return file.read(_PIECE)

    try:
        for _ in range(_MOST_MEMBERS):
            rest = rest or more()
            if not rest.startswith(_GZIP):
                break
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                rest = rest or more()
                pieces.append(member.decompress(rest, 2**20))
                if not rest and not pieces[-1]:
                    raise InputError(f"{path}: is cut off within its gzip data; get the file again")
                size += len(pieces[-1])
                if size > LARGEST:
                    return b"".join(pieces)
                rest = member.unconsumed_tail
            rest = member.unused_data
        else:
            raise InputError(f"{path}: holds more than {_MOST_MEMBERS} gzip members; pack it anew")
    except zlib.error as error:
        raise InputError(f"{path}: has damaged gzip data ({error}); get the file again") from None
    return b"".join(pieces)


def text_encoding(content: bytes, path: Path) -> str:
    """Tell how the text of a file is encoded.

    Raises
    ------
    InputError
        If it is no text.
    """
    for start, what, remedy in _OTHERS:
        if content.startswith(start):
            raise InputError(f"{path}: is {what}; {remedy}")
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return encoding
    start = content[:4096]
    # Latin letters in UTF-16 are every second byte zero.
    for encoding, letters, zeros in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        if len(start) > 3 and not any(start[zeros::2]) and all(start[letters : len(start) - 1 : 2]):
            return encoding
    if _BINARY.search(content):
        raise InputError(f"{path}: is neither text nor HDF5; give a file of spectra")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for begin in range(0, len(content), _PIECE):
            decoder.decode(content[begin : begin + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def lines(content: bytes, path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line, whatever ends it.

    Raises
    ------
    InputError
        If the file is no text, a line is too long, or there are too many.
    """
    encoding = text_encoding(content, path)
    stream = io.TextIOWrapper(io.BytesIO(content), encoding, errors="replace", newline=None)
    for number in range(1, MOST_LINES + 1):
        line = stream.readline(LONGEST_LINE)
        if not line:
            return
        if len(line) >= LONGEST_LINE:
            raise InputError(f"{path}: line {number} is too long for a table; give a text file")
        yield number, line
    raise InputError(
        f"{path}: has more than {MOST_LINES} lines; no spectrum needs them, bin its points"
    )
