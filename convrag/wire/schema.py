"""The JSON Schema (draft 2020-12) of an answer; turn and dialogue state are in its ``$defs``."""

from __future__ import annotations

from typing import Any

from convrag.types import Channel, Inference, Mode, Role, Status

Json = dict[str, Any]

SCHEMA = "convrag.answer/3"
"""Value of an answer's ``schema`` field; the number rises when a reader would notice the change."""
READ = ("convrag.answer/1", "convrag.answer/2", SCHEMA)
"""Forms of an answer that are read; the first has neither conclusions nor confidence, and the first
two are never questions back."""

CHANNELS: tuple[Channel, ...] = ("dense", "lexical", "graph")


def _object(properties: Json, *, optional: Json | None = None) -> Json:
    return {
        "type": "object",
        "properties": properties | (optional or {}),
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


_STRING: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_RANK: Json = {"type": "integer", "minimum": 1}
_EVIDENCE: Json = {
    "id": _STRING,
    "rank": _RANK,
    "score": _NUMBER,
    "channels": {
        "type": "object",
        "properties": dict.fromkeys(CHANNELS, _RANK),
        "additionalProperties": False,
    },
    "via": _list(_STRING),
    "confidence": _NUMBER,
}

JSON_SCHEMA: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:convrag:answer:3",
    "title": "convrag answer",
    "description": "One answer with its query, its evidence best first, and its citations.",
    **_object(
        {
            "schema": {"const": SCHEMA},
            "text": _STRING | {"description": "Markdown; [n] is the citation with marker n."},
            "language": _STRING | {"description": "ISO 639-1, empty when unknown."},
            "status": {"enum": [s.value for s in Status]},
            "mode": {"enum": [m.value for m in Mode]},
            "query": _ref("query"),
            "citations": _list(_ref("citation")),
            "evidence": _list({"oneOf": [_ref("passage"), _ref("triple")]}),
            "timings": {"type": "object", "additionalProperties": _NUMBER},
        },
        optional={
            "choices": _list(_ref("choice"))
            | {"description": "What a question back offers; the next turn picks one."}
        },
    ),
    "$defs": {
        "span": {
            "type": "array",
            "items": {"type": "integer", "minimum": 0},
            "minItems": 2,
            "maxItems": 2,
            "description": "Half-open character offsets.",
        },
        "link": _object(
            {
                "text": _STRING,
                "span": _ref("span"),
                "entity_id": {"type": ["string", "null"]},
                "score": _NUMBER,
                "alternatives": _list(_object({"entity_id": _STRING, "score": _NUMBER})),
            }
        ),
        "query": _object(
            {
                "text": _STRING | {"description": "The question in standalone form."},
                "original": _STRING | {"description": "The question as it was typed."},
                "language": _STRING,
                "links": _list(_ref("link")),
                "confidence": _NUMBER,
                "standalone": {"type": "boolean"},
                "act": _STRING,
            },
            optional={
                "filter": _ref("filter"),
                "reply_language": _STRING | {"description": "The answer's, when another."},
            },
        ),
        "choice": _object({"entity_id": _STRING, "label": _STRING}),
        "filter": _object(
            {},
            optional=dict.fromkeys(("languages", "sources", "documents", "tags"), _list(_STRING))
            | {"after": _STRING, "before": _STRING},
        )
        | {"description": "Which passages could be found; what it does not name, any."},
        "citation": _object(
            {
                "marker": {"type": "integer"},
                "evidence_id": _STRING,
                "span": _ref("span"),
            }
        ),
        "passage": _object(
            _EVIDENCE
            | {
                "kind": {"const": "passage"},
                "text": _STRING,
                "title": _STRING,
                "language": _STRING,
                "source": _STRING,
                "span": _ref("span"),
                "document_id": _STRING,
                "page": {"type": ["integer", "null"]},
                "entity_ids": _list(_STRING),
            }
        ),
        "triple": _object(
            _EVIDENCE
            | {
                "kind": {"const": "triple"},
                "text": _STRING | {"description": "The triple in words."},
                "subject": _STRING,
                "predicate": _STRING,
                "object": _ref("value"),
                "source": _STRING,
            },
            optional={
                "sources": _list(_STRING) | {"description": "All that say it, when several do."},
                "disputed": {"const": True, "description": "Other sources give another value."},
                "conclusion": _ref("conclusion"),
            },
        ),
        "value": {"oneOf": [_STRING, _ref("literal")]},
        "literal": _object({"value": _STRING, "datatype": _STRING, "language": _STRING}),
        "conclusion": _object(
            {
                "kind": {"enum": [i.value for i in Inference]},
                "values": _list(_ref("value")),
                "property": _STRING,
                "most": {"type": "boolean"},
                "measured": _list(_object({"entity": _STRING, "value": _ref("literal")})),
                "lacking": _list(_STRING),
                "count": {"type": "integer"},
                "holds": {"type": ["boolean", "null"]},
                "place": {"type": "integer"},
            },
            optional={"difference": _ref("literal")},
        )
        | {"description": "What the triple says together with others of the same conclusion."},
        "turn": _object(
            {
                "id": _STRING,
                "role": {"enum": [r.value for r in Role]},
                "text": _STRING,
                "language": _STRING,
                "created": _NUMBER,
            }
        ),
        "state": _object(
            {
                "focus": _list(
                    _object(
                        {
                            "entity_id": _STRING,
                            "name": _STRING,
                            "salience": _NUMBER,
                            "types": _list(_STRING),
                        }
                    )
                ),
                "last_question": _STRING,
                "last_links": _list(_ref("link")),
                "language": _STRING,
                "topic": {"type": "integer"},
            },
            optional={
                "turn": {"type": "integer"},
                "listed": _list(_STRING),
                "years": _list({"type": "integer"}),
                "asked": _list(_ref("asked")),
                "pending": {"oneOf": [{"type": "null"}, _ref("clarification")]},
                "senses": _list(_object({"name": _STRING, "entity_id": _STRING})),
                "reply_language": _STRING,
            },
        ),
        "asked": _object(
            {
                "number": {"type": "integer"},
                "text": _STRING,
                "language": _STRING,
                "act": _STRING,
                "answered": {"type": "boolean"},
                "about": _list(_STRING),
                "topic": {"type": "integer"},
            }
        )
        | {"description": "A question of the dialogue and whether it was answered."},
        "clarification": _object(
            {
                "question": _STRING,
                "name": _STRING,
                "span": _ref("span"),
                "choices": _list(_ref("choice")),
                "language": _STRING,
                "asked": {"type": "boolean"},
            }
        )
        | {"description": "A question whose name may mean several things."},
    },
}
