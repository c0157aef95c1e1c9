"""Indexes to search and to change."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from convrag.retrieval.index import Index
from tests.retrieval.samples import HashingEncoder, corpus


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "索引 index"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an index of one document a language, which nobody changes."""
    folder = tmp_path_factory.mktemp("shared") / "index"
    encoder = HashingEncoder()
    with Index.create(folder, encoder=encoder, title="Ten languages") as index:
        index.update(corpus(), encoder)
    return folder


@pytest.fixture(scope="session")
def index(made: Path) -> Iterator[Index]:
    """An index of one document a language, for reading."""
    with Index.open(made, encoder_id=HashingEncoder().id) as opened:
        yield opened


@pytest.fixture
def fresh(made: Path, folder: Path) -> Iterator[Index]:
    """A copy of that index, open for writing."""
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    with Index.open(folder, writable=True) as opened:
        yield opened
