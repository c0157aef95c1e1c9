"""Stop strings across the borders of pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.models.stops import StopFilter


def passed(pieces: list[str], stops: list[str]) -> tuple[str, bool]:
    stop_filter = StopFilter(stops)
    text = "".join(stop_filter.feed(piece) for piece in pieces)
    return text + stop_filter.finish(), stop_filter.stopped


@pytest.mark.parametrize(
    ("text", "stop", "expected"),
    [
        ("Paris.\n\nQuestion: who", "\n\nQuestion", "Paris."),
        ("北京。问题：谁", "问题", "北京。"),
        ("Москва. Вопрос: кто", "Вопрос", "Москва. "),
        ("القاهرة. سؤال: من", "سؤال", "القاهرة. "),
        ("दिल्ली। प्रश्न: कौन", "प्रश्न", "दिल्ली। "),
        ("東京。質問：誰", "質問", "東京。"),
        ("กรุงเทพฯ คำถาม: ใคร", "คำถาม", "กรุงเทพฯ "),
    ],
)
def test_ends_before_a_stop_spread_over_pieces(text: str, stop: str, expected: str) -> None:
    assert passed(list(text), [stop]) == (expected, True)
    assert passed([text], [stop]) == (expected, True)


def test_gives_back_what_only_began_like_a_stop() -> None:
    assert passed(["a\n", "\nQues", "t of the grail"], ["\n\nQuestion"]) == (
        "a\n\nQuest of the grail",
        False,
    )
    assert passed(["ends in \n\nQ"], ["\n\nQuestion"]) == ("ends in \n\nQ", False)


def test_ignores_an_empty_stop() -> None:
    assert passed(["abc"], [""]) == ("abc", False)


@settings(deadline=None)
@given(
    st.text("abü中", max_size=24),
    st.lists(st.text("abü中", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(0, 24), max_size=6),
)
def test_borders_of_pieces_change_nothing(text: str, stops: list[str], cuts: list[int]) -> None:
    borders = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in zip(borders, borders[1:], strict=False)]
    whole, stopped = passed([text], stops)
    assert passed(pieces, stops) == (whole, stopped)
    assert stopped == any(stop in text for stop in stops)
    assert text.startswith(whole)
    assert not any(stop in whole for stop in stops)
