"""What stays in focus after a turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from convrag.dialogue.seen import content_count
from convrag.graph.model import KnowledgeGraph
from convrag.text.normalize import match_key
from convrag.types import Asked, Clarification, DialogueState, Focus, Query

_DECAY = 0.6
_FORGOTTEN = 0.1
_MOST = 12
_CONTINUED, _ANSWERED, _NAMED, _SUBJECT = 1.0, 0.9, 0.85, 0.8
_ABOUT = 0.02
_OWNER = 0.05
"""How far below a thing its owner is: "how loud is it?" means the machine with the error."""
_MOST_ASKED = 8
_MOST_LISTED = 12
_MOST_SENSES = 8
_LONGEST = 400
"""Characters of a text that is kept; a question that is carried on and on would grow."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer says, for the turn after it.

    Attributes:
        answered: The entities that the answer names, in its order.
        about: The entities whose facts it gave; of several in a question they stay first.
        winner: The entity ahead in a comparison, or "".
        years: The years that it names.
        complete: Whether the question was answered.
        owners: What the entities that have namesakes belong to, by entity.
        subject: What a question without entities was about, by the passage that answered it, or "".
        subject_id: The entity that it names, or "".
        pending: What the user was asked back, or may say more exactly.
    """

    answered: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    winner: str = ""
    years: tuple[int, ...] = ()
    complete: bool = True
    owners: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    subject_id: str = ""
    pending: Clarification | None = None


def advance(
    state: DialogueState, query: Query, outcome: Outcome, graph: KnowledgeGraph
) -> DialogueState:
    """Return the state after ``query`` was answered.

    Entities of the question and of a one-entity answer come to the front and older ones fade; so
    does a name that is not in the graph, so that "it" does not mean something older after it. Where
    nothing is spoken of nothing fades: what a dialogue is about is seldom said again. The
    answer's entity outranks the question's, unless the question itself was a follow-up: a topic
    that is carried on stays the topic (Grosz, Joshi and Weinstein, 1995). Small talk changes
    nothing but that a question back is dropped.

    Args:
        state: The state before.
        query: The question with its links.
        outcome: What the answer says.
        graph: Knows the entities.
    """
    turn = state.turn + 1
    if query.act == "preference":
        return replace(state, turn=turn, pending=None, reply_language=query.reply_language)
    if query.act in ("empty", "outside") or query.act.startswith("smalltalk"):
        return replace(state, turn=turn, pending=None)
    if outcome.pending is not None and outcome.pending.asked:
        asked = Asked(
            turn, query.text[:_LONGEST], query.language, query.act, False, (), state.topic
        )
        return replace(
            state,
            turn=turn,
            language=query.language,
            asked=(*state.asked, asked)[-_MOST_ASKED:],
            pending=outcome.pending,
        )
    named = [link.entity_id for link in query.links if link.entity_id is not None]
    old = {f.entity_id for f in state.focus}
    shifted = bool(state.focus) and bool(named) and not (set(named) & old)
    topic = state.topic + shifted
    whole = len(query.text) <= _LONGEST
    whole_question = query.act == "question" and outcome.complete and _says_much(query)
    taken = bool(query.links) or not state.last_question or whole_question
    text, links = (query.text, query.links) if whole else (query.original[:_LONGEST], ())
    answer = outcome.answered if len(outcome.answered) == 1 else ()
    about = tuple(dict.fromkeys([*named, *answer]))
    asked = Asked(
        turn,
        query.text[:_LONGEST],
        query.language,
        query.act,
        outcome.complete,
        about[:_MOST_LISTED],
        topic,
    )
    return DialogueState(
        focus=_focus(state, query, named, outcome, graph),
        last_question=text if taken else state.last_question,
        last_links=links if named or taken else state.last_links,
        language=query.language,
        topic=topic,
        turn=turn,
        listed=_listed(state, named, outcome, graph, shifted=shifted)[:_MOST_LISTED],
        years=outcome.years or (() if shifted else state.years),
        asked=(*state.asked, asked)[-_MOST_ASKED:],
        pending=outcome.pending or _kept(state, query),
        senses=_senses(state, query),
        reply_language=query.reply_language or state.reply_language,
    )


def _kept(state: DialogueState, query: Query) -> Clarification | None:
    """Return the question that the turn settled, of which another choice may be asked next."""
    settled = query.act == "clarified" and state.pending is not None
    return replace(state.pending, asked=False) if settled and state.pending else None


def _says_much(query: Query) -> bool:
    """Whether a question that names nothing known says what it is about all the same."""
    return content_count(query.text, query.language, []) > 1


def _focus(
    state: DialogueState,
    query: Query,
    named: Sequence[str],
    outcome: Outcome,
    graph: KnowledgeGraph,
) -> tuple[Focus, ...]:
    subject = outcome.subject_id or outcome.subject
    spoken_of = named or subject or outcome.about or outcome.answered
    unknown = "" if spoken_of or not state.focus else _unknown_name(query)
    left = _DECAY if spoken_of or unknown else 1.0
    salience = {f.entity_id or f.name: f.salience * left for f in state.focus}
    for entity_id in named:
        salience[entity_id] = _NAMED if query.standalone else _CONTINUED
    for entity_id in outcome.about:
        salience[entity_id] = min(1.0, salience.get(entity_id, 0.0) + _ABOUT)
    if len(outcome.answered) == 1:
        entity_id = outcome.answered[0]
        salience[entity_id] = max(_ANSWERED, salience.get(entity_id, 0.0))
    if outcome.winner:
        salience = {key: min(s, _CONTINUED - _ABOUT) for key, s in salience.items()}
        salience[outcome.winner] = _CONTINUED
    for entity_id, owner in outcome.owners.items():
        below = salience.get(entity_id, 0.0) - _OWNER
        salience[owner] = max(below, salience.get(owner, 0.0))
    if subject:
        salience[subject] = max(_SUBJECT, salience.get(subject, 0.0))
    if unknown:
        salience = {key: min(s, _SUBJECT - _ABOUT) for key, s in salience.items()}
        salience[unknown] = _SUBJECT
    subjects = {f.name for f in state.focus if not f.entity_id} | {outcome.subject, unknown}
    kept = sorted(
        (
            (e, s)
            for e, s in salience.items()
            if s >= _FORGOTTEN and (e in graph.entities or e in subjects)
        ),
        key=lambda item: (-item[1], item[0]),
    )[:_MOST]
    return tuple(
        Focus(e, graph.label(e, query.language), round(s, 4), graph.entities[e].types)
        if e in graph.entities
        else Focus("", e[:_LONGEST], round(s, 4))
        for e, s in kept
    )


def _unknown_name(query: Query) -> str:
    """Return the first name in the question that the graph does not know, or ""."""
    return next((link.mention.text for link in query.links if link.entity_id is None), "")


def _listed(
    state: DialogueState,
    named: Sequence[str],
    outcome: Outcome,
    graph: KnowledgeGraph,
    *,
    shifted: bool,
) -> tuple[str, ...]:
    """Return what "the second one" counts from now on.

    What the answer lists, else several things of one kind that the question names, else what was
    listed before while the dialogue stays with it.
    """
    if len(outcome.answered) > 1:
        return outcome.answered
    several = tuple(dict.fromkeys(e for e in named if e in graph.entities))
    if len(several) > 1:
        kinds = [set(graph.entities[e].types) for e in several]
        if set.intersection(*kinds):
            return several
    stays = not shifted and (not named or bool(set(named) & set(state.listed)))
    return state.listed if stays else ()


def _senses(state: DialogueState, query: Query) -> tuple[tuple[str, str], ...]:
    """Return the names that the user has explained, the newest last."""
    pending = state.pending
    if query.act != "clarified" or pending is None or not query.links:
        return state.senses
    key, meant = match_key(pending.mention.text), query.links[0].entity_id or ""
    kept = [(name, entity) for name, entity in state.senses if name != key]
    return (*kept, (key, meant))[-_MOST_SENSES:]
