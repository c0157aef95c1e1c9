"""Facts in words: sentences in the asker's language from the graph's own patterns and labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

from convrag.graph import terms
from convrag.graph.model import FactGroup, KnowledgeGraph, Property
from convrag.types import Edge, EntityView, Literal, Triple

_MOST_IN_A_LIST = 20
_MOST_DIGITS = 27
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
    colon = "：" if language in ("zh", "ja") else ": "
    return f"{subject} — {name}{colon}{objects}"


def triple_statement(graph: KnowledgeGraph, triple: Triple, language: str) -> str:
    """Return one sentence that states the triple in ``language``."""
    return statement(graph, FactGroup(triple.subject, triple.predicate, True, (triple,)), language)


def value_text(graph: KnowledgeGraph, value: str | Literal, item: Property, language: str) -> str:
    """Return an entity's name, or a literal as the language writes it, with its unit."""
    if isinstance(value, str):
        return graph.label(value, language)
    text = _literal_text(value, language)
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
    return format_list(list(names), locale=_locale(language))


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
            name += _terms_text(graph, triple, language)
            names.setdefault(name, marks.get(triple.id, ""))
    texts = [f"{name} {mark}" if mark else name for name, mark in names.items()]
    if len(texts) > _MOST_IN_A_LIST:
        texts = [*texts[:_MOST_IN_A_LIST], "…"]
    listed = join(texts, language) if len(texts) > 1 else texts[0]
    own = graph.label(group.entity, language)
    return (own, listed) if group.forward else (listed, own)


def _terms_text(graph: KnowledgeGraph, triple: Triple, language: str) -> str:
    """Return under which terms the fact holds: " (start time: 1990, end time: 1994)", or ""."""
    colon = "：" if language in ("zh", "ja") else ": "
    times: list[str] = []
    for qualifiers in graph.qualifiers(triple)[:_MOST_IN_A_LIST]:
        values: dict[str, list[str | Literal]] = {}
        for item, value in qualifiers:
            values.setdefault(item, []).append(value)
        texts = []
        for item, found in values.items():
            named = graph.property(item)
            listed = [value_text(graph, v, named, language) for v in readable(found, language)]
            texts.append(f"{graph.label(item, language)}{colon}{join(listed, language)}")
        times.append(", ".join(texts))
    return f" ({'; '.join(times)})" if times else ""


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


def _literal_text(value: Literal, language: str) -> str:
    if value.datatype in terms.NUMERIC:
        return _number_text(value.value, language)
    if value.datatype == terms.XSD + "date":
        try:
            day = date.fromisoformat(value.value[:10])
        except ValueError:
            return value.value
        return format_date(day, "long", locale=_locale(language))
    return value.value


def _number_text(written: str, language: str) -> str:
    """Return the number in the language's digits groups with all its decimals.

    What is no number, or would take a very long row of digits, stays as written.
    """
    try:
        number = Decimal(written)
    except InvalidOperation:
        return written
    if (
        not number.is_finite()
        or abs(number.adjusted()) + len(number.as_tuple().digits) > _MOST_DIGITS
    ):
        return written
    return format_decimal(number, locale=_locale(language), decimal_quantization=False)


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language or "en")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
