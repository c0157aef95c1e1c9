"""Turns made to stand alone by a language model that is shown a few examples, and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convrag.errors import ModelError
from convrag.protocols import CancelToken, Generator, Prompt
from convrag.text.analysis import content_words, query_terms
from convrag.text.language import LanguageIdentifier
from convrag.text.normalize import match_key
from convrag.text.sanitize import plain
from convrag.text.scripts import UNSPACED, script_of
from convrag.types import Dialogue, Query, Role, Turn

_TURNS = 4
_LENGTH = 160
"""Characters of a turn of the history that the model is shown."""
_TOKENS = 40
_LONGER = 3
"""How many times as long as the turn a rewrite may be, plus a name."""
_NAME = 60
_KEPT = 0.5
"""Share of the turn's content words that must be left."""
_LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt", "ko", "it", "th", "vi")
_EXAMPLES = (
    "User: Where is the Eiffel Tower?\nAssistant: In Paris.\n"
    "Follow-up: How tall is it?\nQuestion: How tall is the Eiffel Tower?\n\n"
    "User: ¿Cuál es la capital de Perú?\nAssistant: Lima.\n"
    "Follow-up: ¿Y de Chile?\nQuestion: ¿Cuál es la capital de Chile?\n\n"
    "User: 鲁迅是谁？\nAssistant: 中国作家。\n"
    "Follow-up: 他出生在哪里？\nQuestion: 鲁迅出生在哪里？\n\n"
)


class GenerativeRewriter:
    """Asks a generator for the standalone question; what it says is used only when it is sound.

    It must be in the turn's language, not much longer than the turn, not an earlier turn, and made
    of words of the turn, half of them at least, and of the dialogue.

    Args:
        generator: Continues the prompt.
        gate: Whether a turn leans on the dialogue; one that does not is not shown to the generator.
    """

    def __init__(
        self,
        generator: Generator,
        gate: Callable[[Turn, Dialogue], bool] = lambda turn, dialogue: True,
    ) -> None:
        self._generator = generator
        self._gate = gate
        self._identifier = LanguageIdentifier(_LANGUAGES)

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the standalone query; on any doubt the turn as it is."""
        text = " ".join(turn.text.split())
        language = turn.language or dialogue.state.language
        alone = Query(turn.text.strip(), turn.text.strip(), language)
        if not dialogue.turns or not any(c.isalnum() for c in text):
            return alone
        if not self._gate(turn, dialogue):
            return alone
        said = [
            f"{'User' if one.role is Role.USER else 'Assistant'}: "
            f"{' '.join(one.text.split())[:_LENGTH]}"
            for one in dialogue.turns[-_TURNS:]
        ]
        prompt = f"{_EXAMPLES}{chr(10).join(said)}\nFollow-up: {text}\nQuestion:"
        try:
            pieces = self._generator.stream(
                Prompt(prompt, max_tokens=_TOKENS, stop=("\n",)), cancel=CancelToken()
            )
            written = plain("".join(pieces)).strip()
        except ModelError:
            return alone
        if not self._is_sound(written, text, [one.text for one in dialogue.turns], language):
            return alone
        return Query(written, alone.original, language, (), 0.6, False, "followup")

    def _is_sound(self, written: str, turn: str, said: Sequence[str], language: str) -> bool:
        keys = {match_key(text) for text in (turn, *said)}
        if not any(c.isalnum() for c in written) or match_key(written) in keys:
            return False
        asked = _stems(turn, language)
        if len(asked & _stems(written, language)) < _KEPT * len(asked):
            return False
        if len(written) > _LONGER * len(turn) + _NAME:
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
