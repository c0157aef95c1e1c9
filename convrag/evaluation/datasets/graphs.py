"""Sets over knowledge graphs: KdConv, CrossWOZ and the QALD challenges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from convrag.evaluation.datasets.files import Entry, json_entries
from convrag.evaluation.datasets.rows import Row
from convrag.evaluation.datasets.values import AskedTurn, Conversation, Dataset, document
from convrag.types import Document, Literal, Triple

KDCONV = "list of: name, messages[]: message, attrs[]: name, attrname, attrvalue"
CROSSWOZ = "object of dialogues by id: messages[]: role, content, dialog_act[], user_state[]"
QALD = "questions[]: id, question[]: language, string; query: sparql; answers[]"

_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_TEXT = "Information"
_NAME = "名称"
_IRI = re.compile(r"<(http[^<>\s]+)>|\b([A-Za-z][\w-]*):([\w.,'()/-]*[\w)])")
_PREFIX = re.compile(r"PREFIX\s+([\w-]*):\s*<([^<>]*)>", re.IGNORECASE)
_RESOURCE = re.compile(r"^http://(?:dbpedia\.org/resource/|www\.wikidata\.org/entity/Q)")


def entity(name: str, space: str) -> str:
    """Return the id of a thing that a set calls by its name."""
    return f"urn:{space}:{quote(name)}"


def facts(rows: Iterable[tuple[str, str, str]], space: str, language: str) -> Iterator[Triple]:
    """Yield the triples of (entity, attribute, value) rows, with what all of them are called.

    A value that names an entity of the rows is that entity.
    """
    known = list(dict.fromkeys(rows))
    names = {name for name, _, _ in known}
    for name in sorted(names):
        yield Triple(entity(name, space), _LABEL, Literal(name, "", language))
    for attribute in sorted({attribute for _, attribute, _ in known}):
        yield Triple(entity(attribute, f"{space}-p"), _LABEL, Literal(attribute, "", language))
    for name, attribute, value in known:
        yield fact(name, attribute, value, names, space)


def fact(name: str, attribute: str, value: str, names: Iterable[str], space: str) -> Triple:
    """Return one row as a triple."""
    target: str | Literal = entity(value, space) if value in names else Literal(value)
    return Triple(entity(name, space), entity(attribute, f"{space}-p"), target)


def kdconv(path: Path, language: str) -> Dataset:
    """Return KdConv: the graph is what the turns of the file and ``kb_*.json`` beside it say.

    Free texts about a thing (``Information``) are documents, everything else is in the graph. Two
    people talk; the first of each two messages is asked, the second is the reply to it. What is
    wanted are the values that the reply states, or the reply where it uses a text; of a reply that
    uses neither (``chat``) nothing is wanted.
    """
    code = language or "zh"

    def rows() -> Iterator[tuple[str, str, str]]:
        for entry in json_entries(path):
            for message in Row.of(path, entry, KDCONV).rows("messages"):
                for attr in message.rows("attrs", needed=False):
                    yield attr.text("name"), attr.text("attrname"), attr.optional("attrvalue")
        for file in sorted(path.parent.glob("kb_*.json*")):
            for entry in json_entries(file):
                yield from _base_rows(file, entry)

    def documents() -> Iterator[Document]:
        seen: set[str] = set()
        for name, attribute, value in rows():
            found = f"{name}#{attribute}"
            if attribute == _TEXT and value.strip() and found not in seen:
                seen.add(found)
                yield document(found, value, title=name, language=code)

    def triples() -> Iterator[Triple]:
        return facts(_stated(rows()), "kdconv", code)

    def conversations() -> Iterator[Conversation]:
        names = {name for name, _, _ in _stated(rows())}
        for line, number, value in json_entries(path):
            row = Row.of(path, (line, number, value), KDCONV)
            messages = list(row.rows("messages"))
            said = enumerate(zip(messages[::2], messages[1::2], strict=False))
            turns = tuple(_kdconv_turn(f"{number}-{at}", *pair, names) for at, pair in said)
            yield Conversation(number, code, turns)

    return Dataset("kdconv", conversations, documents, triples)


def _base_rows(file: Path, entry: Entry) -> Iterator[tuple[str, str, str]]:
    line, name, value = entry
    row = Row(
        {name: value}, f"{file}:{line}", "", "object: name -> list of [name, attribute, value]"
    )
    if not isinstance(value, list):
        raise row.wrong(name, "must be a list")
    for at, item in enumerate(value):
        if not isinstance(item, list) or len(item) != 3:
            raise row.wrong(f"{name}[{at}]", "must be a list of three")
        yield str(item[0]), str(item[1]), str(item[2])


def _stated(rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    return ((n, attribute, v) for n, attribute, v in rows if attribute != _TEXT and v.strip())


def _kdconv_turn(name: str, question: Row, reply: Row, names: set[str]) -> AskedTurn:
    relevant: dict[str, float] = {}
    values: list[str] = []
    about: dict[str, None] = {}
    for attr in reply.rows("attrs", needed=False):
        thing, attribute, value = (
            attr.text("name"),
            attr.text("attrname"),
            attr.optional("attrvalue"),
        )
        if not value.strip():
            continue
        about[entity(thing, "kdconv")] = None
        if attribute == _TEXT:
            relevant[f"{thing}#{attribute}"] = 1.0
        else:
            relevant[fact(thing, attribute, value, names, "kdconv").id] = 1.0
            values.append(value)
    said = reply.text("message")
    return AskedTurn(
        name,
        question.text("message"),
        answers=tuple(dict.fromkeys([*values, said])) if relevant else (),
        relevant=relevant,
        entities=tuple(about),
        answerable=True if relevant else None,
        reply=said,
        kind="text" if any("#" in key for key in relevant) else "fact" if relevant else "chat",
    )


def crosswoz(path: Path, language: str) -> Dataset:
    """Return CrossWOZ; its database is read from ``database/*_db.json`` beside the dialogues.

    Relevant are the facts of the database that the reply states of the place it is about.
    """
    code = language or "zh"

    def rows() -> Iterator[tuple[str, str, str]]:
        for file in sorted((path.parent / "database").glob("*_db.json*")):
            for line, number, value in json_entries(file):
                if isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict):
                    yield from _place_rows(Row(value[1], f"{file}:{line}", number, CROSSWOZ))

    def triples() -> Iterator[Triple]:
        return facts(rows(), "crosswoz", code)

    def conversations() -> Iterator[Conversation]:
        places = _Places(rows())
        for line, number, value in json_entries(path):
            row = Row.of(path, (line, number, value), CROSSWOZ)
            pairs = pairwise(row.rows("messages"))
            asked = [(a, b) for a, b in pairs if a.text("role") == "usr"]
            turns = tuple(
                _crosswoz_turn(f"{number}-{at}", a, b, places) for at, (a, b) in enumerate(asked)
            )
            yield Conversation(number, code, turns)

    return Dataset("crosswoz", conversations, tuple, triples)


def _place_rows(row: Row) -> Iterator[tuple[str, str, str]]:
    name = row.optional(_NAME)
    for attribute in row.fields if name else ():
        if attribute == _NAME or not row.has(attribute):
            continue
        value = row.fields[attribute]
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str | int | float) and str(item).strip():
                yield name, attribute, str(item)


class _Places:
    """The facts of the database by place."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._values: dict[str, set[tuple[str, str]]] = {}
        for name, attribute, value in rows:
            self._values.setdefault(name, set()).add((attribute, value))

    def stated(self, place: str, attribute: str, value: str) -> str:
        """Return the id of the fact; empty when the place has none such."""
        if (attribute, value) not in self._values.get(place, ()):
            return ""
        return fact(place, attribute, value, self._values, "crosswoz").id


def _crosswoz_turn(name: str, asked: Row, reply: Row, places: _Places) -> AskedTurn:
    acts = [act for act in _lists(reply, "dialog_act") if len(act) >= 4 and act[0] == "Inform"]
    about = {str(act[3]) for act in acts if act[2] == _NAME}
    for state in _lists(asked, "user_state"):
        if len(state) > 3 and state[2] == _NAME:
            about |= {str(v) for v in (state[3] if isinstance(state[3], list) else [state[3]]) if v}
    values, relevant = list[str](), dict[str, float]()
    for _, _, attribute, value, *_ in acts:
        values.append(str(value))
        for place in about:
            found = places.stated(place, str(attribute), str(value))
            if found:
                relevant[found] = 1.0
    requested = [act for act in _lists(asked, "dialog_act") if act and act[0] == "Request"]
    return AskedTurn(
        name,
        asked.text("content"),
        answers=tuple(dict.fromkeys(value for value in values if value.strip())),
        relevant=relevant,
        answerable=True if relevant else None,
        reply=reply.text("content"),
        kind="request" if requested else "inform",
    )


def _lists(row: Row, name: str) -> Sequence[list[Any]]:
    value = row.fields.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, list) for item in value):
        raise row.wrong(name, "must be a list of lists")
    return value


def qald(path: Path, language: str) -> Dataset:
    """Return a QALD challenge, 5 to 10 and 9-plus, in every language it has or in one.

    The graphs (DBpedia, Wikidata) are not in the files: questions are asked of an index that has
    the part of them that is needed. Entities are those that the query names.
    """

    def conversations() -> Iterator[Conversation]:
        for entry in json_entries(path, "questions"):
            row = Row.of(path, entry, QALD)
            for at, wording in enumerate(row.rows("question" if row.has("question") else "body")):
                code = wording.text("language").split("_")[0].split("-")[0].lower()
                question = wording.optional("string").strip()
                if question and (not language or code == language):
                    turn = _qald_turn(row, question, f"{row.text('id')}-{code}-{at}")
                    yield Conversation(turn.id, code, (turn,))

    return Dataset("qald", conversations)


def _qald_turn(row: Row, question: str, name: str) -> AskedTurn:
    found = tuple(dict.fromkeys(_qald_answers(row)))
    query = row.fields.get("query")
    sparql = query.get("sparql") or query.get("pseudo") if isinstance(query, dict) else query
    return AskedTurn(
        name,
        question,
        answers=tuple(_spoken(value) for value in found if not _WIKIDATA.match(value)),
        answer_entities=tuple(value for value in found if _RESOURCE.match(value)),
        entities=tuple(_named(str(sparql or ""))),
        answerable=bool(found) or None,
        kind=row.optional("answertype"),
    )


_WIKIDATA = re.compile(r"^http://www\.wikidata\.org/")


def _qald_answers(row: Row) -> Iterator[str]:
    for answer in row.rows("answers", needed=False):
        if answer.has("string"):  # the form before QALD 6
            yield answer.text("string")
        if answer.fields.get("boolean") is not None:
            yield "true" if answer.flag("boolean") else "false"
        if answer.has("results"):
            for binding in answer.row("results").rows("bindings", needed=False):
                values = (binding.row(variable) for variable in binding.fields)
                yield from (value.text("value") for value in values if value.optional("value"))


def _spoken(value: str) -> str:
    """Return a value as a person would write it: the name in a DBpedia IRI."""
    if not _RESOURCE.match(value):
        return value
    return unquote(value.rsplit("/", 1)[-1]).replace("_", " ")


def _named(sparql: str) -> Iterator[str]:
    """Yield the entities of DBpedia and Wikidata that a query names."""
    prefixes: Mapping[str, str] = {
        "wd": "http://www.wikidata.org/entity/",
        "dbr": "http://dbpedia.org/resource/",
        **dict(_PREFIX.findall(sparql)),
    }
    found = (
        whole or prefixes.get(prefix, "") + local
        for whole, prefix, local in _IRI.findall(_PREFIX.sub(" ", sparql))
    )
    return iter(dict.fromkeys(iri for iri in found if _RESOURCE.match(iri)))
