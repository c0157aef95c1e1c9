"""One turn of a dialogue with what it says in full, as a value and as a line of JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from convrag.errors import DialogueError
from convrag.types import Role

SPLITS = ("train", "dev", "test")
ELLIPSIS = "ellipsis"
"""The kind of a turn that asks the last question of another thing: it needs what was asked."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one side said."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A turn, the turns before it, and the turn as it would stand alone.

    ``needs`` are the pieces of the history without which ``turn`` is not understood, where the
    source knows them; ``kind`` says how the turn leans on the history.
    """

    id: str
    language: str
    history: tuple[Utterance, ...]
    turn: str
    rewrite: str
    kind: str
    source: str
    split: str = "train"
    needs: tuple[str, ...] = ()


def split_of(group: str) -> str:
    """Return the split all examples of ``group`` belong to: 80, 10 and 10 of a hundred.

    It depends on the group alone, so that an article or a dialogue is never in two.
    """
    place = int(hashlib.sha256(group.encode("utf-8")).hexdigest()[:8], 16) % 10
    return {8: "dev", 9: "test"}.get(place, "train")


def to_line(example: Example) -> str:
    """Return the example as one line of JSON, without the line's end."""
    values = asdict(example)
    values["history"] = [[said.role.value, said.text] for said in example.history]
    return json.dumps(values, ensure_ascii=False)


def read_examples(path: Path) -> Iterator[Example]:
    """Yield the examples of a file that :func:`to_line` wrote.

    Raises:
        DialogueError: The file cannot be read, or a line of it is no example.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DialogueError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _parsed(json.loads(line))
        except (KeyError, TypeError, ValueError) as error:
            raise DialogueError(
                f"{path}:{number}: not an example: {error}", "write it with: convrag augment"
            ) from error


def _parsed(values: dict[str, object]) -> Example:
    history = values.pop("history")
    needs = values.pop("needs", ())
    if not isinstance(history, list) or not isinstance(needs, list | tuple):
        raise TypeError("'history' and 'needs' must be lists")
    if any(not isinstance(value, str) for value in values.values()):
        raise TypeError("a value is not a text")
    said = tuple(Utterance(Role(role), str(text)) for role, text in history)
    return Example(history=said, needs=tuple(map(str, needs)), **values)  # type: ignore[arg-type]


def exchange(pairs: Iterable[Sequence[str]]) -> tuple[Utterance, ...]:
    """Return questions and answers as utterances; an empty answer is left out."""
    said: list[Utterance] = []
    for question, answer in pairs:
        said.append(Utterance(Role.USER, question))
        if answer:
            said.append(Utterance(Role.ASSISTANT, answer))
    return tuple(said)
