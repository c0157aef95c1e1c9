"""Outside text on a terminal: attacks go, every script stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrag.text.sanitize import plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2J\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("\x1b]0;never ended", "0;never ended"),
        ("\x1bPq#0\x1b\\x", "x"),
        ("a\x00b\x07c\x7fd\x85e", "abcd\ne"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("a\u2066b\u2069c\u200fd\ufeffe\u00adf", "abcdef"),
        ("pay\u200bpal\u2060", "paypal"),
        ("la\u200dtin", "latin"),
        ("\ud800x\udfff", "x"),
        ("x\U000e0041\U000e0042y", "xy"),
        ("a\u3164b", "ab"),
        ("tab\tstays\n", "tab\tstays\n"),
        ("a\ufe00\ufe01\ufe02b", "a\ufe00b"),
    ],
)
def test_controls_go(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Où est São Paulo? Straße",
        "می\u200cخواهم بروم",
        "क्\u200dष श्री",
        "北京 — 東京タワー、한국어",
        "Ελλάδα, Москва, עברית",
        "👩\u200d👩\u200d👧 ❤\ufe0f 🏳\ufe0f\u200d🌈",
        "ภาษาไทย e\u0301",
        "؀123",
    ],
)
def test_scripts_stay(text: str) -> None:
    assert plain(text) == text


texts = st.text(
    alphabet=st.one_of(
        st.characters(), st.sampled_from("\x1b[]0;m\x07\\\x9b\u202e\u200d\u200cआم👩a\ufe0f \n\r")
    ),
    max_size=40,
)


@settings(max_examples=500, deadline=None)
@given(texts)
def test_nothing_left_can_steer_a_terminal(text: str) -> None:
    shown = plain(text)
    assert plain(shown) == shown
    assert all(char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs") for char in shown)
    assert not set(shown) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    )
    shown.encode("utf-8")
