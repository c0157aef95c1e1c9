"""Conclusions from several facts, and values of the graph, to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convrag.types import Conclusion, Inference, Literal
from convrag.wire.schema import Json


def conclusion_to_json(said: Conclusion) -> Json:
    """Return the conclusion as a JSON object (``$defs/conclusion`` of the schema)."""
    difference = {} if said.difference is None else {"difference": value_to_json(said.difference)}
    return difference | {
        "kind": said.kind.value,
        "values": [value_to_json(value) for value in said.values],
        "property": said.property,
        "most": said.most,
        "measured": [
            {"entity": entity, "value": value_to_json(value)} for entity, value in said.measured
        ],
        "lacking": list(said.lacking),
        "count": said.count,
        "holds": said.holds,
        "place": said.place,
    }


def conclusion_from_json(data: Mapping[str, Any]) -> Conclusion:
    """Return the conclusion that ``data`` was made from.

    Raises:
        KeyError: A part is missing.
        TypeError: A part is of another kind.
        ValueError: It is of a kind that is not known.
    """
    holds = data["holds"]
    return Conclusion(
        kind=Inference(data["kind"]),
        values=tuple(value_from_json(value) for value in data["values"]),
        property=text_of(data["property"]),
        most=bool(data["most"]),
        measured=tuple(
            (text_of(row["entity"]), _literal(row["value"])) for row in data["measured"]
        ),
        lacking=tuple(text_of(entity) for entity in data["lacking"]),
        count=int(data["count"]),
        holds=None if holds is None else bool(holds),
        difference=_literal(data["difference"]) if "difference" in data else None,
        place=int(data["place"]),
    )


def value_to_json(value: str | Literal) -> str | Json:
    """Return an entity's id as it is, a literal as an object."""
    if isinstance(value, str):
        return value
    return {"value": value.value, "datatype": value.datatype, "language": value.language}


def value_from_json(data: object) -> str | Literal:
    """Return the entity's id or the literal that ``data`` was made from.

    Raises:
        KeyError: A part is missing.
        TypeError: A part is of another kind.
    """
    return data if isinstance(data, str) else _literal(data)


def text_of(value: object) -> str:
    """Return the string that ``value`` is.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, str):
        raise TypeError(f"expected a string, not {type(value).__name__}")
    return value


def _literal(data: object) -> Literal:
    if not isinstance(data, Mapping):
        raise TypeError(f"expected an object, not {type(data).__name__}")
    return Literal(text_of(data["value"]), text_of(data["datatype"]), text_of(data["language"]))
