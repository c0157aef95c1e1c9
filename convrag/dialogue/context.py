"""A turn and what was said before it, as the bounded run of tokens a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from convrag.models.pieces import END, START, Pieces, PieceTokenizer
from convrag.types import Span

MOST = 160
"""Tokens of a context: what the time for a turn allows."""
_TURN, _ANSWER, _QUESTION, _OLDER = 48, 56, 24, 16
CURRENT, ANSWER, QUESTION, OLDER_ANSWER, OLDER_QUESTION, OUTSIDE = range(6)
"""What a token belongs to: the turn, the last answer or question, older ones, or nothing."""


@dataclass(frozen=True, slots=True)
class Context:
    """A context's tokens, oldest first and the turn last.

    ``places`` says for each token which text it is of (the turn is the last one) and where in it;
    special tokens have an empty place.
    """

    texts: tuple[str, ...]
    ids: tuple[int, ...]
    segments: tuple[int, ...]
    places: tuple[tuple[int, Span], ...]


def context_of(
    history: Sequence[tuple[bool, str]], turn: str, tokenizer: PieceTokenizer
) -> Context:
    """Return the context of ``turn``, at most ``MOST`` tokens.

    The newest is kept first: the turn, the last question and answer, older questions, and of older
    answers the beginnings.

    Args:
        history: Whether the user said it, and the text, oldest first.
        turn: The turn.
        tokenizer: Splits the texts.
    """
    texts = (*(text for _, text in history), turn)
    users = [place for place, (user, _) in enumerate(history) if user]
    answers = [place for place, (user, _) in enumerate(history) if not user]
    wanted = [(len(history), _TURN, CURRENT)]
    wanted += [(place, _QUESTION, QUESTION) for place in users[-1:]]
    wanted += [(place, _ANSWER, ANSWER) for place in answers[-1:]]
    wanted += [(place, _QUESTION, OLDER_QUESTION) for place in users[-2::-1]]
    wanted += [(place, _OLDER, OLDER_ANSWER) for place in answers[-2::-1]]
    kept: dict[int, tuple[Pieces, int]] = {}
    room = MOST - 1
    for place, most, segment in wanted:
        size = min(most, room - 1)
        if size < 1:
            break
        pieces = tokenizer.split(texts[place][: 8 * most])
        kept[place] = (Pieces(pieces.ids[:size], pieces.spans[:size]), segment)
        room -= len(kept[place][0].ids) + 1
    ids, segments, places = [START], [OUTSIDE], [(0, (0, 0))]
    for place in sorted(kept):
        pieces, segment = kept[place]
        ids += [*pieces.ids, END]
        segments += [segment] * (len(pieces.ids) + 1)
        places += [*((place, span) for span in pieces.spans), (place, (0, 0))]
    return Context(texts, tuple(ids), tuple(segments), tuple(places))
