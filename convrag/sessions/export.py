"""A stored conversation as Markdown for people and as JSON lines for programs."""

from __future__ import annotations

import json
from typing import Any

from convrag.sessions.records import SessionInfo
from convrag.types import Turn
from convrag.wire import escape_markdown, turn_to_json

EXPORT_SCHEMA = "convrag.session/1"
"""Value of ``schema`` in the first line of a JSONL export."""

Exchange = tuple[Turn, dict[str, Any] | None]
"""A question and its answer in the form of `convrag.wire`."""


def to_markdown(info: SessionInfo, exchanges: list[Exchange]) -> str:
    """Return the conversation as Markdown with its sources as footnotes."""
    lines = [f"# {escape_markdown(' '.join(info.title.split())) or info.id}", ""]
    notes: list[str] = []
    for number, (turn, body) in enumerate(exchanges, start=1):
        question = escape_markdown(turn.text).replace("\n", "\n> ")
        lines += [f"> {question}", ""]
        if body is None:
            lines += ["*(not answered)*", ""]
            continue
        text, footnotes = _with_footnotes(body, number)
        lines += [text, ""]
        if body["status"] == "stopped":
            lines += ["*(stopped)*", ""]
        notes += footnotes
    return "\n".join(lines + notes).rstrip() + "\n"


def to_jsonl(info: SessionInfo, exchanges: list[Exchange]) -> str:
    """Return a line for the session (with ``schema``), then one per question."""
    head = {
        "schema": EXPORT_SCHEMA,
        "id": info.id,
        "pack": info.pack,
        "title": info.title,
        "created": info.created,
    }
    lines = [head] + [{"turn": turn_to_json(turn), "answer": body} for turn, body in exchanges]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _with_footnotes(body: dict[str, Any], number: int) -> tuple[str, list[str]]:
    """Return the text with its markers as footnotes of exchange ``number``, and the notes."""
    evidence = {e["id"]: e for e in body["evidence"]}
    text: str = body["text"]
    notes: list[str] = []
    seen: set[int] = set()
    for citation in body["citations"]:
        marker = citation["marker"]
        found = evidence.get(citation["evidence_id"])
        if found is None or marker in seen:
            continue
        seen.add(marker)
        text = text.replace(f"[{marker}]", f"[^{number}-{marker}]")
        words = " ".join(escape_markdown(found["text"]).split())
        title = " ".join(escape_markdown(found.get("title", "")).split())
        source = " ".join(escape_markdown(found["source"]).split())
        page = found.get("page")
        place = ", ".join(p for p in (title, source, f"p. {page}" if page else "") if p)
        notes.append(f"[^{number}-{marker}]: {place + ': ' if place else ''}{words}")
    return text, notes
