"""The term index: which passages hold a term, on disk, for BM25; derived from the records.

Two text fields hold the analysed terms of a passage: its words, and pieces of its words. One more
document, the marker, says which state of the records the index covers; it is replaced in the commit
that changes the passages, so the two never disagree. Nothing else is stored: what is damaged,
missing or of another analysis is built again from the records.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tantivy

from convrag.errors import IndexStoreError
from convrag.retrieval import term_fields, term_files, term_hits
from convrag.retrieval.bitmap import Bitmap
from convrag.retrieval.term_fields import TermRecord, analysis_id

__all__ = ["TermIndex", "TermRecord", "TermState", "analysis_id"]

_HINT = "build it again with: convrag index repair"
_HEAP = 64_000_000
"""Bytes of new postings held before they go to a file; less makes more and smaller files."""
_ATTEMPTS = 5
"""Times to open an index that another process may be changing."""


@dataclass(frozen=True, slots=True)
class TermState:
    """Which state of the records a term index covers."""

    uid: str
    """Of the index the records belong to."""
    generation: int
    last: int
    """The highest passage number taken in."""
    analyzer: str
    """The :func:`analysis_id` its terms were made with."""


@dataclass(frozen=True, slots=True)
class _View:
    """One committed state, open for searching."""

    index: tantivy.Index
    searcher: tantivy.Searcher
    state: TermState


class TermIndex:
    """An open term index. Threads may share it, and other processes may read while one writes."""

    def __init__(self, folder: Path | None, *, writable: bool) -> None:
        """Take the folder as it is; use :meth:`open` or :meth:`in_memory`."""
        self._folder = folder
        self._writable = writable
        self._lock = threading.RLock()
        self._sound = term_files.SoundFiles()
        self._links: TemporaryDirectory[str] | None = None
        self._writer: tantivy.IndexWriter | None = None
        self._view: _View | None = None

    @classmethod
    def open(cls, folder: Path, *, writable: bool) -> TermIndex:
        """Return the term index in ``folder``; what is missing or damaged has no :attr:`state`.

        The search library locks a file beside those it reads. Where that is not allowed, it is
        given links to the files in a temporary folder.

        Raises:
            IndexStoreError: The folder cannot be made.
        """
        if writable:
            with _translated(folder):
                folder.mkdir(parents=True, exist_ok=True)
        index = cls(folder, writable=writable)
        index.refresh()
        return index

    @classmethod
    def in_memory(cls) -> TermIndex:
        """Return an empty term index without a folder, to be filled by :meth:`rebuild`."""
        return cls(None, writable=True)

    @property
    def state(self) -> TermState | None:
        """The state of the records that searches cover; None asks for a :meth:`rebuild`."""
        view = self._view
        return None if view is None else view.state

    @property
    def deleted_share(self) -> float:
        """Share of removed passages in the files, where they still count in term frequencies."""
        if self._folder is None or self._view is None:
            return 0.0
        with _translated(self._folder):
            return term_files.deleted_share(self._folder)

    def refresh(self) -> None:
        """Take up what was committed since, here or by another process."""
        with self._lock:
            if self._writer is not None and self._view is not None:
                with _translated(self._folder):
                    self._view.index.reload()
                    self._view = _viewed(self._view.index)
            elif self._folder is not None:
                self._view = self._opened(self._folder)

    def _opened(self, folder: Path) -> _View | None:
        for _ in range(_ATTEMPTS):
            if not (folder / term_files.META).is_file():
                return None
            try:
                if not self._sound.check(folder):
                    return None
                with _translated(folder):
                    return self._view_of(folder)
            except (OSError, IndexStoreError):
                continue  # a commit removed a file in between, or it is damaged for good
        return None

    def _view_of(self, folder: Path) -> _View | None:
        links = None if term_files.lockable(folder) else term_files.linked(folder)
        try:
            index = tantivy.Index.open(links.name if links else str(folder))
            _set_up(index)
            view = _viewed(index)
        except BaseException:
            if links:
                links.cleanup()
            raise
        if self._links:
            self._links.cleanup()
        self._links = links
        return view

    def apply(self, added: Iterable[TermRecord], removed: Iterable[int], state: TermState) -> None:
        """Add and remove passages and take on ``state``: all of it or nothing.

        Args:
            added: Passages whose numbers are not in the index, or are among ``removed``.
            removed: Numbers of passages; unknown ones are passed over.
            state: Of the records after the change.

        Raises:
            IndexStoreError: The index is damaged, open for reading only, or cannot be written.
        """
        with self._lock, _translated(self._folder):
            view = self._view
            if view is None:
                raise _damaged(self._folder)
            with self._committing(view.index, state) as writer:
                # Deleting by a term would look for a signed number, and find none.
                gone = tantivy.Query.term_set_query(view.index.schema, "number", list(removed))
                writer.delete_documents_by_query(gone)
                for record in added:
                    writer.add_document(term_fields.document_of(record))

    def rebuild(self, records: Iterable[TermRecord], state: TermState) -> None:
        """Make the index anew from all passages.

        Other processes search what they have open meanwhile, and can still open it if it is whole
        and of the same analysis.

        Raises:
            IndexStoreError: The index is open for reading only, or cannot be written.
        """
        with self._lock, _translated(self._folder):
            self._require_writable()
            self._end_writer()
            view = self._view
            if view is not None and view.state.analyzer == state.analyzer:
                index = view.index
            else:
                self._view = None
                index = self._emptied()
            with self._committing(index, state) as writer:
                writer.delete_all_documents()
                for record in records:
                    writer.add_document(term_fields.document_of(record))

    def optimize(self, records: Iterable[TermRecord], state: TermState) -> None:
        """Rid term frequencies of what was removed, by a :meth:`rebuild` if anything was.

        Afterwards every score is that of an index which never held anything else.

        Raises:
            IndexStoreError: The index is open for reading only, or cannot be written.
        """
        if self._view is None or self._view.state != state or self.deleted_share > 0:
            self.rebuild(records, state)

    def _require_writable(self) -> None:
        if not self._writable:
            raise IndexStoreError(f"{self._folder}: the term index is open for reading only")

    def _emptied(self) -> tantivy.Index:
        if self._folder is None:
            index = tantivy.Index(term_fields.new_schema())
        else:
            term_files.clear(self._folder)
            index = tantivy.Index(term_fields.new_schema(), str(self._folder), reuse=False)
        _set_up(index)
        return index

    @contextmanager
    def _committing(self, index: tantivy.Index, state: TermState) -> Iterator[tantivy.IndexWriter]:
        """Give the writer; commit what the block did together with the state, or drop all of it."""
        self._require_writable()
        if self._writer is None:
            # More than one thread would scatter each commit over several segments.
            self._writer = index.writer(_HEAP, 1)
        try:
            yield self._writer
            old = tantivy.Query.term_query(index.schema, "marker", 1)
            self._writer.delete_documents_by_query(old)
            marker = tantivy.Document()
            marker.add_unsigned("marker", 1)
            marker.add_text("state", json.dumps(asdict(state)))
            self._writer.add_document(marker)
            self._writer.commit()
        except BaseException:
            self._writer = None
            raise
        index.reload()
        self._view = _viewed(index)

    def search(
        self,
        terms: Mapping[str, float],
        *,
        k: int,
        languages: Collection[str] = (),
        tags: Collection[str] = (),
        after: str = "",
        before: str = "",
        documents: Collection[str] = (),
        numbers: Bitmap | None = None,
    ) -> list[tuple[int, float]]:
        """Return at most ``k`` numbers of passages with BM25 scores above 0, best first.

        Equal scores come in order of their numbers. What is given of the rest must hold.

        Args:
            terms: Analysed terms and what each counts.
            k: How many hits.
            languages: One of these ISO 639-1 codes.
            tags: At least one of these.
            after: ISO 8601 day, month or year; dated in it or later.
            before: ISO 8601 day, month or year; dated in it or earlier.
            documents: One of these document ids: a few, as each is looked up in every search.
            numbers: One of these numbers of passages, few or many; None for any.

        Raises:
            IndexStoreError: The index is missing or damaged.
        """
        view = self._view
        if view is None:
            raise _damaged(self._folder)
        if k < 1 or not terms:
            return []
        with _translated(self._folder):
            schema = view.index.schema
            asked = tantivy.Query.boolean_query(list(term_fields.scoring(schema, terms)))
            days = (after, before)
            limits = list(term_fields.limits_of(schema, languages, tags, days, documents))
            return term_hits.best(view.index, view.searcher, asked, limits, k, numbers)

    def frequency(self, term: str) -> int:
        """Return in how many passages the term is, removed ones included.

        Raises:
            IndexStoreError: The index is missing or damaged.
        """
        view = self._view
        if view is None:
            raise _damaged(self._folder)
        with _translated(self._folder):
            return term_fields.frequency(view.searcher, term)

    def numbers(self) -> np.ndarray:
        """Return the numbers of all passages, int64 (N,), ascending.

        Raises:
            IndexStoreError: The index is missing or damaged.
        """
        view = self._view
        if view is None:
            raise _damaged(self._folder)
        with _translated(self._folder):
            everything = tantivy.Query.all_query()
            hits = view.searcher.search(everything, max(1, view.searcher.num_docs), count=False)
            values = view.searcher.fast_field_values("number", [place for _, place in hits.hits])
        return np.sort(np.array([v for v in values if v is not None], np.int64))

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the files, one line each, after reading all of them."""
        return () if self._folder is None else term_files.problems(self._folder)

    def close(self) -> None:
        """End the index after the merges that are running; more calls do nothing."""
        with self._lock:
            self._view = None
            self._end_writer()
            if self._links:
                self._links.cleanup()
                self._links = None

    def _end_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with _translated(self._folder):
                writer.wait_merging_threads()


def _damaged(folder: Path | None) -> IndexStoreError:
    return IndexStoreError(f"{folder or 'memory'}: the term index is missing or damaged", _HINT)


@contextmanager
def _translated(folder: Path | None) -> Iterator[None]:
    """Turn what the search library raises into an :class:`IndexStoreError`."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise IndexStoreError(
            f"{folder or 'memory'}: the term index fails: {error}", _HINT
        ) from error
    except BaseException as error:
        # Rust code that gives up raises a class that is derived from BaseException and that no
        # module exports.
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(folder) from error


def _set_up(index: tantivy.Index) -> None:
    whole = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(term_fields.TOKENIZER, whole)
    index.config_reader("manual", 0)
    index.reload()


def _viewed(index: tantivy.Index) -> _View | None:
    searcher = index.searcher()
    query = tantivy.Query.term_query(index.schema, "marker", 1)
    hits = searcher.search(query, 1, count=False).hits
    if not hits:
        return None
    values = json.loads(searcher.doc(hits[0][1])["state"][0])
    return _View(index, searcher, TermState(**values))
