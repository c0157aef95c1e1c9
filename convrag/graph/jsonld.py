"""JSON-LD made ready for a parser without network: contexts on the web are known, or refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from convrag.graph.bounds import SyntaxMistake, objects, read_json

_SCHEMA_ORG = re.compile(r"https?://(www\.)?schema\.org(/|/docs/jsonldcontext\.jsonld?)?")


def prepared(data: bytes) -> bytes:
    """Return the document with well-known remote contexts put in their places.

    schema.org's is known; a document that names any other is refused, since what its terms mean
    would have to be fetched.

    Raises:
        SyntaxMistake: It is not JSON, nested too deeply, or names an unknown remote context.
    """
    value = read_json(data)
    changed = False
    for item in objects(value):
        if "@context" in item:
            known = _local(item["@context"])
            changed = changed or known != item["@context"]
            item["@context"] = known
            for remote in _remote(known):
                raise SyntaxMistake(
                    _line_of(data, remote), f"the @context {remote!r} is not part of the file"
                )
    return json.dumps(value, ensure_ascii=False).encode() if changed else data


def _local(context: object) -> object:
    """Return the context with known addresses replaced by what they hold."""
    if isinstance(context, list):
        return [_local(part) for part in context]
    if isinstance(context, str) and _SCHEMA_ORG.fullmatch(context):
        return _schema_org()
    return context


def _remote(context: object) -> Iterator[str]:
    for part in context if isinstance(context, list) else [context]:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict) and isinstance(part.get("@import"), str):
            yield part["@import"]


def _line_of(data: bytes, text: str) -> int:
    """Return the line where the text first stands as a JSON string; 0 if written otherwise."""
    found = data.find(json.dumps(text, ensure_ascii=False).encode())
    return data.count(b"\n", 0, found) + 1 if found >= 0 else 0


@cache
def _schema_org() -> Mapping[str, object]:
    text = resources.files("convrag.graph").joinpath("schema_org.json").read_text("utf-8")
    context: dict[str, object] = json.loads(text)
    return context
