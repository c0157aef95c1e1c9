"""What stays in focus after a turn."""

from __future__ import annotations

from collections.abc import Sequence

from convrag.graph.model import KnowledgeGraph
from convrag.types import DialogueState, Focus, Query

_DECAY = 0.6
_FORGOTTEN = 0.1
_MOST = 12
_CONTINUED, _ANSWERED, _NAMED = 1.0, 0.9, 0.85
_ABOUT = 0.02


def advance(
    state: DialogueState,
    query: Query,
    answered: Sequence[str],
    graph: KnowledgeGraph,
    *,
    about: Sequence[str] = (),
) -> DialogueState:
    """Return the state after ``query`` was answered.

    Entities of the question and of a one-entity answer come to the front and older ones fade. The
    answer's entity outranks the question's, unless the question itself was a follow-up: a topic
    that is carried on stays the topic (Grosz, Joshi and Weinstein, 1995). Small talk changes
    nothing.

    Args:
        state: The state before.
        query: The question with its links.
        answered: The entities that the answer names.
        graph: Knows the entities.
        about: The entities whose facts the answer gave; of several in a question they stay first.
    """
    if query.act == "empty" or query.act.startswith("smalltalk"):
        return state
    salience = {f.entity_id: f.salience * _DECAY for f in state.focus}
    named = [link.entity_id for link in query.links if link.entity_id is not None]
    for entity_id in named:
        salience[entity_id] = _NAMED if query.standalone else _CONTINUED
    for entity_id in about:
        salience[entity_id] = min(1.0, salience.get(entity_id, 0.0) + _ABOUT)
    if len(answered) == 1:
        salience[answered[0]] = max(_ANSWERED, salience.get(answered[0], 0.0))
    kept = sorted(
        ((e, s) for e, s in salience.items() if s >= _FORGOTTEN and e in graph.entities),
        key=lambda item: (-item[1], item[0]),
    )[:_MOST]
    old = {f.entity_id for f in state.focus}
    shifted = bool(state.focus) and bool(named) and not (set(named) & old)
    return DialogueState(
        focus=tuple(
            Focus(e, graph.label(e, query.language), round(s, 4), graph.entities[e].types)
            for e, s in kept
        ),
        last_question=query.text if named or not state.last_question else state.last_question,
        last_links=query.links if named else state.last_links,
        language=query.language,
        topic=state.topic + shifted,
    )
