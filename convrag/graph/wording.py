"""Facts in words: sentences in the asker's language from the graph's own patterns and labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from babel.lists import format_list

from convrag.graph import terms
from convrag.graph.model import FactGroup, KnowledgeGraph, Property
from convrag.graph.values import TIMES, literal_text, locale_of, time_text
from convrag.types import Literal, Triple
from convrag.views import Edge, EntityView

_MOST_IN_A_LIST = 20
_PLACES = re.compile(r"\{(subject|object)\}")


def statement(
    graph: KnowledgeGraph,
    group: FactGroup,
    language: str,
    marks: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return one sentence that states the whole group in ``language``.

    Uses the property's pattern (or its inverse's, for facts that point at the entity); without a
    pattern in that language, ``name — property: values``. Names and values are only text, whatever
    they contain.

    Args:
        graph: Where names, patterns and units come from.
        group: The facts to state.
        language: The reader's.
        marks: By triple id, what follows the value that the triple gave, such as ``[1]``.
    """
    subject, objects = _sides(graph, group, language, marks)
    item, straight = _worded_property(graph, group, language)
    pattern = item.patterns.get(language)
    if pattern and "{subject}" in pattern and "{object}" in pattern:
        if not straight:
            subject, objects = objects, subject
        # One pass, so that a name with braces in it is never filled in again.
        return _PLACES.sub(lambda m: subject if m[1] == "subject" else objects, pattern)
    name = graph.label(item.id, language)
    if not straight:
        subject, objects = objects, subject
    return f"{subject} — {name}{_colon(language)}{objects}"


def triple_statement(graph: KnowledgeGraph, triple: Triple, language: str) -> str:
    """Return one sentence that states the triple in ``language``."""
    return statement(graph, FactGroup(triple.subject, triple.predicate, True, (triple,)), language)


def value_text(graph: KnowledgeGraph, value: str | Literal, item: Property, language: str) -> str:
    """Return an entity's name, or a literal as the language writes it, with its unit."""
    if isinstance(value, str):
        return graph.label(value, language)
    text = literal_text(value, language)
    unit = next((item.units[x] for x in (language, "", "en") if x in item.units), "")
    return f"{text} {unit}" if unit else text


def readable(values: Sequence[str | Literal], language: str) -> tuple[str | Literal, ...]:
    """Return the values without translations: of language-tagged texts only the asker's language.

    Texts in no language stay; without one in ``language``, English ones, else all.
    """
    tagged = [v for v in values if isinstance(v, Literal) and v.language]
    if not tagged:
        return tuple(values)
    for choice in (language, "en"):
        fitting = [v for v in tagged if v.language == choice]
        if fitting:
            return tuple(v for v in values if v in fitting or v not in tagged)
    return tuple(values)


def entity_view(graph: KnowledgeGraph, entity_id: str, language: str) -> EntityView:
    """Return the entity with its facts in words, forward ones first.

    Raises:
        KeyError: The graph has no such entity.
    """
    entity = graph.entities[entity_id]
    edges: list[Edge] = []
    for group in graph.groups(entity_id):
        item, _ = _worded_property(graph, group, language)
        shown = set(readable(group.others, language))
        for triple, other in zip(group.triples, group.others, strict=True):
            if other in shown:
                name = value_text(graph, other, graph.property(group.property), language)
                other_id = other if isinstance(other, str) and other in graph.entities else None
                edges.append(
                    Edge(triple, graph.label(item.id, language), name, other_id, group.forward)
                )
    description = (
        entity.description.get(language)
        or entity.description.get("en")
        or (entity.description.get("", ""))
    )
    return EntityView(entity_id, graph.label(entity_id, language), description, tuple(edges))


def join(names: Sequence[str], language: str) -> str:
    """Return the names as a list in words: "A, B and C"."""
    return format_list(list(names), locale=locale_of(language))


def _sides(
    graph: KnowledgeGraph, group: FactGroup, language: str, marks: Mapping[str, str]
) -> tuple[str, str]:
    """Return the group's subject and object texts, whichever of them the entity is."""
    item = graph.property(group.property)
    shown = readable(group.others, language)
    names: dict[str, str] = {}
    for triple, other in zip(group.triples, group.others, strict=True):
        if other in shown:
            name = value_text(graph, other, item, language)
            name += _own_unit(graph, triple, language) + _terms_text(graph, triple, language)
            names.setdefault(name, marks.get(triple.id, ""))
    texts = [f"{name} {mark}" if mark else name for name, mark in names.items()]
    if len(texts) > _MOST_IN_A_LIST:
        texts = [*texts[:_MOST_IN_A_LIST], "…"]
    listed = join(texts, language) if len(texts) > 1 else texts[0]
    own = graph.label(group.entity, language)
    return (own, listed) if group.forward else (listed, own)


def _own_unit(graph: KnowledgeGraph, triple: Triple, language: str) -> str:
    """Return " m" where the fact itself says in which unit its number is, or ""."""
    units = {
        value
        for qualifiers in graph.qualifiers(triple)
        for item, value in qualifiers
        if item == terms.QUANTITY_UNIT and isinstance(value, str)
    }
    if len(units) != 1:
        return ""
    (unit,) = units
    symbols = [t.object for t in graph.values(unit, terms.UNIT_SYMBOL)]
    written = {s.language: s.value for s in symbols if isinstance(s, Literal)}
    found = (written[choice] for choice in (language, "mul", "", "en") if choice in written)
    return f" {next(found, graph.label(unit, language))}"


def _terms_text(graph: KnowledgeGraph, triple: Triple, language: str) -> str:
    """Return under which terms the fact holds: " (since 2019)", or ""."""
    times: list[str] = []
    told_unit = bool(_own_unit(graph, triple, language))
    for qualifiers in graph.qualifiers(triple)[:_MOST_IN_A_LIST]:
        values: dict[str, list[str | Literal]] = {}
        for item, value in qualifiers:
            values.setdefault(item, []).append(value)
        texts = [time_text(values, language)]
        for item, found in values.items():
            if (item in TIMES and texts[0]) or (item == terms.QUANTITY_UNIT and told_unit):
                continue
            named = graph.property(item)
            listed = [value_text(graph, v, named, language) for v in readable(found, language)]
            texts.append(f"{graph.label(item, language)}{_colon(language)}{join(listed, language)}")
        times.append(_comma(language).join(text for text in texts if text))
    told = dict.fromkeys(text for text in times if text)
    return f" ({'; '.join(told)})" if told else ""


def _worded_property(
    graph: KnowledgeGraph, group: FactGroup, language: str
) -> tuple[Property, bool]:
    """Return the property to word the group with, and whether subject and object stay put."""
    item = graph.property(group.property)
    if not group.forward and item.inverse:
        inverse = graph.property(item.inverse)
        if language in inverse.patterns or inverse.labels:
            return inverse, False
    return item, True


def _colon(language: str) -> str:
    return "：" if language in ("zh", "ja") else ": "


def _comma(language: str) -> str:
    return {"zh": "，", "ja": "、", "ar": "، "}.get(language, ", ")
