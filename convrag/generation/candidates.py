"""What may answer: sentences of passages and statements of facts, with where they come from."""

from __future__ import annotations

from dataclasses import dataclass

from convrag.text.segment import sentences
from convrag.types import Evidence, Passage, Span

_SHORTEST = 8
"""Characters; shorter pieces are headings or crumbs, not answers."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage or the statement of a group of facts, with where it comes from."""

    text: str
    context: str
    """The text around it; for a statement the statement itself."""
    title: str
    evidence: tuple[Evidence, ...]
    span: Span
    language: str
    entities: frozenset[str]
    subject: str = ""
    """The entity that the text around it is about: the first that it names."""
    lead: Candidate | None = None
    """The line of another passage that says why this one answers; its words count as well."""
    ranking: str = ""
    """The question's word by which numbers in the lead were ranked: "most" is read, not quoted."""

    @property
    def in_context(self) -> str:
        """The text as the encoder reads it: a sentence is little without its title."""
        text = f"{self.title}. {self.text}" if self.title else self.text
        return f"{self.lead.in_context} {text}" if self.lead else text

    @property
    def wording(self) -> str:
        """The text with what its lead has of the question."""
        return f"{self.lead.text}\n{self.text}\n{self.ranking}" if self.lead else self.text

    @property
    def surroundings(self) -> str:
        """The text around it with the same."""
        if self.lead is None:
            return self.context
        return f"{self.lead.context}\n{self.context}\n{self.ranking}"


def lines_of(evidence: Evidence) -> list[Candidate]:
    """Return the sentences of a passage; none of a triple."""
    passage = evidence.item
    if not isinstance(passage, Passage):
        return []
    return [
        Candidate(
            passage.text[span[0] : span[1]],
            f"{passage.title}\n{passage.text}",
            passage.title,
            (evidence,),
            span,
            passage.language,
            frozenset(passage.entity_ids),
            next(iter(passage.entity_ids), ""),
        )
        for span in sentences(passage.text, passage.language)
        if _is_sentence(passage.text[span[0] : span[1]].strip())
    ]


def _is_sentence(text: str) -> bool:
    return len(text) >= _SHORTEST and not text.startswith("#")
