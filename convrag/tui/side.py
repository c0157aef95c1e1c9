"""The pane beside the conversation: sources, graph and trace of one answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import TabbedContent, TabPane

from convrag.errors import ConvragError
from convrag.tui.display import one_line
from convrag.tui.graph import GraphPane
from convrag.tui.responder import Responder
from convrag.tui.sources import SourcesPane
from convrag.tui.trace import Line, TracePane
from convrag.types import Answer, Evidence, Passage, Triple
from convrag.views import EntityView
from convrag.wire import plain_evidence_text

Tab = Literal["sources", "graph", "trace"]


class SidePane(Vertical):
    """Three tabs about the chosen exchange."""

    def __init__(self) -> None:
        super().__init__(id="side")

    def compose(self) -> ComposeResult:
        """Build the tabs."""
        with TabbedContent(initial="sources"):
            with TabPane("Sources", id="sources"):
                yield SourcesPane()
            with TabPane("Graph", id="graph"):
                yield GraphPane()
            with TabPane("Trace", id="trace"):
                yield TracePane()

    @property
    def active(self) -> str:
        """The open tab."""
        return self.query_one(TabbedContent).active

    def open(self, tab: Tab) -> None:
        """Open a tab."""
        self.query_one(TabbedContent).active = tab

    async def show(
        self, answer: Answer | None, lines: Iterable[Line], responder: Responder | None
    ) -> None:
        """Show everything about ``answer``, or the empty states."""
        words = EvidenceWords(responder, answer.language if answer else "")
        await self.query_one(SourcesPane).show(
            answer, title=words.title, text=words.text, via=words.via
        )
        self.show_trace(lines)
        self.query_one(GraphPane).show(
            _entities(answer) if answer else (),
            describe=words.describe if responder else None,
            cited={c.evidence_id: c.marker for c in answer.citations} if answer else {},
        )

    def show_trace(self, lines: Iterable[Line]) -> None:
        """Show the steps so far."""
        self.query_one(TracePane).show(lines)

    def select(self, marker: int) -> bool:
        """Go to the source cited as ``marker``; False when there is none."""
        self.open("sources")
        return self.query_one(SourcesPane).select(marker)

    def focus_tab(self) -> None:
        """Put the keys to work in the tab that is open."""
        names = {"sources": "#sources-pane", "graph": "#graph-tree", "trace": "#trace-pane"}
        self.query_one(names[self.active]).focus()


class EvidenceWords:
    """Says evidence in words, also while nothing is loaded that knows the graph's labels."""

    def __init__(self, responder: Responder | None, language: str) -> None:
        self._responder = responder
        self._language = language
        self._views: dict[str, EntityView | None] = {}

    def title(self, evidence: Evidence) -> str:
        """Return the evidence's name."""
        if self._responder is not None:
            return self._responder.title(evidence, language=self._language)
        return evidence.item.title if isinstance(evidence.item, Passage) else ""

    def text(self, evidence: Evidence) -> str:
        """Return the passage, or the triple in words."""
        if self._responder is not None:
            return self._responder.evidence_text(evidence, language=self._language)
        return plain_evidence_text(evidence)

    def describe(self, entity_id: str) -> EntityView:
        """Return the entity in words.

        Raises:
            ConvragError: There is none, or nothing is loaded yet.
        """
        if self._responder is None:
            raise ConvragError("nothing is loaded yet")
        return self._responder.describe(entity_id, language=self._language)

    def name(self, entity_id: str) -> str:
        """Return the entity's name; the end of its id where nothing is known of it."""
        view = self._view(entity_id)
        return view.label if view else entity_id.rstrip("/#").replace("#", "/").split("/")[-1]

    def via(self, evidence: Evidence) -> str:
        """Return the way through the graph in labels, or an empty string."""
        words: list[str] = []
        last: EntityView | None = None
        for identifier in evidence.via:
            edges = last.edges if last else ()
            name = next((e.predicate for e in edges if e.triple.predicate == identifier), None)
            if name is None:
                last = self._view(identifier)
                name = (
                    last.label if last else identifier.rstrip("/#").replace("#", "/").split("/")[-1]
                )
            words.append(one_line(name, 60))
        return " → ".join(words)

    def _view(self, entity_id: str) -> EntityView | None:
        if entity_id not in self._views:
            try:
                self._views[entity_id] = self.describe(entity_id)
            except ConvragError:
                self._views[entity_id] = None
        return self._views[entity_id]


def _entities(answer: Answer) -> list[str]:
    """Return the entities of the question, then those of the cited facts and passages."""
    cited = {c.evidence_id for c in answer.citations}
    found = [link.entity_id for link in answer.query.links if link.entity_id is not None]
    for evidence in answer.evidence:
        if evidence.id in cited:
            item = evidence.item
            found += [item.subject] if isinstance(item, Triple) else list(item.entity_ids[:2])
    return list(dict.fromkeys(found))
