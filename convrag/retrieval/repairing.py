"""Makes a damaged index sound again, as far as what is left of it allows."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from convrag.errors import IndexStoreError
from convrag.retrieval import checking, records, recovering
from convrag.retrieval.parts import Parts
from convrag.retrieval.storage import RECORDS, translated_os
from convrag.retrieval.term_sync import wanted_state

_ORPHANS = (
    ("passages", "document_id NOT IN (SELECT id FROM documents)", "passages without a document"),
    ("vectors", "number NOT IN (SELECT number FROM passages)", "vectors without a passage"),
    (
        "passage_entities",
        "number NOT IN (SELECT number FROM passages)",
        "entity links without a passage",
    ),
    (
        "document_tags",
        "document_id NOT IN (SELECT id FROM documents)",
        "tags without a document",
    ),
    ("removed", "number IN (SELECT number FROM passages)", "passages listed as removed"),
)


def repaired(parts: Parts) -> tuple[Parts, tuple[str, ...]]:
    """Return the parts of a sound index and what was done, one line each; nothing if all was well.

    Records that cannot be read are copied as far as they can; the damaged file is kept beside them
    as ``records.sqlite.damaged-N``. Nothing is encoded: documents of which something is lost are
    noted as changed, so that they are taken in again when they are next indexed.

    Args:
        parts: Of the index as it is, with the right to write.

    Raises:
        IndexStoreError: There is nothing to be saved, or the folder cannot be written.
    """
    parts.store.require_writable()
    done: list[str] = []
    if not _readable(parts):
        parts, lines = _recovered(parts)
        done += lines
    parts.settle()
    with parts.store.transaction() as connection:
        done += _without_orphans(connection)
        done += _without_damaged(connection, parts.manifest.dimension)
    with parts.store.snapshot() as connection:
        live = np.sort(records.listed(connection, "FROM passages", ()))
        bad_base = list(
            checking.base_problems(
                connection, parts.manifest.dimension, parts.data, parts.projection, live
            )
        )
    terms = parts.terms.get()
    if any(checking.term_problems(terms, live)):
        with parts.store.snapshot() as connection:
            terms.rebuild(records.term_records(connection, 0), wanted_state(connection))
        done.append("built the term index anew")
    if bad_base:
        parts.rebase(anew=True)
        done.append("built the file of vectors anew")
    return parts, tuple(done)


def _readable(parts: Parts) -> bool:
    """Return whether the database is whole; foreign keys are another matter."""
    try:
        with parts.store.snapshot() as connection:
            lines = [line for (line,) in connection.execute("PRAGMA integrity_check(1)")]
            return lines == ["ok"] and records.meta(connection, "uid") == parts.manifest.uid
    except IndexStoreError:
        return False


def _recovered(parts: Parts) -> tuple[Parts, list[str]]:
    """Put what can be read of the records into a new folder and make it the index's."""
    parts.terms.close()
    parts.store.close()
    kept = _kept(parts.data / RECORDS, parts.path)
    uid = uuid.uuid4().hex
    manifest = replace(parts.manifest, uid=uid, data=f"data-{uid[:8]}")
    data = parts.path / manifest.data
    try:
        with translated_os(parts.path):
            data.mkdir()
        lost = recovering.recover(kept, data / RECORDS, uid)
    except BaseException:
        shutil.rmtree(data, ignore_errors=True)
        raise
    new = Parts(parts.path, manifest, parts.lock, published=False)
    new.publish()
    lines = [f"copied what could be read of the records; the damaged file is {kept.name}"]
    if lost:
        lines += [*lost, "index the same documents again: only what is missing is encoded"]
    return new, lines


def _kept(damaged: Path, folder: Path) -> Path:
    """Copy a damaged database, with what was not yet merged into it, and return the copy."""
    number = 1
    while (folder / f"{RECORDS}.damaged-{number}").exists():
        number += 1
    copy = folder / f"{RECORDS}.damaged-{number}"
    with translated_os(folder):
        for suffix in ("-wal", ""):
            source = damaged.with_name(damaged.name + suffix)
            if source.exists():
                shutil.copyfile(source, copy.with_name(copy.name + suffix))
    return copy


def _without_orphans(connection: sqlite3.Connection) -> Iterator[str]:
    """Drop rows that belong to nothing; a passage's id tells whose it was."""
    connection.execute(
        "UPDATE documents SET content_hash = '' WHERE id IN (SELECT"
        " substr(id, 1, length(rtrim(id, '0123456789')) - 1) FROM passages"
        " WHERE document_id NOT IN (SELECT id FROM documents))"
    )
    for table, condition, what in _ORPHANS:
        gone = connection.execute(f"DELETE FROM {table} WHERE {condition}").rowcount  # noqa: S608 (fixed)
        if gone:
            yield f"dropped {gone} {what}"


def _without_damaged(connection: sqlite3.Connection, dimension: int) -> Iterator[str]:
    """Drop passages that are not as they were written, and note their documents as changed."""
    bad = dict(checking.damaged_passages(connection, dimension))
    if not bad:
        return
    generation = records.generation(connection) + 1
    owners = set()
    for number in bad:
        query = "SELECT document_id FROM passages WHERE number = ?"
        owners.update(connection.execute(query, (number,)).fetchone())
        connection.execute("INSERT OR IGNORE INTO removed VALUES (?, ?)", (number, generation))
        connection.execute("DELETE FROM passages WHERE number = ?", (number,))
    for owner in owners:
        connection.execute("UPDATE documents SET content_hash = '' WHERE id = ?", (owner,))
    records.set_meta(connection, "generation", str(generation))
    yield (
        f"dropped {len(bad)} damaged passages of {len(owners)} documents;"
        " index these again to have them back"
    )
