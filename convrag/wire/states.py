"""What a dialogue's next turn may refer to, to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convrag.types import Asked, Clarification, DialogueState, Focus, Mention
from convrag.wire.conclusions import text_of
from convrag.wire.records import (
    choices_from_json,
    choices_to_json,
    damaged,
    link_from_json,
    link_to_json,
    span_of,
)
from convrag.wire.schema import Json


def state_to_json(state: DialogueState) -> Json:
    """Return the dialogue's state as a JSON object (``$defs/state`` of :data:`JSON_SCHEMA`)."""
    return {
        "focus": [
            {
                "entity_id": f.entity_id,
                "name": f.name,
                "salience": f.salience,
                "types": list(f.types),
            }
            for f in state.focus
        ],
        "last_question": state.last_question,
        "last_links": [link_to_json(link) for link in state.last_links],
        "language": state.language,
        "topic": state.topic,
        "turn": state.turn,
        "listed": list(state.listed),
        "years": list(state.years),
        "asked": [_asked_to_json(asked) for asked in state.asked],
        "pending": None if state.pending is None else _pending_to_json(state.pending),
        "senses": [{"name": name, "entity_id": entity} for name, entity in state.senses],
        "reply_language": state.reply_language,
    }


def state_from_json(data: Mapping[str, Any]) -> DialogueState:
    """Return the state that ``data`` was made from, also by earlier versions, which knew less.

    Raises:
        SessionError: ``data`` is not a dialogue's state.
    """
    try:
        pending = data.get("pending")
        return DialogueState(
            focus=tuple(
                Focus(
                    entity_id=text_of(f["entity_id"]),
                    name=text_of(f["name"]),
                    salience=float(f["salience"]),
                    types=tuple(text_of(t) for t in f["types"]),
                )
                for f in data["focus"]
            ),
            last_question=text_of(data["last_question"]),
            last_links=tuple(link_from_json(link) for link in data["last_links"]),
            language=text_of(data["language"]),
            topic=int(data["topic"]),
            turn=int(data.get("turn", 0)),
            listed=tuple(text_of(e) for e in data.get("listed", ())),
            years=tuple(int(year) for year in data.get("years", ())),
            asked=tuple(_asked_from_json(asked) for asked in data.get("asked", ())),
            pending=None if pending is None else _pending_from_json(pending),
            senses=tuple(
                (text_of(s["name"]), text_of(s["entity_id"])) for s in data.get("senses", ())
            ),
            reply_language=text_of(data.get("reply_language", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged("dialogue state", error) from error


def _asked_to_json(asked: Asked) -> Json:
    return {
        "number": asked.number,
        "text": asked.text,
        "language": asked.language,
        "act": asked.act,
        "answered": asked.answered,
        "about": list(asked.about),
        "topic": asked.topic,
    }


def _asked_from_json(data: Mapping[str, Any]) -> Asked:
    return Asked(
        number=int(data["number"]),
        text=text_of(data["text"]),
        language=text_of(data["language"]),
        act=text_of(data["act"]),
        answered=bool(data["answered"]),
        about=tuple(text_of(e) for e in data["about"]),
        topic=int(data["topic"]),
    )


def _pending_to_json(pending: Clarification) -> Json:
    return {
        "question": pending.question,
        "name": pending.mention.text,
        "span": list(pending.mention.span),
        "choices": choices_to_json(pending.choices),
        "language": pending.language,
        "asked": pending.asked,
    }


def _pending_from_json(data: Mapping[str, Any]) -> Clarification:
    return Clarification(
        question=text_of(data["question"]),
        mention=Mention(text_of(data["name"]), span_of(data["span"])),
        choices=choices_from_json(data["choices"]),
        language=text_of(data["language"]),
        asked=bool(data["asked"]),
    )
