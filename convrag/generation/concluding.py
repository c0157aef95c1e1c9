"""Conclusions from several facts in words, each value with the marks of the facts that give it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from convrag.generation.phrases import phrase
from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.graph.wording import join, value_text
from convrag.types import Conclusion, Inference, Literal, Triple


def worded(
    graph: KnowledgeGraph, conclusion: Conclusion, groups: Sequence[FactGroup], language: str
) -> tuple[str, tuple[Triple, ...]]:
    """Return the conclusion in ``language``, and the facts that its marks ``[1]``, ... stand for.

    Args:
        graph: Where names and units come from.
        conclusion: What to say; a path is said by its facts' own statements instead.
        groups: The facts that it follows from.
        language: The reader's.
    """
    writer = _Writer(graph, [t for g in groups for t in g.triples], language)
    return writer.text(conclusion).strip(), tuple(writer.cited)


class _Writer:
    def __init__(self, graph: KnowledgeGraph, facts: Sequence[Triple], language: str) -> None:
        self._graph = graph
        self._facts = facts
        self._language = language
        self.cited: dict[Triple, int] = {}

    def text(self, said: Conclusion) -> str:
        if said.kind is Inference.LIST and said.lacking:
            return self._filled("none-of", said, self._things(said.lacking, len(said.lacking)))
        if said.kind in (Inference.LIST, Inference.COUNT) and not said.count:
            return self._filled("none", said, self._measured(said))
        if said.kind is Inference.LIST:
            return self._things(said.values, said.count)
        if said.kind is Inference.COUNT:
            return self._filled("count", said, self._things(said.values, said.count))
        values = self._measured(said)
        if said.kind is Inference.DIFFERENCE:
            return self._filled("difference", said, values)
        if said.kind is Inference.RANKING:
            kind = "rank" if said.place == 1 else "place"
            kind += "-most" if said.most else "-least"
            several = said.place == 1 and len(said.values) > 1
            return self._filled(f"{kind}-several" if several else kind, said, values)
        if said.lacking:
            return self._filled("compare-lacking", said, values)
        kind = "compare-most" if said.most else "compare-least"
        if len(said.values) == len(said.measured):
            kind = "compare-equal"
        verdict = {None: "", True: "yes", False: "no"}[said.holds]
        opening = phrase(verdict, self._language) if verdict else ""
        return opening + self._filled(kind, said, values)

    def _filled(self, kind: str, said: Conclusion, values: str) -> str:
        """Fill the phrase in one pass, so that no name is taken for a place in it."""
        item = self._graph.property(said.property)
        places = {
            "winner": self._names(said.values),
            "lacking": self._names(said.lacking),
            "property": self._graph.label(said.property, self._language) if said.property else "",
            "count": str(said.count),
            "place": str(said.place),
            "difference": value_text(self._graph, said.difference, item, self._language)
            if said.difference
            else "",
            "values": values,
        }
        return phrase(kind, self._language).format_map(places)

    def _names(self, values: Iterable[str | Literal]) -> str:
        none = self._graph.property("")
        names = [value_text(self._graph, v, none, self._language) for v in values]
        return join(names, self._language) if names else ""

    def _things(self, values: Sequence[str | Literal], count: int) -> str:
        """Return the list of ``count`` things, each with the facts that name it."""
        texts: list[str] = []
        for value in values:
            facts = [t for t in self._facts if value in (t.subject, t.object)]
            none = self._graph.property(facts[0].predicate if facts else "")
            name = value_text(self._graph, value, none, self._language)
            texts.append(f"{name} {self._marks(facts)}".rstrip())
        if count > len(texts):
            texts.append("…")
        return join(texts, self._language)

    def _measured(self, said: Conclusion) -> str:
        item = self._graph.property(said.property)
        texts: list[str] = []
        for entity, value in said.measured:
            facts = [t for t in self._facts if t.subject == entity and t.object == value]
            if not facts:  # counted: the value is how many facts there are
                facts = [t for t in self._facts if entity in (t.subject, t.object)]
                item = self._graph.property("")
            amount = value_text(self._graph, value, item, self._language)
            name = self._graph.label(entity, self._language)
            texts.append(f"{name} {amount} {self._marks(facts)}".rstrip())
        return ("；" if self._language in ("zh", "ja") else "; ").join(texts)

    def _marks(self, facts: Iterable[Triple]) -> str:
        for fact in facts:
            self.cited.setdefault(fact, len(self.cited) + 1)
        return "".join(f"[{self.cited[fact]}]" for fact in dict.fromkeys(facts))
