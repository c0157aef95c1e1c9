"""Which of the languages in play a text is written in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from convrag.text.function_words import (
    greetings,
    leading_particles,
    letters,
    name_particles,
    openers,
    romanised,
    spelled,
)
from convrag.text.scripts import UNSPACED, script_of

_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht "
    "hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky "
    "la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny "
    "oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss "
    "st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo "
    "za zh zu "
)
KNOWN_LANGUAGES = frozenset(_CODES.split())
"""Every ISO 639-1 code."""

_BY_SCRIPT: dict[str, tuple[str, ...]] = {
    "hiragana": ("ja",),
    "katakana": ("ja",),
    "han": ("zh", "ja", "ko"),
    "hangul": ("ko",),
    "arabic": ("ar", "fa", "ur", "ps", "ckb", "ug", "sd"),
    "devanagari": ("hi", "mr", "ne", "sa"),
    "cyrillic": ("ru", "uk", "bg", "sr", "be", "mk", "kk", "ky", "mn", "tg"),
    "thai": ("th",),
    "hebrew": ("he", "yi"),
    "greek": ("el",),
    "armenian": ("hy",),
    "georgian": ("ka",),
    "bengali": ("bn", "as"),
    "gurmukhi": ("pa",),
    "gujarati": ("gu",),
    "oriya": ("or",),
    "tamil": ("ta",),
    "telugu": ("te",),
    "kannada": ("kn",),
    "malayalam": ("ml",),
    "sinhala": ("si",),
    "lao": ("lo",),
    "myanmar": ("my",),
    "khmer": ("km",),
    "tibetan": ("bo", "dz"),
    "ethiopic": ("am", "ti"),
}
_NOT_LATIN = frozenset(code for codes in _BY_SCRIPT.values() for code in codes) - {"sr"}

_OWN_LETTERS: dict[str, str] = {
    "ar": "ةىيكأإؤئ",
    "fa": "پچژگکی",
    "ur": "ٹڈڑںےہھۃ",
    "ru": "ыэъё",
    "uk": "іїєґ",
    "be": "ўіыэё",
    "bg": "ъ",
    "sr": "јљњћђџ",
    "mk": "јљњѓќѕџ",
    "kk": "әғқңөұүһі",
}
_CHINESE_ONLY = frozenset("的了吗呢吧哪么什们这那您她它很没谁请问嗎麼們這誰個为")
_WORD = re.compile(r"[^\W\d_]+")
_IDENTIFIER = re.compile(r"\S*\d\S*")
_SAMPLE = 2000
# A Han or kana character says about as much as three letters of an alphabet.
_WEIGHT = {"han": 3, "hiragana": 3, "katakana": 3, "hangul": 2}
_FOREIGN = 6
_SURE = 0.70


class LanguageIdentifier:
    """Names the language of a text, among the languages in play only."""

    def __init__(self, languages: Sequence[str]) -> None:
        """Take the languages in play.

        Args:
            languages: ISO 639-1 codes; the first is the answer of last resort.

        Raises:
            ValueError: ``languages`` is empty.
        """
        if not languages:
            raise ValueError("no languages in play")
        self._languages = tuple(dict.fromkeys(languages))
        self._latin = tuple(code for code in self._languages if code not in _NOT_LATIN)
        self._weights = {word: 1.0 / n for word, n in _counts(self._latin).items()}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in play."""
        return self._languages

    def identify(self, text: str, *, default: str = "") -> str:
        """Return one of the languages in play, or ``default`` where the text does not say.

        Args:
            text: Any text; only its first 2000 characters are looked at.
            default: The answer for a text that fits several languages, like a bare name: the
                dialogue's language so far. "" lets the most probable language win.
        """
        sample = text[:_SAMPLE]
        scripts = _script_counts(sample)
        if not scripts:
            return default or self._languages[0]
        script = self._main_script(sample, scripts)
        if script == "latin":
            return self._identify_latin(sample, default)
        if script == "han" and scripts["hiragana"] + scripts["katakana"]:
            script = "hiragana"
        candidates = tuple(c for c in self._languages if c in _BY_SCRIPT.get(script, ()))
        if script == "han":
            return self._identify_han(sample, candidates, default)
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            return default or self._languages[0]
        return self._by_letters(sample, candidates, default)

    def _main_script(self, text: str, scripts: Counter[str]) -> str:
        weights = {name: count * _WEIGHT.get(name, 1) for name, count in scripts.items()}
        script = max(weights, key=lambda name: (weights[name], name))
        latin = weights.pop("latin", 0)
        if not latin or not weights:
            return script
        # Foreign names stand in text of every script, Latin ones most: the grammar tells.
        other = max(weights, key=lambda name: (weights[name], name))
        candidates = [c for c in self._languages if c in _BY_SCRIPT.get(other, ())]
        tokens = {token.lower() for token in _WORD.findall(text)}
        heard = max((sum(t in spelled(c) for t in tokens) for c in candidates), default=0)
        if other in UNSPACED:
            heard += len(_CHINESE_ONLY & set(text)) + 2 * scripts["hiragana"]
        heard_latin = max((sum(t in spelled(c) for t in tokens) for c in self._latin), default=0)
        if heard == heard_latin == 0:
            return other if candidates and latin <= 3 * weights[other] else script
        if heard >= heard_latin:
            return other if latin <= _FOREIGN * weights[other] else script
        return "latin" if weights[other] <= _FOREIGN * latin else script

    def _identify_han(self, text: str, candidates: tuple[str, ...], default: str) -> str:
        if not candidates:
            return default or self._languages[0]
        bare = len(_WORD.findall(text)) <= 1 and len(text.strip()) <= 6
        if default in candidates and bare and not _CHINESE_ONLY & set(text):
            return default
        return candidates[0] if "zh" not in candidates else "zh"

    def _by_letters(self, text: str, candidates: tuple[str, ...], default: str) -> str:
        lowered = text.lower()
        tokens = Counter(_WORD.findall(lowered))
        votes = dict.fromkeys(candidates, 0.0)
        for code in candidates:
            shared = Counter("".join(_OWN_LETTERS.get(c, "") for c in candidates))
            for letter in _OWN_LETTERS.get(code, ""):
                votes[code] += lowered.count(letter) / shared[letter]
            votes[code] += 2.0 * sum(tokens[word] for word in spelled(code))
        best, second = _top_two(votes)
        if votes[best] > (votes[second] if second else 0.0):
            return best
        if default in candidates:
            return default
        guess, _ = _detect(text, candidates)
        return guess or candidates[0]

    def _identify_latin(self, text: str, default: str) -> str:
        if not self._latin:
            return default or self._languages[0]
        if len(self._latin) == 1 and not default:
            return self._latin[0]
        text = _IDENTIFIER.sub(" ", text)
        tokens = _WORD.findall(text)
        written = romanised(default)
        votes = self._vote(text, [token.lower() for token in tokens])
        best, second = _top_two(votes)
        margin = votes[best] - (votes[second] if second else 0.0)
        named = default != "" and _is_name(tokens)
        heard = sum(token.lower() in written for token in tokens)
        if default in self._languages and heard > max(1.0, votes[best]):
            return default
        if not named and votes[best] >= 1.0 and margin >= max(0.5, 0.15 * votes[best]):
            return best
        if default and (named or len(tokens) < 3):
            return default
        guess, probability = _detect(text, self._latin)
        if default in votes and votes[default] >= votes.get(guess, 0.0):
            return default
        if guess and (probability >= _SURE or not default):
            # Where function words were heard at all, the detector may only choose among the heard.
            if votes[best] >= 1.0 and votes.get(guess, 0.0) < votes[best] - 0.5:
                return best
            return guess
        if default:
            return default
        return best if votes[best] > 0 else self._latin[0]

    def _vote(self, text: str, tokens: Sequence[str]) -> dict[str, float]:
        votes = dict.fromkeys(self._latin, 0.0)
        signs = set(text.lower())
        opening = [code for code in self._latin if tokens and tokens[0] in openers(code)]
        for code in opening:
            votes[code] += 0.75 / len(opening)
        for code in self._latin:
            known = spelled(code)
            votes[code] += sum(self._weights[t] for t in tokens if t in known)
            votes[code] += sum(self._weights[t] for t in tokens if t in greetings(code))
            votes[code] += sum(0.8 * self._weights[c] for c in letters(code) & signs)
        return votes


def _counts(languages: Sequence[str]) -> Counter[str]:
    """Return in how many of ``languages`` each word or letter of the tables occurs."""
    found: Counter[str] = Counter()
    for code in languages:
        found.update(spelled(code) | greetings(code) | letters(code))
    return found


def _script_counts(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for char in text:
        script = script_of(char)
        if script:
            found[script] += 1
    return found


def _top_two(votes: dict[str, float]) -> tuple[str, str]:
    """Return the best and the second language; ties go by the order in play."""
    ranked = sorted(votes, key=lambda code: -votes[code])
    return ranked[0], ranked[1] if len(ranked) > 1 else ""


def _is_name(tokens: Sequence[str]) -> bool:
    """Whether the text may be nothing but a name: capitals and particles, four words at most."""
    if not 0 < len(tokens) <= 4:
        return False
    first = tokens[0].lower()
    if first in name_particles() and first not in leading_particles():
        return False
    return all(
        (token[0].isupper() or token.lower() in name_particles()) and not _is_asking(token.lower())
        for token in tokens
    )


def _is_asking(word: str) -> bool:
    return word not in name_particles() and any(
        word in spelled(code) or word in greetings(code)
        for code in ("en", "es", "fr", "de", "pt", "it", "nl")
    )


@lru_cache(maxsize=16)
def _factory(languages: tuple[str, ...]) -> Any:  # noqa: ANN401 - the package is untyped
    """Return a detector factory that knows ``languages`` only, or None for fewer than two."""
    from langdetect.detector_factory import DetectorFactory

    DetectorFactory.seed = 0
    folder = files("langdetect").joinpath("profiles")
    profiles = []
    for code in languages:
        for name in {"zh": ("zh-cn", "zh-tw")}.get(code, (code,)):
            profile = folder.joinpath(name)
            if profile.is_file():
                profiles.append(profile.read_text(encoding="utf-8"))
    if len(profiles) < 2:
        return None
    factory = DetectorFactory()
    factory.load_json_profile(profiles)
    return factory


def _detect(text: str, languages: tuple[str, ...]) -> tuple[str, float]:
    """Return the detector's language and its probability (0..1); ("", 0.0) when it cannot say."""
    factory = _factory(languages)
    if factory is None:
        return "", 0.0
    from langdetect.lang_detect_exception import LangDetectException

    detector = factory.create()
    detector.append(text)
    try:
        found = detector.get_probabilities()
    except LangDetectException:
        return "", 0.0
    if not found:
        return "", 0.0
    return str(found[0].lang).split("-")[0], float(found[0].prob)
