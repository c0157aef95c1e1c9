"""Indexes to search and to change."""

from __future__ import annotations

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
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of one document a language, for reading."""
    folder = tmp_path_factory.mktemp("shared") / "index"
    encoder = HashingEncoder()
    with Index.create(folder, encoder=encoder, title="Ten languages") as made:
        made.update(corpus(), encoder)
    with Index.open(folder, encoder_id=encoder.id) as opened:
        yield opened


@pytest.fixture
def fresh(folder: Path, encoder: HashingEncoder) -> Iterator[Index]:
    """An index of one document a language, open for writing."""
    with Index.create(folder, encoder=encoder, title="Ten languages") as made:
        made.update(corpus(), encoder)
        encoder.encoded.clear()
        yield made
