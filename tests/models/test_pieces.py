"""The vocabulary's pieces of texts in many scripts, and their places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrag.models.catalog import E5_SMALL
from convrag.models.installed import locate
from convrag.models.packed import read_packed
from convrag.models.pieces import UNKNOWN, PieceTokenizer

TEXTS = (
    "How tall is the Eiffel Tower?",
    "长江有多长？",
    "Какая река протекает через Москву?",
    "ما هي عاصمة مصر؟",
    "भारत की राजधानी क्या है?",
    "日本で一番高い山は何ですか？",
    "แม่น้ำเจ้าพระยาอยู่ที่ไหน",
    "대한민국의 수도는 어디입니까?",
    "מהי בירת ישראל?",
    "Quelle est la longueur du Rhône ?",
    "ｆｕｌｌ  width\n and　spaces",
    "KX-300: 4,5 kg",
)


def tiny(path: Path) -> PieceTokenizer:
    return PieceTokenizer(read_packed(path))


@pytest.mark.parametrize(
    ("text", "ids", "spans"),
    [
        ("a中", (5, 6), ((0, 1), (1, 2))),
        (" я ع", (7, 8), ((1, 2), (3, 4))),
        ("कü", (9, 10), ((0, 1), (1, 2))),
        ("aΩa", (5, UNKNOWN, 5), ((0, 1), (1, 2), (2, 3))),
        ("", (), ()),
        (" \t\n", (), ()),
    ],
)
def test_pieces_and_their_places(tiny_path: Path, text: str, ids: Any, spans: Any) -> None:
    pieces = tiny(tiny_path).split(text)
    assert pieces.ids == ids
    assert pieces.spans == spans


@given(st.text(max_size=40))
def test_places_fit_any_text(text: str) -> None:
    pieces = _TOKENIZERS[0].split(text)
    assert len(pieces.ids) == len(pieces.spans)
    assert all(0 <= a < b <= len(text) for a, b in pieces.spans)
    assert list(pieces.spans) == sorted(pieces.spans)


@pytest.fixture(autouse=True)
def _loaded(tiny_path: Path) -> None:
    if not _TOKENIZERS:
        _TOKENIZERS.append(tiny(tiny_path))


_TOKENIZERS: list[PieceTokenizer] = []


@pytest.mark.model
def test_pieces_are_those_of_the_tokenizers_library() -> None:
    from tokenizers import Tokenizer

    packed, plain = (locate(file) for file in E5_SMALL.files)
    assert packed is not None
    assert plain is not None
    ours, theirs = PieceTokenizer(read_packed(packed)), Tokenizer.from_file(str(plain))
    for text in TEXTS:
        bare = {theirs.token_to_id("▁")}
        expected = [i for i in theirs.encode(text, add_special_tokens=False).ids if i not in bare]
        assert list(ours.split(text).ids) == expected, text
