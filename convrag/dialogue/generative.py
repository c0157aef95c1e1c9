"""Turns made to stand alone by a language model that is shown a few examples, and checked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from convrag.dialogue.lexicon import lexicon
from convrag.dialogue.rendering import put_in
from convrag.dialogue.topics import EXAMPLES, last_said, topic_prompt, topics
from convrag.errors import ModelError
from convrag.protocols import CancelToken, Chooser, Generator, Prompt, Rewriter
from convrag.text.analysis import content_words, query_terms
from convrag.text.language import LanguageIdentifier
from convrag.text.normalize import match_key
from convrag.text.sanitize import plain
from convrag.text.scripts import UNSPACED, script_of
from convrag.types import Dialogue, Query, Role, Span, Turn

_TO_CHOOSE, _TO_WRITE = 1.0, 3.0
"""Seconds for a turn: of a model in this process that chooses, and of one that writes, which may be
a large one on a server."""
_LEANING = 0.7
"""Probability of leaning on the history from which a turn left as it is goes to the generator."""
_CONFIDENCE = 0.6
_TOPIC_TOKENS = 24
_TOKENS = 40
_LONGER = 3
"""How many times as long as the turn a rewrite may be, plus a name."""
_NAME = 60
_KEPT = 0.5
"""Share of the turn's content words that must be left."""
_LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt", "ko", "it", "th", "vi")
_QUESTIONS = (
    "User: Where is the Eiffel Tower?\nAssistant: In Paris.\n"
    "Follow-up: How tall is it?\nQuestion: How tall is the Eiffel Tower?\n\n"
    "User: ¿Cuál es la capital de Perú?\nAssistant: Lima.\n"
    "Follow-up: ¿Y de Chile?\nQuestion: ¿Cuál es la capital de Chile?\n\n"
    "User: 鲁迅是谁？\nAssistant: 中国作家。\n"
    "Follow-up: 他出生在哪里？\nQuestion: 鲁迅出生在哪里？\n\n"
)


class LeaningRewriter(Rewriter, Protocol):
    """A rewriter that says how sure it is that a turn needs its history."""

    def leaning(self, turn: Turn, dialogue: Dialogue) -> float:
        """Return the probability that the turn leans on the turns before."""
        ...


class GenerativeRewriter:
    """Asks a generator about turns that lean on their history, beside another rewriter.

    A generator that can be held to given texts chooses words of the last turns, which are put into
    the turn: nothing of the turn is lost and no word comes from nowhere. Any other one writes the
    standalone question, which is used only when it is sound: in the turn's language, not much
    longer than the turn, no earlier turn, of words of the dialogue and half of those of the turn.

    Whatever goes wrong, or takes longer than ``seconds``, leaves what the other rewriter found.

    Args:
        generator: Continues the prompt, or chooses.
        first: The other rewriter; a generator that chooses is asked about what it leaves only.
        seconds: Time for one turn, then the generator is cancelled; None for the usual time.
    """

    def __init__(
        self, generator: Generator, first: LeaningRewriter, *, seconds: float | None = None
    ) -> None:
        self._generator = generator
        self._chooser = generator if isinstance(generator, Chooser) else None
        self._first = first
        allowed = _TO_WRITE if self._chooser is None else _TO_CHOOSE
        self._seconds = allowed if seconds is None else seconds
        self._identifier = LanguageIdentifier(_LANGUAGES)

    def get_ready(self) -> None:
        """Let a generator that keeps its state read the examples, so that no turn waits for it."""
        if self._chooser is not None:
            with suppress(ModelError):
                self._chooser.choose(Prompt(EXAMPLES, max_tokens=1), ("x",), cancel=CancelToken())

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the standalone query; on any doubt what the other rewriter made of the turn."""
        query = self._first.rewrite(turn, dialogue)
        if not dialogue.turns or not any(c.isalnum() for c in turn.text):
            return query
        if not query.standalone and self._chooser is not None:
            return query
        if query.standalone and self._first.leaning(turn, dialogue) < _LEANING:
            return query
        text = " ".join(turn.text.split())
        language = turn.language or dialogue.state.language
        cancel = CancelToken()
        timer = threading.Timer(self._seconds, cancel.cancel)
        timer.daemon = True
        timer.start()
        try:
            if self._chooser is not None:
                written = self._with_topic(self._chooser, text, language, dialogue, cancel)
            else:
                written = self._written(text, language, dialogue, cancel)
        except ModelError:
            return query
        finally:
            timer.cancel()
        if not written or cancel.cancelled:
            return query
        return Query(written, query.original, language, (), _CONFIDENCE, False, "followup")

    def _with_topic(
        self, chooser: Chooser, text: str, language: str, dialogue: Dialogue, cancel: CancelToken
    ) -> str:
        """Return the turn with the words that the generator chose in it; "" when it chose none."""
        said = last_said(dialogue)
        choices = topics(said, text, language)
        prompt = Prompt(topic_prompt(said, text), max_tokens=_TOPIC_TOKENS)
        topic = plain(chooser.choose(prompt, choices, cancel=cancel)).strip()
        return put_in(text, [topic], _pronouns(text, language), language) if topic else ""

    def _written(self, text: str, language: str, dialogue: Dialogue, cancel: CancelToken) -> str:
        """Return the question that the generator wrote; "" when it is not sound."""
        said = [
            f"{'User' if role is Role.USER else 'Assistant'}: {one}"
            for role, one in last_said(dialogue)
        ]
        prompt = f"{_QUESTIONS}{chr(10).join(said)}\nFollow-up: {text}\nQuestion:"
        asked = Prompt(prompt, max_tokens=_TOKENS, stop=("\n",))
        pieces: list[str] = []
        for piece in self._generator.stream(asked, cancel=cancel):
            pieces.append(piece)
            if sum(map(len, pieces)) > _most(text):
                return ""
        written = plain("".join(pieces)).strip()
        told = [one.text for one in dialogue.turns]
        return written if self._is_sound(written, text, told, language) else ""

    def _is_sound(self, written: str, turn: str, said: Sequence[str], language: str) -> bool:
        keys = {match_key(text) for text in (turn, *said)}
        if not any(c.isalnum() for c in written) or match_key(written) in keys:
            return False
        asked = _stems(turn, language)
        if len(asked & _stems(written, language)) < _KEPT * len(asked):
            return False
        if len(written) > _most(turn):
            return False
        if language and self._identifier.identify(written, default=language) != language:
            return False
        known = {term for text in (turn, *said) for term in query_terms(text, language)}
        characters = set("".join((turn, *said)))
        return all(
            set(query_terms(written[start:end], language)) <= known
            or (script_of(written[start]) in UNSPACED and set(written[start:end]) <= characters)
            for start, end in content_words(written, language)
        )


def _stems(text: str, language: str) -> set[str]:
    """Return the stems of the text's content words."""
    spans = content_words(text, language)
    terms = [term for start, end in spans for term in query_terms(text[start:end], language)]
    return {term for term in terms if not term.startswith("t:")}


def _most(turn: str) -> int:
    """Return the length of the longest rewrite of a turn."""
    return _LONGER * len(turn) + _NAME


def _pronouns(text: str, language: str) -> list[Span]:
    """Return where pronouns are; one that also comes before a noun counts only before a pause."""
    return [
        cue.span
        for cue in lexicon(language).cues(text)
        if cue.kinds & {"pronouns", "possessives"}
        and ("demonstratives" not in cue.kinds or not text[cue.span[1] :].lstrip()[:1].isalnum())
    ]
