"""Zip archives, and documents that are such: read in memory, within bounds, never unpacked."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from convrag.errors import DocumentError
from convrag.text.formats import Part
from convrag.text.formats.encoding import decode

MAX_MEMBERS = 10_000
MAX_INFLATED = 512 * 1024 * 1024
"""Bytes that the members of a file, and of the archives in it, may have in all."""
MAX_MEMBER = 64 * 1024 * 1024
MAX_RATIO = 200
"""How many times larger than its packed bytes a large member may be."""
_LARGE = 4 * 1024 * 1024
_STEP = 1 << 20
_BROKEN = (
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    UnicodeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_BOMB = "unpack it and give the files themselves"


class Budget:
    """How much may still be unpacked on behalf of one file."""

    def __init__(self, left: int = MAX_INFLATED) -> None:
        self._left = left

    def spend(self, size: int) -> None:
        """Take ``size`` bytes.

        Raises:
            DocumentError: So many are not left.
        """
        self._left -= size
        if self._left < 0:
            raise DocumentError("the archive unpacks to more than is read", hint=_BOMB)


class Archive:
    """The members of a zip file by name; bytes are counted as they are unpacked."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        """Open the archive.

        Args:
            data: The zip file.
            budget: What its members are taken from.

        Raises:
            DocumentError: It is damaged or has too many members.
        """
        # Counted before the list is made: a listing of millions takes long.
        if data.count(b"PK\x01\x02") > MAX_MEMBERS:
            raise DocumentError(f"it holds more than {MAX_MEMBERS} files", hint=_BOMB)
        self._budget = budget
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise DocumentError("the file is damaged", hint="make or save it again") from error
        self.members = tuple(info for info in self._zip.infolist() if not info.is_dir())
        self._by_name = {info.filename: info for info in self.members}

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def read(self, name: str | zipfile.ZipInfo) -> bytes:
        """Return the bytes of a member.

        Raises:
            DocumentError: There is none, or it is damaged, encrypted, or too large.
        """
        info = self._by_name.get(name) if isinstance(name, str) else name
        if info is None:
            raise DocumentError(f"the file is damaged: {name} is missing", hint="make it again")
        if info.flag_bits & 1:
            raise DocumentError("it needs a password", hint="save a copy without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # Other methods unpack a step at a time without a bound on the step.
            raise DocumentError("it is packed in a way that is not read", hint=_BOMB)
        parts: list[bytes] = []
        size = 0
        try:
            with self._zip.open(info) as file:
                while part := file.read(_STEP):
                    size += len(part)
                    self._budget.spend(len(part))
                    _check_size(size, info.compress_size)
                    parts.append(part)
        except _BROKEN as error:
            raise DocumentError("the file is damaged", hint="make or save it again") from error
        return b"".join(parts)


def _check_size(size: int, packed: int) -> None:
    if size > MAX_MEMBER:
        raise DocumentError(f"it unpacks to more than {MAX_MEMBER >> 20} MiB", hint=_BOMB)
    if size > _LARGE and size > packed * MAX_RATIO:
        raise DocumentError(f"it is packed more than {MAX_RATIO} times smaller", hint=_BOMB)


def parts(data: bytes, budget: Budget) -> Iterator[Part]:
    """Yield the files in the archive, in order of name, without hidden ones.

    Names are only names, whatever they say: nothing is written anywhere.

    Raises:
        DocumentError: The archive is damaged or has too many members.
    """
    archive = Archive(data, budget)
    seen: set[str] = set()
    for name, info in sorted(((_name(info), info) for info in archive.members), key=lambda x: x[0]):
        path = PurePosixPath(name)
        if path.name.startswith(".") or "__MACOSX" in path.parts or not path.name:
            continue
        suffix = f"!/{name}"
        if name in seen:
            yield Part(
                b"",
                suffix,
                reason="another file in the archive has the same name",
                hint="give each file a name of its own",
            )
            continue
        seen.add(name)
        try:
            content = archive.read(info)
        except DocumentError as error:
            yield Part(b"", suffix, reason=error.message, hint=error.hint)
        else:
            yield Part(content, suffix, name=path.name)


def _name(info: zipfile.ZipInfo) -> str:
    """Return the member's name; the names of old archives are in the maker's own encoding."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        return decode(info.filename.encode("cp437"))
    except (DocumentError, UnicodeEncodeError):
        return info.filename
