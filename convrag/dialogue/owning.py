"""What something belongs to that has namesakes: the machine of the error code "E04"."""

from __future__ import annotations

from collections.abc import Collection

from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.text.normalize import match_key


def owner_of(entity_id: str, namesakes: Collection[str], graph: KnowledgeGraph) -> str:
    """Return what the entity belongs to, as only one of its namesakes does, or "".

    By one property the entity and its namesakes each lead to one thing, and no two to the same. The
    one of these things whose name is part of the entity's is its owner, else the only one that has
    several things like it: a remedy is no owner beside "E04 (WM-700)", and a capital is none of two
    countries with one name.

    Args:
        entity_id: The entity.
        namesakes: Other entities of its kind that share its name.
        graph: Knows the facts.
    """
    if not namesakes:
        return ""
    named: set[str] = set()
    several: set[str] = set()
    for group in graph.groups(entity_id):
        owner = _only(group, graph)
        theirs = [_same(group, namesake, graph) for namesake in namesakes]
        if not owner or not all(theirs) or len({owner, *theirs}) <= len(namesakes):
            continue
        if _is_named_in(owner, entity_id, graph):
            named.add(owner)
        elif _has_several(owner, group, graph):
            several.add(owner)
    found = named or several
    return found.pop() if len(found) == 1 else ""


def _is_named_in(owner: str, entity_id: str, graph: KnowledgeGraph) -> bool:
    theirs = graph.entities[owner].labels
    return any(
        match_key(theirs[language]) in match_key(label)
        for language, label in graph.entities[entity_id].labels.items()
        if language in theirs
    )


def _only(group: FactGroup, graph: KnowledgeGraph) -> str:
    """Return the one entity at the other end of the group's facts, or ""."""
    others = group.others
    only = others[0] if len(others) == 1 else ""
    return only if isinstance(only, str) and only in graph.entities else ""


def _same(group: FactGroup, entity_id: str, graph: KnowledgeGraph) -> str:
    """Return the one entity that another one has by the group's property, or ""."""
    for other in graph.groups(entity_id):
        if (other.property, other.forward) == (group.property, group.forward):
            return _only(other, graph)
    return ""


def _has_several(owner: str, group: FactGroup, graph: KnowledgeGraph) -> bool:
    return any(
        (back.property, back.forward) == (group.property, not group.forward)
        and len(back.others) > 1
        for back in graph.groups(owner)
    )
