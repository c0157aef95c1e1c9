"""The graph that an index builds from the texts of its documents, kept up to date with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from convrag.graph import storage
from convrag.graph.building import records
from convrag.graph.building.build import text_graph
from convrag.graph.building.extraction import Tagger
from convrag.protocols import CancelToken
from convrag.retrieval.index import Index
from convrag.retrieval.storage import MANIFEST

_BATCH = 32
"""Documents that are committed together."""


def chosen(folder: Path) -> bool:
    """Return whether the index in the folder has such a graph.

    Raises:
        IndexStoreError: There is an index, but it cannot be read.
    """
    if not (folder / MANIFEST).exists():
        return False
    with Index.open(folder) as index, index.snapshot() as connection:
        return records.is_there(connection)


def bring_up_to_date(
    index: Index,
    wanted: bool | None = None,
    *,
    tagged: bool | None = None,
    load_tagger: Callable[[], Tagger] | None = None,
    progress: Callable[[str, float], None] | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Build what is not built yet of the documents' texts, or remove all that was built.

    What belongs to a document goes with it, so there is nothing to do for deleted ones. A run that
    is killed is made up for by the next one.

    Args:
        index: Open for writing.
        wanted: Whether there is to be such a graph; None for what was chosen before.
        tagged: Whether a tagger finds the names in running text; None for what was chosen before.
        load_tagger: Gives it when it is needed.
        progress: Told how far the work is.
        cancel: Ends the run after the documents in work.

    Raises:
        IndexStoreError: The index is not open for writing, or the database fails.
        ModelError: The tagger cannot be loaded, or fails.
    """
    with index.snapshot() as connection:
        there, before = records.is_there(connection), records.is_tagged(connection)
    if not (there if wanted is None else wanted):
        if there:
            with index.transaction() as connection:
                records.drop_table(connection)
        return
    use = load_tagger is not None and (before if tagged is None else tagged)
    with index.transaction() as connection:
        storage.create_tables(connection)
        records.create_table(connection)
        ids = records.missing(connection, tagged=use)
    tagger = load_tagger() if ids and use and load_tagger is not None else None
    for start in range(0, len(ids), _BATCH):
        if progress is not None:
            progress("building the graph", start / len(ids))
        if cancel is not None and cancel.cancelled:
            return
        built = []
        for document_id in ids[start : start + _BATCH]:
            document = index.document(document_id)
            if document is not None:
                built.append((document_id, text_graph(document, tagger)))
        with index.transaction() as connection:
            for document_id, graph in built:
                records.store(connection, document_id, graph, tagged=use)
