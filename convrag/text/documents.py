"""Files and folders as documents; what cannot be read is named with its reason, never a crash."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from convrag.errors import DocumentError, UsageError
from convrag.text.formats import (
    Extracted,
    Part,
    archive,
    docx,
    epub,
    feed,
    html,
    mail,
    markdown,
    markup,
    odt,
    pdf,
    pptx,
    records,
    subtitles,
    table,
    text,
    xlsx,
)
from convrag.text.formats.archive import Budget
from convrag.text.formats.encoding import decode
from convrag.text.graph_files import GRAPH_ENDINGS, is_graph, is_mapping
from convrag.text.language import KNOWN_LANGUAGES, LanguageIdentifier
from convrag.types import Document

_Reader = Callable[[bytes, Budget], Iterable[Part]]
"""Returns what is in a file; archives take from the budget what they unpack."""


def _whole(extract: Callable[[bytes], Extracted]) -> _Reader:
    return lambda data, _: (Part(data, content=extract(data)),)


def _written(extract: Callable[[str], Extracted]) -> _Reader:
    return lambda data, _: (Part(data, content=extract(decode(data))),)


def _zipped(extract: Callable[[bytes, Budget], Extracted]) -> _Reader:
    return lambda data, budget: (Part(data, content=extract(data, budget)),)


def _several(parts: Callable[[bytes], Iterable[Part]]) -> _Reader:
    return lambda data, _: parts(data)


_FORMATS: tuple[tuple[str, str, _Reader], ...] = (
    ("text", ".txt .text .log", _whole(text.extract)),
    ("Markdown", ".md .markdown", _written(markdown.extract)),
    ("text", ".rst", _written(markup.restructured)),
    ("text", ".org", _written(markup.org)),
    ("text", ".adoc .asciidoc", _written(markup.asciidoc)),
    ("HTML", ".html .htm .xhtml", _whole(html.extract)),
    ("PDF", ".pdf", _whole(pdf.extract)),
    ("Word", ".docx", _zipped(docx.extract)),
    ("OpenDocument", ".odt", _zipped(odt.extract)),
    ("PowerPoint", ".pptx", _zipped(pptx.extract)),
    ("Excel", ".xlsx", _zipped(xlsx.extract)),
    ("EPUB", ".epub", _zipped(epub.extract)),
    ("CSV", ".csv", _whole(table.extract)),
    ("CSV", ".tsv .tab", _whole(lambda data: table.extract(data, delimiter="\t"))),
    ("JSON", ".json", _several(records.from_document)),
    ("JSON", ".jsonl .ndjson", _several(records.from_lines)),
    ("XML", ".xml .rss .atom", _several(feed.parts)),
    ("e-mail", ".eml", _several(mail.parts)),
    ("e-mail", ".mbox", _several(mail.messages)),
    ("subtitles", ".vtt .srt", _written(subtitles.extract)),
    ("zip", ".zip", archive.parts),
)
_READERS = {ending: reader for _, endings, reader in _FORMATS for ending in endings.split()}
ENDINGS = tuple(sorted(_READERS))
"""Endings of the files that :func:`read` reads."""
FORMATS = ", ".join(dict.fromkeys(name for name, _, _ in _FORMATS))
"""The kinds of files that :func:`read` reads, for people."""
_SUCCESSORS = {
    ".doc": ".docx",
    ".rtf": ".docx",
    ".xls": ".xlsx",
    ".ods": ".xlsx",
    ".ppt": ".pptx",
    ".odp": ".pptx",
    ".msg": ".eml",
}
"""Formats that are not read: what their programs also save as."""

MAX_BYTES = 64 * 1024 * 1024
"""Larger files are refused: they are dumps to be split, not documents."""

_DEFAULT_CODES = "en zh es fr de ar hi ru ja pt it nl pl tr vi uk ko th he el fa"
DEFAULT_LANGUAGES = tuple(_DEFAULT_CODES.split())
"""What a document may be written in when nobody says."""
_MAX_DEPTH = 64
_MAX_NESTING = 3
"""Files in files in files: a mailbox, its message, an archive attached to it."""

Progress = Callable[[int, int, str], None]
"""Called after each file with (files done, files in all, source)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file, or a line of one, that was not read: why, and what its owner can do."""

    source: str
    reason: str
    hint: str = ""


def read(
    paths: Sequence[Path], *, languages: Sequence[str] = (), progress: Progress | None = None
) -> Iterator[Document | Refusal]:
    """Return an iterator over the documents of files and folders, in sorted order.

    Folders are walked to the bottom without hidden files; graph files and their mappings are
    passed over. A document's language is that of its name (``guide.de.md``), else the one it
    declares, else what its text looks like among ``languages``.

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
            hint=f"these are read: {FORMATS}; and RDF ({', '.join(GRAPH_ENDINGS)})",
        )
    identifier = LanguageIdentifier(tuple(languages) or DEFAULT_LANGUAGES)
    return _read_all(found, identifier, progress)


def _read_all(
    found: Sequence[Path | Refusal], identifier: LanguageIdentifier, progress: Progress | None
) -> Iterator[Document | Refusal]:
    for done, item in enumerate(found, start=1):
        if isinstance(item, Refusal):
            yield item
        elif not is_graph(item) and not is_mapping(item):
            yield from _read_file(item, identifier)
        if progress is not None:
            progress(
                done, len(found), item.source if isinstance(item, Refusal) else source_name(item)
            )


def _readable(path: PurePath) -> bool:
    return path.suffix.lower() in _READERS


def source_name(path: Path) -> str:
    """Return the path as text that any file can hold; other paths have other names."""
    return _source(path.as_posix())


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
    except DocumentError as error:
        yield Refusal(source, error.message, error.hint)
    else:
        yield from _read_bytes(data, path, source, identifier, Budget(), 0)


def _read_bytes(
    data: bytes,
    name: PurePath,
    source: str,
    identifier: LanguageIdentifier,
    budget: Budget,
    depth: int,
) -> Iterator[Document | Refusal]:
    """Yield the documents in the file ``name`` that holds ``data``, and in the files in it."""
    try:
        _check(data, name, depth)
        for part in _READERS[name.suffix.lower()](data, budget):
            inner = _source(source + part.suffix)
            if part.reason:
                yield Refusal(inner, part.reason, part.hint)
            elif part.content is not None:
                yield _document(part.data, part.content, name, inner, identifier)
            else:
                yield from _read_bytes(
                    part.data, PurePath(part.name), inner, identifier, budget, depth + 1
                )
    except DocumentError as error:
        yield Refusal(source, error.message, error.hint)


def _check(data: bytes, name: PurePath, depth: int) -> None:
    """Raise the reason why a file is not read, where its name and bytes alone tell.

    Raises:
        DocumentError: It is of another kind, too large or empty, or lies too deep in others.
    """
    if not _readable(name):
        ending = f"files that end in {name.suffix}" if name.suffix else "files without an ending"
        other = _SUCCESSORS.get(name.suffix.lower())
        hint = f"save it as {other}" if other else f"convert it; these are read: {FORMATS}"
        raise DocumentError(f"{ending} are not read", hint=hint)
    if len(data) > MAX_BYTES:
        raise DocumentError(
            f"the file is larger than {MAX_BYTES >> 20} MiB", hint="split it into smaller files"
        )
    if depth > _MAX_NESTING:
        raise DocumentError("it lies too deep in other files", hint="give the file itself")
    if not data.strip():
        raise DocumentError("the file is empty", hint="remove it, or give it text")


def _bytes(path: Path) -> bytes:
    """Return the whole file, up to a byte more than is read.

    Raises:
        DocumentError: It is special, not read at all, or cannot be opened.
    """
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise DocumentError("not a regular file", hint="give a file or a folder of files")
        if not _readable(path):
            return b""
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DocumentError(
            _os_reason(error), hint="check that it exists and may be read"
        ) from error


def _os_reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _document(
    data: bytes, found: Extracted, path: PurePath, source: str, identifier: LanguageIdentifier
) -> Document | Refusal:
    text = _valid(found.text)
    if not text.strip():
        return Refusal(source, "there is no text in it", "remove it, or give it text")
    stem, named = _name(path)
    return Document(
        id=document_id(source),
        text=text,
        title=_valid(found.title).strip() or stem,
        language=named or _code(found.language) or identifier.identify(text),
        source=source,
        content_hash=hashlib.sha256(data).hexdigest(),
        pages=found.pages,
        date=found.date,
        tags=tuple(_valid(tag) for tag in found.tags),
    )


def _valid(text: str) -> str:
    """Return ``text`` with lone surrogates, which no file can hold, replaced one for one."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


def _source(name: str) -> str:
    return name.encode("utf-8", errors="backslashreplace").decode("utf-8")


def document_id(source: str) -> str:
    """Return the id of the document that comes from ``source``, the same every time."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _name(path: PurePath) -> tuple[str, str]:
    """Return the file's name without endings and the language it carries (``guide.de.md``)."""
    stem = path.stem.encode("utf-8", errors="replace").decode("utf-8")
    head, _, tail = stem.rpartition(".")
    language = _code(tail) if head and len(tail) <= 7 else ""
    return (head, language) if language else (stem, "")


def _code(tag: str) -> str:
    """Return the ISO 639-1 code of a language tag like ``pt-BR``; "" when it has none."""
    code = tag.replace("_", "-").partition("-")[0].strip().lower()
    return code if code in KNOWN_LANGUAGES else ""
