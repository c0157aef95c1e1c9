"""Terms under which a question may be met in passages of another language.

Words are translated by a table of pairs with English, so any two languages of it meet over
English. It is mined from the parallel news of NTREX (CC BY-SA 4.0) and the labels of CodEx (MIT):
``python -m tests.bench.word_pairs``. Names of countries, languages, currencies, months and weekdays
are those of the Unicode CLDR, in every language it has.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from convrag.text.analysis import analyze, content_words, kind_weight, query_terms
from convrag.text.scripts import script_of

TRANSLATIONS = 3
"""Most translations of one term that are looked for."""
_PIVOT = "en"
_LOCALES = {"zh": ("zh_Hans", "zh_Hant")}
_HAN = frozenset({"Hans", "Hant", "Jpan"})
_PARENTHESES = re.compile(r"[()（）]")
_Terms = tuple[str, ...]
_Pairs = dict[str, tuple[tuple[str, float], ...]]


def cross_terms(text: str, language: str, target: str) -> dict[str, float]:
    """Return terms to search passages in another language for, with what each counts.

    These are translations and, of the question itself, its numbers. Its words are kept only where
    both languages are written in one script: a stray foreign word in a passage says little.

    Args:
        text: The question.
        language: ISO 639-1 code of the question.
        target: ISO 639-1 code of the passages.
    """
    own = query_terms(text, language)
    found: dict[str, float] = {}
    for term in own:
        for translation, score in translations(term, language, target):
            found[translation] = max(score, found.get(translation, 0.0))
    for name in translated_names(text, language, target):
        found |= dict.fromkeys(_core(query_terms(name, target)), 1.0)
    shared = written_in(language) == written_in(target)
    found |= {term: kind_weight(term) for term in own if shared or term.startswith("i:")}
    return found


def translations(term: str, language: str, target: str) -> list[tuple[str, float]]:
    """Return at most three terms of ``target`` for a term, with scores in (0, 1], best first.

    Empty when the word or a language is not in the table. A score is the product of the Dice
    coefficients of the pairs on the way.
    """
    middle = ((term, 1.0),) if language == _PIVOT else _table(language)[0].get(term, ())
    found: dict[str, float] = {}
    for english, first in middle:
        ends = ((english, 1.0),) if target == _PIVOT else _table(target)[1].get(english, ())
        for end, second in ends:
            found[end] = max(first * second, found.get(end, 0.0))
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:TRANSLATIONS]


def translated_names(text: str, language: str, target: str) -> list[str]:
    """Return what the CLDR names in ``text`` are called in ``target``, in reading order.

    Inflected names are found by their stems; of names within each other the longest counts.
    """
    known, longest = _names_by_terms(language)
    terms = _core(analyze(text, language))
    called = _names(target)
    found: dict[str, None] = {}
    at = 0
    while at < len(terms):
        lengths = range(min(longest, len(terms) - at), 0, -1)
        length = next((n for n in lengths if terms[at : at + n] in known), 0)
        for key in known.get(terms[at : at + length], ()):
            found |= dict.fromkeys(called.get(key, ()))
        at += length or 1
    return list(found)


@lru_cache(maxsize=256)
def written_in(language: str) -> str:
    """Return the ISO 15924 code of the script a language is mostly written in, Latin if unknown.

    Chinese and Japanese are both ``Hani``: their words have characters in common.
    """
    likely = str(get_global("likely_subtags").get(language, ""))
    script = next((part for part in likely.split("_") if len(part) == 4), "Latn")
    return "Hani" if script in _HAN else script


@lru_cache(maxsize=64)
def _table(language: str) -> tuple[_Pairs, _Pairs]:
    """Return the pairs from the language to English and back; empty when it has none."""
    forth: dict[str, list[tuple[str, float]]] = {}
    back: dict[str, list[tuple[str, float]]] = {}
    data = BytesIO(files("convrag.text").joinpath("data", "word_pairs.zip").read_bytes())
    with zipfile.ZipFile(data) as archive:
        if language in archive.namelist():
            for line in archive.read(language).decode("utf-8").splitlines():
                term, english, percent = line.split("\t")
                forth.setdefault(term, []).append((english, int(percent) / 100))
                back.setdefault(english, []).append((term, int(percent) / 100))
    return _best(forth), _best(back)


def _best(pairs: dict[str, list[tuple[str, float]]]) -> _Pairs:
    return {
        term: tuple(sorted(found, key=lambda pair: (-pair[1], pair[0]))[:TRANSLATIONS])
        for term, found in pairs.items()
    }


@lru_cache(maxsize=64)
def _names(language: str) -> dict[str, _Terms]:
    """Return the CLDR's names in the language, by kind and code."""
    found: dict[str, list[str]] = {}
    for locale in _locales(language):
        for key, name in _named(locale):
            found.setdefault(key, []).extend(
                part for p in _PARENTHESES.split(name) if (part := p.strip())
            )
    return {key: tuple(dict.fromkeys(names)) for key, names in found.items()}


def _named(locale: Locale) -> Iterator[tuple[str, str]]:
    yield from ((f"territory {code}", name) for code, name in locale.territories.items())
    yield from ((f"currency {code}", name) for code, name in locale.currencies.items())
    # Of the languages with codes of three letters, many have names that are common words.
    yield from ((f"language {c}", name) for c, name in locale.languages.items() if len(c) == 2)
    # Forms for use alone are often aliases, which Babel resolves for one locale and keeps for all.
    yield from ((f"month {n}", name) for n, name in locale.months["format"]["wide"].items())
    yield from ((f"day {n}", name) for n, name in locale.days["format"]["wide"].items())


@lru_cache(maxsize=64)
def _names_by_terms(language: str) -> tuple[dict[_Terms, _Terms], int]:
    """Return the keys of names by the terms of the name, and the most terms of a name."""
    found: dict[_Terms, list[str]] = {}
    for key, names in _names(language).items():
        for name in names:
            # May is a month, but more often it is not.
            if content_words(name, language):
                found.setdefault(_core(analyze(name, language)), []).append(key)
    found.pop((), None)
    return {terms: tuple(keys) for terms, keys in found.items()}, max(map(len, found), default=0)


def _core(terms: list[str]) -> _Terms:
    """Return stems, and bigrams of scripts without spaces: a Korean word has both."""
    return tuple(
        term
        for term in terms
        if term.startswith("w:") or (term.startswith("b:") and script_of(term[2]) != "hangul")
    )


def _locales(language: str) -> Iterator[Locale]:
    for name in _LOCALES.get(language, (language,)):
        try:
            yield Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
