"""Namesakes compared with a text by what they are: description, classes and neighbours."""

from __future__ import annotations

from convrag.graph.linking_decision import Candidate, Considered, by_score
from convrag.graph.model import KnowledgeGraph
from convrag.protocols import Encoder

_CLOSE = 0.05
"""How near each other the scores of namesakes are between which nothing has decided."""
_MOST = 4
"""More namesakes than that are as good as equal, such as error codes that every machine has."""
_NEIGHBOURS = 6


class Meaning:
    """Gives close namesakes a feature: how much nearer than the others they are to the text."""

    def __init__(self, graph: KnowledgeGraph, encoder: Encoder) -> None:
        self._graph = graph
        self._encoder = encoder

    def compare(self, considered: Considered) -> None:
        """Compare the namesakes of each certain mention, where two to four kinds are close."""
        groups = [
            close
            for mention in considered.certain
            if (close := _close(mention)) and self._differ(close)
        ]
        texts = [self._text(c, considered.language) for close in groups for c in close]
        if not texts:
            return
        question = self._encoder.encode([considered.text], "query")[0]  # (D,)
        cosines = iter((self._encoder.encode(texts, "passage") @ question).tolist())
        for close in groups:
            own = [next(cosines) for _ in close]
            middle = sum(own) / len(own)
            for candidate, cosine in zip(close, own, strict=True):
                candidate.features["meaning"] = cosine - middle

    def _differ(self, close: list[Candidate]) -> bool:
        """Whether they are of several kinds; a text rarely tells things of one kind apart."""
        return len({self._graph.entities[c.entity_id].types for c in close}) > 1

    def _text(self, candidate: Candidate, language: str) -> str:
        """Return what the entity is: its name, classes, description, and who is near."""
        graph, entity_id = self._graph, candidate.entity_id
        entity = graph.entities[entity_id]
        kinds = ", ".join(graph.label(kind, language) for kind in entity.types[:2])
        said = entity.description
        description = said.get(language) or said.get("en") or next(iter(said.values()), "")
        near = sorted(graph.neighbours(entity_id), key=lambda e: (-graph.degree(e), e))
        names = ", ".join(graph.label(e, language) for e in near[:_NEIGHBOURS])
        parts = (graph.label(entity_id, language), kinds, description, names)
        return ". ".join(part for part in parts if part)


def _close(mention: list[Candidate]) -> list[Candidate]:
    """Return the candidates that may as well be meant as the best; none where one is clear."""
    ordered = sorted(mention, key=by_score)
    close = [c for c in ordered if c.score >= ordered[0].score - _CLOSE]
    return close if 2 <= len(close) <= _MOST else []
