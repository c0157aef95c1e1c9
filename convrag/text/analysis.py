"""Tokens for lexical search, and the words of a text that carry content.

Every token starts with its kind, so kinds never collide:

- ``w:`` the stem of a word of an alphabetic script, folded to its match key;
- ``t:`` the character trigrams of that word with its borders marked, which meet other inflections,
  spellings and compounds where the stem does not;
- ``b:`` and ``u:`` bigrams and single characters of scripts without spaces, bigrams of Hangul;
- ``i:`` numbers and identifiers (``E-17``, ``XR-200``) as written, in one case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from unicodedata import is_normalized

from convrag.text.function_words import spelled, stop_keys
from convrag.text.normalize import match_key
from convrag.text.scripts import UNSPACED, ranges_of, script_of
from convrag.text.segment import words
from convrag.types import Span

_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
_SCRIPT_LANGUAGE = {
    "arabic": "ar",
    "armenian": "hy",
    "cyrillic": "ru",
    "devanagari": "hi",
    "greek": "el",
    "tamil": "ta",
}
_LANGUAGE_SCRIPT = {
    **{language: script for script, language in _SCRIPT_LANGUAGE.items()},
    "fa": "arabic",
    "ne": "devanagari",
    "sr": "cyrillic",
    "yi": "hebrew",
}
_APART = re.compile(r"['’ʼ‐‑\-_\u00ad]")
_THOUSANDS = re.compile(r"\d{1,3}(?:[,.٬]\d{3})+")
_SEPARATORS = re.compile(r"[-_./'‐‑]")
_PARTICLES = re.compile(
    "(?<=..)(?:에서는|으로는|이라는|에서|에게|으로|부터|까지|이다|이나|라는|에는|한테|보다|처럼|하고|이며"
    "|들은|들이|들의|은|는|이|가|을|를|의|에|로|와|과|도|만|께|들)$|(?<=^.)[은는를]$"
)
"""What Korean adds to a noun. Two syllables are often a noun of their own: ``국가``, ``회의``."""
_PLAIN = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff]+")
"""Kana and Han, which are their own key and of one character each."""
_MAX_WORD = 48  # characters of what is remembered
_WEIGHTS = {"w": 1.0, "t": 0.6, "b": 1.0, "u": 0.4, "i": 3.0}


def kind_weight(token: str) -> float:
    """Return how much a hit on ``token`` counts beside the other kinds.

    A word has one stem but as many trigrams as letters, so each of these counts for less. The
    weights were best, or within .001 of it, on average over thirteen development sets.
    """
    return _WEIGHTS.get(token[:1], 1.0)


def analyze(text: str, language: str = "") -> list[str]:
    """Return the tokens of a passage in reading order, with repetitions.

    Args:
        text: Any text, scripts may be mixed.
        language: ISO 639-1 code of the text, for its stemmer; "" goes by the script.
    """
    tokens: list[str] = []
    for start, end in _runs(text):
        tokens += _tokens(text[start:end], language)
    return tokens


def query_terms(text: str, language: str = "") -> list[str]:
    """Return the tokens of a question: as :func:`analyze`, without its function words.

    A text of nothing but function words keeps them.
    """
    kept = [text[a:b] for a, b in _content_runs(text, language)]
    terms = [token for unit in kept for token in _tokens(unit, language)]
    return terms or analyze(text, language)


def content_words(text: str, language: str = "") -> tuple[Span, ...]:
    """Return the words that are not function words, in order.

    Scripts without spaces give overlapping bigrams of what lies between function words, so that
    each span can be looked for in another text.
    """
    found: list[Span] = []
    for start, end in _content_runs(text, language):
        if script_of(text[start]) not in UNSPACED or script_of(text[start]) == "katakana":
            found.append((start, end))
            continue
        chars = [(start + a, start + b) for a, b in words(text[start:end])]
        if len(chars) == 1:
            found.append(chars[0])
        found.extend((a[0], b[1]) for a, b in zip(chars, chars[1:], strict=False))
    return tuple(found)


def _runs(text: str) -> Iterator[Span]:
    """Yield words; touching characters of unspaced scripts come as one run."""
    run: Span | None = None
    for start, end in words(text):
        if script_of(text[start]) in UNSPACED:
            if run and run[1] == start:
                run = (run[0], end)
                continue
            if run:
                yield run
            run = (start, end)
            continue
        if run:
            yield run
            run = None
        yield start, end
    if run:
        yield run


def _content_runs(text: str, language: str) -> Iterator[Span]:
    for start, end in _runs(text):
        script = script_of(text[start])
        if script in UNSPACED:
            yield from _without_function_words(text, (start, end), language)
            continue
        stops = stop_keys(_language_of(text[start:end], language))
        key = match_key(text[start:end])
        if key in stops or all(part in stops for part in _APART.split(key) if part):
            continue
        yield start, end


def _without_function_words(text: str, span: Span, language: str) -> Iterator[Span]:
    """Yield what longest function words leave of a run without spaces, cut where kana meets Han."""
    if language not in ("zh", "ja"):
        kana = any(script_of(char) in ("hiragana", "katakana") for char in text[slice(*span)])
        language = "ja" if kana else "zh" if script_of(text[span[0]]) == "han" else language
    pattern = _function_pattern(language)
    at = span[0]
    gaps = [m.span() for m in pattern.finditer(text, *span)] if pattern else []
    for start, end in [*gaps, (span[1], span[1])]:
        if at < start:
            yield at, start
        at = max(at, end)


@lru_cache(maxsize=16)
def _function_pattern(language: str) -> re.Pattern[str] | None:
    found = sorted(spelled(language), key=lambda word: (-len(word), word))
    if not found:
        return None
    if language != "ja":
        return re.compile("|".join(map(re.escape, found)))
    # A single kana is a particle after Han, katakana or another function word; elsewhere it is
    # more often a part of a word.
    particles = "".join(word for word in found if len(word) == 1 and word not in "何誰")
    longer = "|".join(re.escape(word) for word in found if len(word) > 1 or word in "何誰")
    content = ranges_of(frozenset({"han", "katakana"}))
    return re.compile(
        rf"(?:{longer})(?:{longer}|[{particles}])*|(?<=[{content}])[{particles}]{{1,2}}"
    )


def _tokens(unit: str, language: str) -> Sequence[str]:
    if script_of(unit[0]) in UNSPACED:
        return _unspaced_tokens(unit)
    return _word_memory(unit, language) if len(unit) <= _MAX_WORD else _spaced(unit, language)


def _spaced(unit: str, language: str) -> tuple[str, ...]:
    key = match_key(unit)
    if any(char.isdigit() for char in key):
        return tuple(_identifier_tokens(key))
    parts = _APART.split(unit)
    # An elided article is one letter too, but no word that anyone looks for.
    kept = [part for part in parts if len(part) > 1 or len(parts) == 1]
    return tuple(token for part in kept for token in _word_tokens(part, language))


_word_memory = lru_cache(maxsize=1 << 15)(_spaced)


def _unspaced_tokens(unit: str) -> list[str]:
    if _PLAIN.fullmatch(unit) and is_normalized("NFKC", unit):
        chars = list(unit)
    else:
        key = match_key(unit)
        chars = [key[a:b] for start, end in words(key) for a, b in _characters(key, start, end)]
    tokens = [f"u:{char}" for char in chars]
    tokens += [f"b:{left}{right}" for left, right in zip(chars, chars[1:], strict=False)]
    return tokens


def _characters(key: str, start: int, end: int) -> Iterator[Span]:
    if script_of(key[start]) == "katakana":
        yield from ((i, i + 1) for i in range(start, end))
    else:
        yield start, end


def _identifier_tokens(key: str) -> Iterator[str]:
    yield f"i:{key}"
    if _THOUSANDS.fullmatch(key):
        yield "i:" + re.sub(r"\D", "", key)
    elif any(char.isalpha() for char in key):
        joined = _SEPARATORS.sub("", key)
        if joined != key:
            yield f"i:{joined}"


def _word_tokens(part: str, language: str) -> Iterator[str]:
    key = match_key(part)
    if not key:
        return
    code = _language_of(part, language)
    yield f"w:{_stem(part, key, code)}"
    if script_of(key[0]) == "hangul":
        yield from (f"b:{key[i : i + 2]}" for i in range(len(key) - 1))
    elif key not in stop_keys(code):
        marked = f"^{key}$"
        yield from (f"t:{marked[i : i + 3]}" for i in range(len(marked) - 2))


def _language_of(word: str, language: str) -> str:
    """Return the language whose tables fit ``word``: the given one if its script does."""
    script = script_of(word[0])
    own = _SCRIPT_LANGUAGE.get(script, "")
    if script == "latin":
        return "" if language in _LANGUAGE_SCRIPT and language != "sr" else language
    return language if _LANGUAGE_SCRIPT.get(language) == script else own


@lru_cache(maxsize=1 << 17)
def _stem(word: str, key: str, language: str) -> str:
    if script_of(key[0]) == "hangul":
        return _PARTICLES.sub("", key)
    stemmer = _stemmer(language)
    if stemmer is None:
        return key
    # Latin endings carry accents that the rules look for; other scripts are folded first.
    latin = script_of(key[0]) == "latin"
    return match_key(str(stemmer.stemWord(word.lower() if latin else key))) or key


@lru_cache(maxsize=64)
def _stemmer(language: str) -> Any:  # noqa: ANN401 - the package is untyped
    name = _STEMMERS.get(language)
    if name is None:
        return None
    import Stemmer

    return Stemmer.Stemmer(name) if name in Stemmer.algorithms() else None
