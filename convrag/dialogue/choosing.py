"""Rules where the graph knows what a turn is about, and a model where they find nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from convrag.protocols import Rewriter
from convrag.types import Dialogue, Query, Role, Turn


@dataclass(frozen=True, slots=True)
class Learned:
    """A rewriter that needs no graph, and whether the rules are asked before it."""

    rewriter: Rewriter
    rules_first: bool = True


class ChosenRewriter:
    """Asks the rules, and a learned rewriter in dialogues about nothing that the graph knows.

    A turn that names an entity of the graph, or comes after one that did, is left to the rules, and
    so is small talk: what the graph knows they resolve better, and a change of topic they leave.

    Args:
        rules: The rules over the graph; they also tell the language and the entities of a turn.
        learned: The other one; with ``rules_first`` off it decides, and the rules only link.
    """

    def __init__(self, rules: Rewriter, learned: Learned) -> None:
        self._rules = rules
        self._learned = learned

    def rewrite(self, turn: Turn, dialogue: Dialogue) -> Query:
        """Return the standalone query; on any doubt the turn as it is."""
        query = self._rules.rewrite(turn, dialogue)
        if query.act == "empty" or query.act.startswith("smalltalk"):
            return query
        plain = query.act == "question"
        if self._learned.rules_first and (not plain or query.links or dialogue.state.focus):
            return query
        # What says nothing is out of such a query's text already ("ok, and when?").
        text = query.text if plain else turn.text
        asked = replace(turn, text=text, language=query.language)
        found = self._learned.rewriter.rewrite(asked, _answered(dialogue))
        if found.standalone and plain:
            return query
        return replace(found, original=query.original, language=query.language)


def _answered(dialogue: Dialogue) -> Dialogue:
    """Return the dialogue without replies that say that nothing was found: they name nothing."""
    failed = {asked.number for asked in dialogue.state.asked if not asked.answered}
    kept, number = [], 0
    for turn in dialogue.turns:
        number += turn.role is Role.USER
        if turn.role is Role.USER or number not in failed:
            kept.append(turn)
    return replace(dialogue, turns=tuple(kept))
