"""Whether a turn leans on the dialogue: which of its words point outside it, and how much it says.

A question that says what it is about stands alone, whatever pronouns it has in it.
"""

from __future__ import annotations

import re

from convrag.dialogue.lexicon import ITEMS, Cue
from convrag.dialogue.seen import Seen, content_count
from convrag.graph.phrases import mask
from convrag.graph.planning import Planner
from convrag.text.analysis import content_words
from convrag.text.function_words import stop_keys
from convrag.text.normalize import match_key
from convrag.text.segment import overlap, words
from convrag.types import Query, Span

_DROPS_SUBJECTS = frozenset({"ar", "es", "ja", "ko", "pt", "zh"})
_ARTICLES = {
    "en": ("the", "a", "an"),
    "es": ("el", "la", "los", "las", "un", "una"),
    "fr": ("le", "la", "les", "l", "un", "une", "des", "du"),
    "de": ("der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer"),
    "pt": ("o", "a", "os", "as", "um", "uma"),
}
_LONG_NAME = re.compile(r"[\u30a0-\u30ff・0-9A-Za-z]{3,}|[\u4e00-\u9fff々]{3,}")
"""What Japanese writes names with: three or more characters of one kind."""
_SHORT = 3
"""Words of a turn that only says what is asked for: "opening hours?"."""


def is_determiner(cue: Cue, seen: Seen) -> bool:
    """Whether the word goes with the noun after it ("that river") and is no pronoun ("for that?").

    Without spaces between words this cannot be seen.
    """
    if "demonstratives" not in cue.kinds or seen.language in ("zh", "ja"):
        return False
    asking = (start for _, (start, _) in seen.lexicon.spoken(seen.text, "asking"))
    behind = [start for start in asking if start >= cue.span[1]]
    if behind and not seen.text[cue.span[1] : behind[0]].strip():
        return False  # "वह किन देशों में है?": a question word begins another phrase
    rest = seen.text[cue.span[1] :].lstrip()
    if "pronouns" in cue.kinds and seen.language == "de" and not seen.links:
        following = words(rest, "de")[:1]  # "den denn", "der auch": no noun follows
        if following and match_key(rest[slice(*following[0])]) in stop_keys("de"):
            return False
    return rest[:1].isalnum()


def is_article(cue: Cue, seen: Seen) -> bool:
    """Return whether the demonstrative is a mere article, or written as one."""
    word = match_key(seen.text[cue.span[0] : cue.span[1]]).rstrip("'’")
    return word in _ARTICLES.get(seen.language, ())


def is_plural(cue: Cue, seen: Seen) -> bool:
    return any(overlap(cue.span, span) for _, span in seen.lexicon.spoken(seen.text, "plurals"))


def asks_whether(seen: Seen) -> bool:
    """Whether it is asked by yes or no of what a pronoun before the name means."""
    if len(seen.links) != 1 or seen.lexicon.spoken(seen.text, "asking"):
        return False
    start = seen.links[0].mention.span[0]
    beside = [span for _, span in seen.lexicon.spoken(seen.text, "with")]
    if any(not seen.text[end:start].strip() for _, end in beside if end <= start):
        return any(c.isalnum() for c in seen.text[: beside[0][0]])  # "¿limita con Perú?"
    return any(
        "pronouns" in cue.kinds
        and cue.span[1] <= start
        and not is_determiner(cue, seen)
        and not is_plural(cue, seen)
        for cue in seen.cues
    )


def is_bound(cue: Cue, seen: Seen) -> bool:
    """Whether the pronoun points at what the turn names before it ("when Cabot was 9, he ...").

    That is a noun with an article or a capital, or any where words are not told apart by spaces.
    What is asked of one's own things is asked of those in focus.
    """
    if "places" in cue.kinds or "demonstratives" in cue.kinds:
        return False
    before = seen.text[: cue.span[0]]
    if seen.language in ("ja", "zh"):
        return content_count(_own(seen)[: cue.span[0]], seen.language, []) > 1
    if seen.lexicon.spoken(seen.text, "speaker"):
        return False
    return _names_something(before, seen)


def most_besides(seen: Seen, *, wanted: bool) -> int:
    """Return up to how many words of its own a turn without a name may be about the one in focus.

    A question that says what it is about stands alone ("what are the sizes of atoms?"). Where
    subjects are left out, such a word may be a verb ("¿cuándo se fundó?").
    """
    words_of = seen.lexicon.spoken
    asks = bool(words_of(seen.text, "asking"))
    short = len(words(seen.text, seen.language)) <= _SHORT
    if words_of(seen.text, "defining") and not seen.opening:
        return 0
    if seen.language == "ja":
        return 0 if _LONG_NAME.search(_own(seen)) else 3
    if seen.language == "zh":
        begins = any(start == 0 for _, (start, _) in words_of(seen.text, "subjectless"))
        return 3 if begins or seen.opening else 1
    if seen.opening:
        return 2
    if seen.language in _DROPS_SUBJECTS:
        return 0 if _names_something(seen.text, seen) else 2
    if short and not asks and not _begins_with_verb(seen):
        return 2
    return int(wanted and not asks)


def _begins_with_verb(seen: Seen) -> bool:
    """Whether the first word is a small one that stands beside no noun: "are", "does"."""
    first = next(iter(words(seen.text, seen.language)), (0, 0))
    key = match_key(seen.text[first[0] : first[1]])
    beside = any(first == span for _, span in seen.lexicon.spoken(seen.text, "beside"))
    return key in stop_keys(seen.language) and not beside


def _own(seen: Seen) -> str:
    """Return the turn without relations, referring words and its opening."""
    spans = [*(r.span for r in seen.relations), *(c.span for c in seen.cues), seen.opening_span]
    return mask(seen.text, spans)


def _names_something(text: str, seen: Seen) -> bool:
    """Whether the beginning ``text`` of the turn has a noun of its own with an article."""
    spans = [*(r.span for r in seen.relations), seen.opening_span]
    return any(
        _is_noun(span, text, seen)
        for span in content_words(text, seen.language)
        if not any(overlap(span, other) for other in spans)
    )


def _is_noun(span: Span, text: str, seen: Seen) -> bool:
    start = span[0]
    # French repeats a subject as a pronoun: "Washington était-il ...".
    if text[start].isupper() and (any(c.isalnum() for c in text[:start]) or seen.language == "fr"):
        return seen.language != "de"
    if seen.language == "ar":
        return text.startswith("ال", start)
    lead = text[:start].rstrip(" '’").split()
    articles = _ARTICLES.get(seen.language, ())
    return bool(lead) and match_key(lead[-1]).rsplit("'", 1)[-1].rsplit("’", 1)[-1] in articles


def is_whole(seen: Seen, planner: Planner) -> bool:
    """Return whether all that the turn says makes one question over several facts.

    "The population of the country governed from Victoria" points at no country before it. A pronoun
    that stands before all names may still do so.
    """
    if seen.opening or not seen.links or seen.lexicon.spoken(seen.text, *ITEMS, "both"):
        return False
    first = min(link.mention.span[0] for link in seen.links)
    leans = {"pronouns", "possessives", "places", "events"}
    before = (cue for cue in seen.cues if cue.kinds & leans and cue.span[0] < first)
    if not all(is_determiner(cue, seen) or is_bound(cue, seen) for cue in before):
        return False
    query = Query(seen.text, seen.text, seen.language, seen.links)
    return planner.plan(query) is not None


def repeats(seen: Seen, last: str) -> bool:
    """Whether all the turn's words of content stand in the last question: "at which ghat?"."""
    known = _content_keys(last, seen.language)
    return _content_keys(mask(seen.text, [seen.opening_span]), seen.language) <= known


def _content_keys(text: str, language: str) -> set[str]:
    return {match_key(text[a:b]) for a, b in content_words(text, language)}
