"""Which language an answer is really in, judged apart from the pipeline's own word for it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Any

from convrag.evaluation.matching import plain_answer

LEAST_LETTERS = 20
"""Below this many letters a text is too short to tell its language."""
LEAST_PLAIN = 8
"""So many letters must be in words that do not begin with a capital: names are of no language."""
LEAST_PROBABILITY = 0.1
"""A language this probable counts as possible: names of other languages weigh in short answers."""

_QUOTED = re.compile(
    '"[^"\n]*"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»|»[^«\n]*«|「[^」\n]*」|『[^』\n]*』|‘[^’\n]*’'
    "|^[ \t]*>.*$",
    re.MULTILINE,
)
_CODE = re.compile(r"[A-Za-z]+-?\d[A-Za-z\d./-]*|\d[\d.,]*\s?[A-Za-z°%µ/]{1,5}[²³]?(?![A-Za-z])")
"""Product codes, and numbers with their units: the same in every language."""
_SCRIPTS = {
    "zh": {"CJK"}, "ja": {"CJK", "HIRAGANA", "KATAKANA"}, "ko": {"HANGUL", "CJK"},
    "ar": {"ARABIC"}, "fa": {"ARABIC"}, "ur": {"ARABIC"}, "he": {"HEBREW"},
    "hi": {"DEVANAGARI"}, "mr": {"DEVANAGARI"}, "ne": {"DEVANAGARI"}, "bn": {"BENGALI"},
    "pa": {"GURMUKHI"}, "gu": {"GUJARATI"}, "ta": {"TAMIL"}, "te": {"TELUGU"},
    "kn": {"KANNADA"}, "ml": {"MALAYALAM"}, "th": {"THAI"}, "el": {"GREEK"},
    "ru": {"CYRILLIC"}, "uk": {"CYRILLIC"}, "bg": {"CYRILLIC"}, "mk": {"CYRILLIC"},
}  # fmt: skip


def own_words(text: str) -> str:
    """Return an answer's text outside quotations and citation markers."""
    return _QUOTED.sub(" ", plain_answer(text))


def detected_right(text: str, language: str) -> bool | None:
    """Return whether a detector over all its languages takes ``text`` for ``language``.

    Returns:
        None when the text is too short or too full of names to tell, or the detector knows neither
        it nor the language.
    """
    text = _CODE.sub(" ", text)
    plain = sum(map(str.isalpha, "".join(w for w in text.split() if not w[0].isupper())))
    if sum(map(str.isalpha, text)) < LEAST_LETTERS or plain < LEAST_PLAIN:
        return None
    if language not in _known():
        return None
    ranked = detect(text)
    if not ranked:
        return None
    return ranked[0][0] == language or dict(ranked).get(language, 0.0) >= LEAST_PROBABILITY


def detect(text: str) -> tuple[tuple[str, float], ...]:
    """Return the languages ``text`` may be in with their probabilities, best first.

    Codes, and numbers with their units, are not taken into account.
    """
    import langdetect

    detector = _factory().create()
    detector.seed = 0
    detector.append(_CODE.sub(" ", text))
    try:
        found = detector.get_probabilities()
    except langdetect.LangDetectException:  # nothing in it but digits and marks
        return ()
    probabilities: Counter[str] = Counter()
    for language in found:
        probabilities[language.lang[:2]] += language.prob
    return tuple(sorted(probabilities.items(), key=lambda item: (-item[1], item[0])))


def script_right(text: str, language: str) -> bool | None:
    """Return whether most letters of ``text`` are of the language's script; None if it has none."""
    wanted = _SCRIPTS.get(language, {"LATIN"})
    letters = [char for char in _CODE.sub(" ", text) if char.isalpha()]
    if not letters:
        return None
    return 2 * sum(_script(char) in wanted for char in letters) > len(letters)


@lru_cache(maxsize=8192)
def _script(char: str) -> str:
    name = unicodedata.name(unicodedata.normalize("NFKC", char)[0], "")
    return name.split(" ", 1)[0]


@lru_cache(maxsize=1)
def _factory() -> Any:  # noqa: ANN401 - the library has no types
    from langdetect import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    return factory


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(name[:2] for name in _factory().get_lang_list())
