"""Answers and turns to JSON and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convrag.errors import SessionError
from convrag.types import (
    Answer,
    Choice,
    Citation,
    Evidence,
    Link,
    Mention,
    Mode,
    Passage,
    Query,
    Role,
    Span,
    Status,
    Triple,
    Turn,
)
from convrag.wire.conclusions import (
    conclusion_from_json,
    conclusion_to_json,
    text_of,
    value_from_json,
    value_to_json,
)
from convrag.wire.filters import filter_from_json, filter_to_json
from convrag.wire.schema import CHANNELS, READ, SCHEMA, Json


def answer_to_json(answer: Answer, *, evidence_text: Callable[[Evidence], str]) -> Json:
    """Return the answer as a JSON object that :data:`JSON_SCHEMA` describes.

    Args:
        answer: Any answer, whatever its status.
        evidence_text: Says a piece of evidence in words. It is asked for triples only; a passage's
            ``text`` is always the passage as it is stored.
    """
    return {
        "schema": SCHEMA,
        "text": answer.text,
        "language": answer.language,
        "status": answer.status.value,
        "mode": answer.mode.value,
        "query": _query_to_json(answer.query),
        "citations": [
            {"marker": c.marker, "evidence_id": c.evidence_id, "span": list(c.span)}
            for c in answer.citations
        ],
        "evidence": [_evidence_to_json(e, evidence_text) for e in answer.evidence],
        "timings": dict(answer.timings),
    } | ({"choices": choices_to_json(answer.choices)} if answer.choices else {})


def answer_from_json(data: Mapping[str, Any]) -> Answer:
    """Return the answer that ``data`` was made from, also by earlier versions.

    Raises:
        SessionError: ``data`` has another ``schema`` or is not an answer.
    """
    found = data.get("schema")
    if found not in READ:
        raise SessionError(
            f"answer: schema is {found!r}, this version reads {SCHEMA!r}",
            "open it with the version of convrag that wrote it",
        )
    try:
        return Answer(
            text=text_of(data["text"]),
            language=text_of(data["language"]),
            citations=tuple(
                Citation(int(c["marker"]), text_of(c["evidence_id"]), span_of(c["span"]))
                for c in data["citations"]
            ),
            evidence=tuple(_evidence_from_json(e) for e in data["evidence"]),
            query=_query_from_json(data["query"]),
            status=Status(data["status"]),
            mode=Mode(data["mode"]),
            timings={text_of(k): float(v) for k, v in data["timings"].items()},
            choices=choices_from_json(data.get("choices", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged("answer", error) from error


def turn_to_json(turn: Turn) -> Json:
    """Return the turn as a JSON object (``$defs/turn`` of :data:`JSON_SCHEMA`)."""
    return {
        "id": turn.id,
        "role": turn.role.value,
        "text": turn.text,
        "language": turn.language,
        "created": turn.created,
    }


def turn_from_json(data: Mapping[str, Any]) -> Turn:
    """Return the turn that ``data`` was made from.

    Raises:
        SessionError: ``data`` is not a turn.
    """
    try:
        return Turn(
            id=text_of(data["id"]),
            role=Role(data["role"]),
            text=text_of(data["text"]),
            language=text_of(data["language"]),
            created=float(data["created"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise damaged("turn", error) from error


def damaged(what: str, error: Exception) -> SessionError:
    """Return the error for a record that is not what it should be."""
    reason = f"no {error}" if isinstance(error, KeyError) else str(error)
    return SessionError(f"{what}: not readable: {reason}", "the record is damaged or not convrag's")


def span_of(value: object) -> Span:
    """Return the span that ``value`` is a list of."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise TypeError("a span is two numbers")
    return int(value[0]), int(value[1])


def choices_to_json(choices: Sequence[Choice]) -> list[Json]:
    """Return the choices as JSON objects."""
    return [{"entity_id": c.entity_id, "label": c.label} for c in choices]


def choices_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[Choice, ...]:
    """Return the choices that ``data`` was made from."""
    return tuple(Choice(text_of(c["entity_id"]), text_of(c["label"])) for c in data)


def link_to_json(link: Link) -> Json:
    """Return the link as a JSON object."""
    return {
        "text": link.mention.text,
        "span": list(link.mention.span),
        "entity_id": link.entity_id,
        "score": link.score,
        "alternatives": [{"entity_id": e, "score": s} for e, s in link.alternatives],
    }


def link_from_json(data: Mapping[str, Any]) -> Link:
    """Return the link that ``data`` was made from."""
    entity_id = data["entity_id"]
    return Link(
        mention=Mention(text_of(data["text"]), span_of(data["span"])),
        entity_id=None if entity_id is None else text_of(entity_id),
        score=float(data["score"]),
        alternatives=tuple(
            (text_of(a["entity_id"]), float(a["score"])) for a in data["alternatives"]
        ),
    )


def _query_to_json(query: Query) -> Json:
    wanted = filter_to_json(query.filter)
    rest: Json = {"filter": wanted} if wanted else {}
    if query.reply_language:
        rest["reply_language"] = query.reply_language
    return rest | {
        "text": query.text,
        "original": query.original,
        "language": query.language,
        "links": [link_to_json(link) for link in query.links],
        "confidence": query.confidence,
        "standalone": query.standalone,
        "act": query.act,
    }


def _query_from_json(data: Mapping[str, Any]) -> Query:
    return Query(
        text=text_of(data["text"]),
        original=text_of(data["original"]),
        language=text_of(data["language"]),
        links=tuple(link_from_json(link) for link in data["links"]),
        confidence=float(data["confidence"]),
        standalone=bool(data["standalone"]),
        act=text_of(data["act"]),
        filter=filter_from_json(data.get("filter", {})),
        reply_language=text_of(data.get("reply_language", "")),
    )


def _evidence_to_json(evidence: Evidence, evidence_text: Callable[[Evidence], str]) -> Json:
    shared: Json = {
        "id": evidence.id,
        "rank": evidence.rank,
        "score": evidence.score,
        "channels": dict(evidence.channels),
        "via": list(evidence.via),
        "confidence": evidence.confidence,
    }
    item = evidence.item
    if isinstance(item, Passage):
        return shared | {
            "kind": "passage",
            "text": item.text,
            "title": item.title,
            "language": item.language,
            "source": item.source,
            "span": list(item.span),
            "document_id": item.document_id,
            "page": item.page,
            "entity_ids": list(item.entity_ids),
        }
    if evidence.conclusion is not None:
        shared["conclusion"] = conclusion_to_json(evidence.conclusion)
    if evidence.sources:
        shared["sources"] = list(evidence.sources)
    if evidence.disputed:
        shared["disputed"] = True
    return shared | {
        "kind": "triple",
        "text": evidence_text(evidence),
        "subject": item.subject,
        "predicate": item.predicate,
        "object": value_to_json(item.object),
        "source": item.source,
    }


def _evidence_from_json(data: Mapping[str, Any]) -> Evidence:
    found, conclusion = data["channels"], data.get("conclusion")
    return Evidence(
        item=_passage_from_json(data) if data["kind"] == "passage" else _triple_from_json(data),
        score=float(data["score"]),
        rank=int(data["rank"]),
        channels={c: int(found[c]) for c in CHANNELS if c in found},
        via=tuple(text_of(v) for v in data["via"]),
        confidence=float(data.get("confidence", 0.0)),
        conclusion=None if conclusion is None else conclusion_from_json(conclusion),
        sources=tuple(text_of(s) for s in data.get("sources", ())),
        disputed=bool(data.get("disputed", False)),
    )


def _passage_from_json(data: Mapping[str, Any]) -> Passage:
    page = data["page"]
    return Passage(
        id=text_of(data["id"]),
        text=text_of(data["text"]),
        title=text_of(data["title"]),
        language=text_of(data["language"]),
        source=text_of(data["source"]),
        span=span_of(data["span"]),
        document_id=text_of(data["document_id"]),
        page=None if page is None else int(page),
        entity_ids=tuple(text_of(e) for e in data["entity_ids"]),
    )


def _triple_from_json(data: Mapping[str, Any]) -> Triple:
    return Triple(
        text_of(data["subject"]),
        text_of(data["predicate"]),
        value_from_json(data["object"]),
        source=text_of(data["source"]),
    )
