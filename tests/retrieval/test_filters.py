"""Filters let through what they say, in SQL that no value can change."""

from __future__ import annotations

import fnmatch
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convrag.retrieval import filters
from convrag.retrieval.index import Index
from convrag.types import Filter
from tests.retrieval.samples import TEXTS, HashingEncoder, document

SOURCES = {
    "en": ("manuals/ferry.pdf", "2026-11-25", ("ferry", "new")),
    "zh": ("手册/渡轮.pdf", "2026-11-24", ("渡轮",)),
    "es": ("manuals/old/ferry.pdf", "2026-11", ("ferry",)),
    "de": ("manuals/Fähre[1].txt", "2025", ("alt",)),
    "ar": ("كتب/عبارة.md", "", ()),
    "hi": ("^नौका.md", "2027-01-01", ("new", "नया")),
    "ru": ("manuals/паром!.md", "2026-10-31", ("паром",)),
}


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory):
    encoder = HashingEncoder()
    with Index.create(tmp_path_factory.mktemp("filed") / "i", encoder=encoder) as index:
        documents = []
        for code, (source, date, tags) in SOURCES.items():
            one = document(f"doc-{code}", TEXTS[code], code, "", date=date, tags=tags)
            documents.append(replace(one, source=source))
        index.update(documents, encoder)
        yield index


def passed(index: Index, **wanted) -> set[str]:
    allowed = index.allowed(Filter(**wanted))
    rows = index.connection.execute("SELECT number, language FROM passages").fetchall()
    assert allowed is not None
    holds = allowed.holds(np.array([number for number, _ in rows]))
    return {code for (_, code), held in zip(rows, holds, strict=True) if held}


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        ({"languages": ("zh", "ar")}, "zh ar"),
        ({"languages": ("xx",)}, ""),
        ({"sources": ("manuals/*",)}, "en es de ru"),
        ({"sources": ("manuals/*.pdf",)}, "en es"),
        ({"sources": ("*.pdf", "كتب/*")}, "en zh es ar"),
        ({"sources": ("*/[!f]*",)}, "zh es de ar ru"),
        ({"sources": ("MANUALS/*",)}, ""),
        ({"sources": ("*Fähre[[]1].txt",)}, "de"),
        ({"sources": ("手册/渡?.pdf",)}, "zh"),
        ({"documents": ("doc-hi", "doc-en", "nowhere")}, "hi en"),
        ({"tags": ("ferry", "नया")}, "en es hi"),
        ({"tags": ("паром", "渡轮")}, "ru zh"),
        ({"after": "2026-11-24"}, "en zh hi"),
        ({"after": "2026-11-01"}, "en zh es hi"),
        ({"before": "2026-11-01"}, "es de ru"),
        ({"before": "2026-11"}, "en zh es de ru"),
        ({"before": "2025"}, "de"),
        ({"after": "2026-10-31", "before": "2026-11-24"}, "ru es zh"),
        ({"tags": ("new",), "languages": ("hi",), "sources": ("^*",)}, "hi"),
        ({"tags": ("new",), "languages": ("zh",)}, ""),
        ({"documents": ("' OR 1=1 --",), "tags": ('"]',)}, ""),
    ],
)
def test_all_that_is_asked_must_hold(filed: Index, wanted: dict, codes: str):
    assert passed(filed, **wanted) == set(codes.split())


def test_an_empty_filter_lets_all_through(filed: Index):
    assert filed.allowed(Filter()) is None
    assert filters.document_ids(filed.connection, Filter(languages=("zh",))) is None
    assert filters.document_ids(filed.connection, Filter(sources=("*.md",))) == (
        "doc-ar",
        "doc-hi",
        "doc-ru",
    )
    both = Filter(tags=("ferry",), before="2026-11-24")
    assert filters.document_ids(filed.connection, both) == ("doc-es",)


@given(st.text(st.sampled_from("mFäh1[]!^-*?/.渡паро\ud800"), max_size=9))
@settings(max_examples=150, deadline=None)
@example("[")
@example("[^-ä]*")
@example("[]]*")
@example("manuals/Fähre[1].txt")
def test_patterns_are_those_of_the_shell(filed: Index, pattern: str):
    expected = {
        code
        for code, (source, _, _) in SOURCES.items()
        if fnmatch.fnmatchcase(source, pattern.replace("\ud800", "\ufffd"))
    }
    if pattern:
        assert passed(filed, sources=(pattern,)) == expected


def test_dates_and_tags_come_back(filed: Index):
    assert filed.document("doc-en").tags == ("ferry", "new")
    assert filed.document("doc-de").date == "2025"
    assert [d.tags for d in filed.documents() if d.language == "hi"] == [("new", "नया")]
