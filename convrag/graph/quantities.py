"""Whether a question asks for a number, a price or a reason, and whether a text has these."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from convrag.graph.phrases import PhraseIndex
from convrag.text.segment import overlap
from convrag.types import Span


def asks_for_number(question: str, language: str) -> bool:
    """Return whether the question's answer should have a number in it."""
    return bool(number_phrases(question, language))


def number_phrases(question: str, language: str) -> tuple[Span, ...]:
    """Return where the question asks for a number ("how often"), in reading order."""
    return tuple(match.span for match in _index("asks", language).find(question))


def asks_for_price(question: str, language: str) -> bool:
    """Return whether the question's answer should be a price, or that there is none."""
    return bool(_index("prices", language).find(question))


def asks_for_reason(question: str, language: str) -> bool:
    """Return whether the question asks why, which no plain value answers."""
    ways = [match.span for match in _index("through", language).find(question)]
    return any(
        not any(overlap(match.span, way) for way in ways)
        for match in _index("reasons", language).find(question)
    )


def has_price(text: str, language: str) -> bool:
    """Return whether the text has an amount of money, or says that something costs nothing."""
    if _index("free", language).find(text):
        return True
    money = _MONEY_SIGN.search(text) or _index("money", language).find(text, language=language)
    return bool(money) and any(c.isdigit() for c in text)


def has_number(text: str, language: str) -> bool:
    """Return whether the text has digits of any script or a word for a number.

    The number of a list item ("2. Pour ...") is none of the text's own.
    """
    text = _LIST_NUMBER.sub("", text)
    return any(c.isdigit() for c in text) or bool(_index("numbers", language).find(text))


_MONEY_SIGN = re.compile(
    r"[$€£¥₹₽￥]|(?<![^\W\d_])(?:EUR|USD|CHF|GBP|JPY|CNY|INR|RUB|BRL)(?![^\W\d_])"
)
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)、．]\s*(?=\D)")


@cache
def _index(kind: str, language: str) -> PhraseIndex:
    words = _tables().get(language, {}).get(kind, [])
    return PhraseIndex((word, language, kind, True) for word in words)


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    text = resources.files("convrag.graph").joinpath("quantities.toml").read_text("utf-8")
    return tomllib.loads(text)
