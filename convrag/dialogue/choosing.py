"""Rules where the graph knows what a turn is about, and a model where they find nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from convrag.protocols import Rewriter
from convrag.types import Dialogue, Query, Turn


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
        known = not query.standalone or query.links or dialogue.state.focus
        if self._learned.rules_first and known:
            return query
        asked = replace(turn, language=query.language)
        found = self._learned.rewriter.rewrite(asked, dialogue)
        if not found.standalone:
            return found
        if query.standalone:
            return query
        return replace(found, language=query.language)
