"""What a short turn may be about: words of the last turns that a language model chooses among."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convrag.text.analysis import content_words
from convrag.text.normalize import match_key
from convrag.text.scripts import UNSPACED, script_of
from convrag.text.segment import sentences, words
from convrag.types import Dialogue, Role, Span

_TURNS = 4
_MOST = 480
"""What all that is shown may weigh: some 120 tokens, half a second of reading on two cores."""
_MOST_OF_TURN = 160
_WEIGHTS = {"latin": 1.0, "cyrillic": 1.5, "greek": 1.5}
_HEAVY = 2.0
"""How many letters of English a letter of another script weighs, in tokens."""
_WORDS, _CHARACTERS = 5, 12
"""Length of a topic, in scripts with spaces and without."""
_MOST_TOPICS = 400
_GAP = 3
_SPEAKERS = {Role.USER: "User", Role.ASSISTANT: "Assistant"}
_ASKS = "The user asks about:\n"
"""A topic stands on a line of its own: after a space, models do not spell it as usual."""
_SHOWN = (
    (
        "Where is the Eiffel Tower?",
        "The Eiffel Tower stands in Paris, on the Champ de Mars.",
        "How tall is it?",
        "Eiffel Tower",
    ),
    (
        "What are the side effects of aspirin?",
        "It can cause nausea and heartburn.",
        "And in children?",
        "side effects of aspirin",
    ),
    (
        "Who wrote Dune?",
        "Dune was written by Frank Herbert, an American author.",
        "What else did he write?",
        "Frank Herbert",
    ),
    (
        "I want to buy a used car.",
        "Look at the mileage and have a mechanic check the engine.",
        "What should I pay?",
        "used car",
    ),
    ("鲁迅是谁？", "鲁迅是中国作家。", "他出生在哪里？", "鲁迅"),
    ("¿Cuál es la capital de Perú?", "Lima.", "¿Y la moneda?", "Perú"),
)
EXAMPLES = "".join(
    f"User: {question}\nAssistant: {answer}\nUser: {turn}\n{_ASKS}{topic}\n\n"
    for question, answer, turn, topic in _SHOWN
)
"""What every prompt begins with, so that a generator that keeps its state reads it once."""


def last_said(dialogue: Dialogue) -> tuple[tuple[Role, str], ...]:
    """Return the first sentences of the last turns, oldest first, as much as may be shown."""
    shown: list[tuple[Role, str]] = []
    room = _MOST
    for turn in reversed(dialogue.turns[-_TURNS:]):
        text = _beginning(turn.text, turn.language, min(room, _MOST_OF_TURN))
        if not text:
            break
        room -= int(_weight(text))
        shown.append((turn.role, text))
    return tuple(reversed(shown))


def topic_prompt(said: Sequence[tuple[Role, str]], turn: str) -> str:
    """Return the text that a topic of ``turn`` continues."""
    lines = [f"{_SPEAKERS[role]}: {text}" for role, text in said]
    asked = _cut(" ".join(turn.split()), _MOST_OF_TURN)
    return "\n".join([EXAMPLES + "\n".join(lines), f"User: {asked}", _ASKS])


def topics(said: Sequence[tuple[Role, str]], turn: str, language: str) -> tuple[str, ...]:
    """Return what of ``said`` may be what the turn is about, newest first, nothing twice.

    A topic is a stretch of a few words without punctuation that begins and ends with a content
    word, begins with no digit, and is not in the turn.
    """
    key = match_key(turn)
    found: dict[str, str] = {}
    for _, text in reversed(said):
        for start, end in _stretches(text, language):
            topic = text[start:end]
            folded = match_key(topic)
            if folded and folded not in key:
                found.setdefault(folded, topic)
    return tuple(found.values())[:_MOST_TOPICS]


def _stretches(text: str, language: str) -> Iterator[Span]:
    content = content_words(text, language)
    starts, ends = {start for start, _ in content}, {end for _, end in content}
    units = words(text)
    for first, (start, _) in enumerate(units):
        if start not in starts or text[start].isdigit():
            continue
        most = _CHARACTERS if script_of(text[start]) in UNSPACED else _WORDS
        last = start
        for at, end in units[first : first + most]:
            gap = text[last:at] if last > start else ""
            if len(gap) > _GAP or any(c in '.,;:!?()"。，、？！（）؟،।' for c in gap):
                break
            last = end
            if end in ends:
                yield start, end


def _beginning(text: str, language: str, most: float) -> str:
    """Return the first sentence of the text, or what of it does not weigh too much."""
    text = " ".join(text.split())
    spans = sentences(text, language)
    return _cut(text[: spans[0][1]] if spans else text, most)


def _cut(text: str, most: float) -> str:
    """Return the text, cut before the word with which it weighs more than ``most``."""
    weight, kept = 0.0, 0
    for place, char in enumerate(text):
        weight += _of(char)
        if weight > most:
            return text[:kept]
        if char == " " or script_of(char) in UNSPACED:
            kept = place + (char != " ")
    return text


def _weight(text: str) -> float:
    return sum(map(_of, text))


def _of(char: str) -> float:
    return 1.0 if char.isascii() else _WEIGHTS.get(script_of(char), _HEAVY)
