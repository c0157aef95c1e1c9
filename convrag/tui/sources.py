"""The sources of one answer: what it cites in order, then what was found besides."""

from __future__ import annotations

from collections.abc import Callable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Collapsible, Static

from convrag.tui.display import marked, one_line
from convrag.types import Answer, Evidence, Passage, Span

Describe = Callable[[Evidence], str]


class SourceCard(Static):
    """One piece of evidence: number, name, how it was found, its text with the cited span."""

    def __init__(self, content: Content, marker: int | None = None) -> None:
        super().__init__(content, classes="source" if marker else "source unused")
        self.marker = marker


class SourcesPane(VerticalScroll):
    """The numbered list of one answer's sources."""

    EMPTY = "The sources of an answer appear here."

    def __init__(self) -> None:
        super().__init__(id="sources-pane")

    def on_mount(self) -> None:
        """Say what will be here."""
        self.mount(Static(Content(self.EMPTY), classes="empty"))

    async def show(
        self, answer: Answer | None, *, title: Describe, text: Describe, via: Describe
    ) -> None:
        """Show the sources of ``answer``.

        Args:
            answer: An answer, or None for the empty state.
            title: Names a piece of evidence.
            text: Gives its text; spans of citations point into it.
            via: Gives the way through the graph that led to it, or an empty string.
        """
        await self.remove_children()
        if answer is None or not answer.evidence:
            empty = self.EMPTY if answer is None else "Nothing was found for this question."
            await self.mount(Static(Content(empty), classes="empty"))
            return
        by_id = {e.id: e for e in answer.evidence}
        cards: list[SourceCard] = []
        cited: set[str] = set()
        for citation in sorted(answer.citations, key=lambda c: c.marker):
            evidence = by_id.get(citation.evidence_id)
            if evidence is not None and citation.marker not in {c.marker for c in cards}:
                cited.add(evidence.id)
                card = _card(evidence, title, text, via, citation.span, citation.marker)
                cards.append(SourceCard(card, citation.marker))
        unused = [
            SourceCard(_card(e, title, text, via, (0, 0), None))
            for e in answer.evidence
            if e.id not in cited
        ]
        await self.mount_all(cards)
        if unused:
            await self.mount(
                Collapsible(*unused, title=f"Found but not cited ({len(unused)})", collapsed=True)
            )
        self.scroll_home(animate=False)

    def select(self, marker: int) -> bool:
        """Mark the source cited as ``marker`` and bring it into view; False when there is none."""
        found = False
        for card in self.query_children(SourceCard):
            chosen = card.marker == marker
            card.set_class(chosen, "chosen")
            if chosen:
                found = True
                card.scroll_visible(animate=False, top=True)
        return found


def _card(
    evidence: Evidence,
    title: Describe,
    text: Describe,
    via: Describe,
    span: Span,
    marker: int | None,
) -> Content:
    item = evidence.item
    channels = " · ".join(f"{name} #{rank}" for name, rank in sorted(evidence.channels.items()))
    facts = f"{evidence.score:.2f} · {channels}" if channels else f"{evidence.score:.2f}"
    place = " · ".join(one_line(name) for name in evidence.sources or (item.source,))
    if isinstance(item, Passage) and item.page is not None:
        place = f"{place}, p. {item.page}" if place else f"p. {item.page}"
    kind = "" if isinstance(item, Passage) else "fact · "
    if evidence.disputed:
        kind += "sources disagree · "
    elif evidence.sources:
        kind += f"{len(evidence.sources)} sources · "
    path = one_line(via(evidence))
    return Content.assemble(
        (f"[{marker}] ", "bold $primary") if marker else "",
        (one_line(title(evidence), 120), "bold"),
        "\n",
        (kind + facts, "$dim"),
        "\n",
        marked(text(evidence), span),
        ("\nvia " + path, "$secondary") if path else "",
        ("\n" + place, "$dim") if place else "",
    )
