"""Files and folders as documents; what cannot be read is named with its reason, never a crash."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from convrag.errors import DocumentError, UsageError
from convrag.text.formats import Extracted, html, jsonl, markdown, pdf
from convrag.text.formats.encoding import decode
from convrag.text.language import KNOWN_LANGUAGES, LanguageIdentifier
from convrag.types import Document

GRAPH_ENDINGS = frozenset({".ttl", ".nt", ".rdf", ".owl"})
"""Endings of RDF files, which the graph layer reads."""

_KINDS = {
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
ENDINGS = tuple(sorted(_KINDS))
"""Endings of the files that :func:`read` reads."""

MAX_BYTES = 64 * 1024 * 1024
"""Larger files are refused: they are dumps to be split, not documents."""

_DEFAULT_CODES = "en zh es fr de ar hi ru ja pt it nl pl tr vi uk ko th he el fa"
DEFAULT_LANGUAGES = tuple(_DEFAULT_CODES.split())
"""What a document may be written in when nobody says."""
_MAX_DEPTH = 64

Progress = Callable[[int, int, str], None]
"""Called after each file with (files done, files in all, source)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file, or a line of one, that was not read: why, and what its owner can do."""

    source: str
    reason: str
    hint: str = ""


def is_graph(path: Path) -> bool:
    """Return whether ``path`` ends like an RDF file."""
    return path.suffix.lower() in GRAPH_ENDINGS


def read(
    paths: Sequence[Path], *, languages: Sequence[str] = (), progress: Progress | None = None
) -> Iterator[Document | Refusal]:
    """Return an iterator over the documents of files and folders, in sorted order.

    Folders are walked to the bottom without hidden files; RDF files are passed over. A document's
    language is that of its name (``guide.de.md``), else the one it declares, else what its text
    looks like among ``languages``.

    Args:
        paths: Files and folders.
        languages: ISO 639-1 codes in play; :data:`DEFAULT_LANGUAGES` when empty.
        progress: Called after each file.

    Raises:
        UsageError: A path does not exist, or there is nothing in ``paths`` that could be read.
    """
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise UsageError(f"no such file or folder: {path}", hint="check the spelling")
    found = list(dict.fromkeys(_files(paths)))
    if not any(isinstance(item, Path) and (_readable(item) or is_graph(item)) for item in found):
        places = ", ".join(str(path) for path in paths) or "no path was given"
        raise UsageError(
            f"nothing to read: {places}",
            hint=f"give files that end in {', '.join((*ENDINGS, *sorted(GRAPH_ENDINGS)))}",
        )
    identifier = LanguageIdentifier(tuple(languages) or DEFAULT_LANGUAGES)
    return _read_all(found, identifier, progress)


def _read_all(
    found: Sequence[Path | Refusal], identifier: LanguageIdentifier, progress: Progress | None
) -> Iterator[Document | Refusal]:
    for done, item in enumerate(found, start=1):
        if isinstance(item, Refusal):
            yield item
        elif not is_graph(item):
            yield from _read_file(item, identifier)
        if progress is not None:
            progress(
                done, len(found), item.source if isinstance(item, Refusal) else source_name(item)
            )


def _readable(path: Path) -> bool:
    return path.suffix.lower() in _KINDS


def source_name(path: Path) -> str:
    """Return the path as text that any file can hold; other paths have other names."""
    return path.as_posix().encode("utf-8", errors="backslashreplace").decode("utf-8")


def _files(paths: Sequence[Path]) -> Iterator[Path | Refusal]:
    for path in paths:
        if path.is_dir():
            yield from _walk(path, ())
        else:
            yield path


def _walk(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[Path | Refusal]:
    """Yield the files below ``folder``; ``above`` are the folders that lead to it."""
    try:
        info = folder.stat()
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names alone sort by code point
    except OSError as error:
        yield Refusal(source_name(folder), _os_reason(error), "check its permissions")
        return
    here = (info.st_dev, info.st_ino)
    if here in above or len(above) >= _MAX_DEPTH:
        yield Refusal(
            source_name(folder), "the link leads back to a folder it lies in", "remove the link"
        )
        return
    for name in names:
        if name.startswith("."):
            continue
        path = folder / name
        if path.is_dir():
            yield from _walk(path, (*above, here))
        else:
            yield path


def _read_file(path: Path, identifier: LanguageIdentifier) -> Iterator[Document | Refusal]:
    source = source_name(path)
    try:
        data = _bytes(path)
        if _KINDS[path.suffix.lower()] == "jsonl":
            yield from _from_records(path, decode(data), identifier)
        else:
            yield _document(path, source, data, identifier)
    except DocumentError as error:
        yield Refusal(source, error.message, error.hint)


def _bytes(path: Path) -> bytes:
    """Return the whole file.

    Raises:
        DocumentError: It is of another kind, special, too large, empty or cannot be opened.
    """
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise DocumentError("not a regular file", hint="give a file or a folder of files")
        if not _readable(path):
            ending = (
                f"files that end in {path.suffix}" if path.suffix else "files without an ending"
            )
            raise DocumentError(
                f"{ending} are not read", hint=f"convert it to one of {', '.join(ENDINGS)}"
            )
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DocumentError(
            _os_reason(error), hint="check that it exists and may be read"
        ) from error
    if len(data) > MAX_BYTES:
        raise DocumentError(
            f"the file is larger than {MAX_BYTES >> 20} MiB", hint="split it into smaller files"
        )
    if not data.strip():
        raise DocumentError("the file is empty", hint="remove it, or give it text")
    return data


def _os_reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _document(path: Path, source: str, data: bytes, identifier: LanguageIdentifier) -> Document:
    found = _extracted(path, data)
    if not found.text.strip():
        raise DocumentError("there is no text in it", hint="remove it, or give it text")
    stem, named = _name(path)
    return Document(
        id=document_id(source),
        text=found.text,
        title=found.title or stem,
        language=named or _code(found.language) or identifier.identify(found.text),
        source=source,
        content_hash=hashlib.sha256(data).hexdigest(),
        pages=found.pages,
    )


def _extracted(path: Path, data: bytes) -> Extracted:
    kind = _KINDS[path.suffix.lower()]
    if kind == "pdf":
        return pdf.extract(data)
    if kind == "html":
        return html.extract(data)
    text = decode(data)
    return markdown.extract(text) if kind == "markdown" else Extracted(text)


def _from_records(
    path: Path, text: str, identifier: LanguageIdentifier
) -> Iterator[Document | Refusal]:
    base = source_name(path)
    stem, named = _name(path)
    for record in jsonl.records(text):
        if record.reason:
            yield Refusal(f"{base}:{record.line}", record.reason, "correct or remove the line")
            continue
        source = f"{base}#{record.id}" if record.id else f"{base}:{record.line}"
        yield Document(
            id=document_id(source),
            text=record.text,
            title=record.title or stem,
            language=_code(record.language) or named or identifier.identify(record.text),
            source=source,
            content_hash=hashlib.sha256(record.raw.encode("utf-8")).hexdigest(),
        )


def document_id(source: str) -> str:
    """Return the id of the document that comes from ``source``, the same every time."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _name(path: Path) -> tuple[str, str]:
    """Return the file's name without endings and the language it carries (``guide.de.md``)."""
    stem = path.stem.encode("utf-8", errors="replace").decode("utf-8")
    head, _, tail = stem.rpartition(".")
    language = _code(tail) if head and len(tail) <= 7 else ""
    return (head, language) if language else (stem, "")


def _code(tag: str) -> str:
    """Return the ISO 639-1 code of a language tag like ``pt-BR``; "" when it has none."""
    code = tag.replace("_", "-").partition("-")[0].strip().lower()
    return code if code in KNOWN_LANGUAGES else ""
