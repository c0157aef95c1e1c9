"""The part of the knowledge graph around an answer, as a tree of statements in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, Tree
from textual.widgets.tree import TreeNode

from convrag.errors import ConvragError
from convrag.tui.actions import bindings
from convrag.tui.display import one_line
from convrag.views import Edge, EntityView

Describe = Callable[[str], EntityView]

_EDGES = 60  # statements shown of one entity; a hub has hundreds and nobody reads them


@dataclass(frozen=True, slots=True)
class Place:
    """What a node of the tree stands for; ``entity_id`` is None for a plain value."""

    entity_id: str | None
    name: str
    marker: int | None = None


class GraphTree(Tree[Place]):
    """The tree; nodes are entities and statements."""

    BINDINGS = bindings("graph")

    class Reroot(Message):
        """Look from this entity."""

        def __init__(self, entity_id: str) -> None:
            super().__init__()
            self.entity_id = entity_id

    class Back(Message):
        """Return to where the tree was rooted before."""

    class Ask(Message):
        """Put a question about ``name`` into the prompt."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def action_reroot(self) -> None:
        """Make the entity under the cursor the root, or fold a node that is none."""
        node = self.cursor_node
        if node is not None and node.data is not None and node.data.entity_id is not None:
            self.post_message(self.Reroot(node.data.entity_id))

    def action_back(self) -> None:
        """Go back."""
        self.post_message(self.Back())

    def action_ask(self) -> None:
        """Ask about the node under the cursor."""
        node = self.cursor_node
        if node is not None and node.data is not None and node.data.name:
            self.post_message(self.Ask(node.data.name))

    def render_label(self, node: TreeNode[Place], base_style: Style, style: Style) -> Text:
        """Return the label without markup, with the tree's own fold mark in front."""
        mark = ("▾ " if node.is_expanded else "▸ ") if node.allow_expand else "  "
        label = node.label.copy() if isinstance(node.label, Text) else Text(str(node.label))
        label.stylize_before(style)
        return Text.assemble((mark, base_style), label, no_wrap=True)


class GraphPane(Vertical):
    """The graph rooted at the entities of one question."""

    EMPTY = "The entities of an answer and what the graph says of them appear here."

    def __init__(self) -> None:
        super().__init__(id="graph-pane")
        self._describe: Describe | None = None
        self._cited: Mapping[str, int] = {}
        self._trail: list[tuple[str, ...]] = []
        # Held here and not looked up: an answer may come in while the window is being taken down.
        self._note = Static(Content(self.EMPTY), classes="empty")
        self._tree = GraphTree("", id="graph-tree")

    def compose(self) -> list[Static | GraphTree]:
        """Build the note and the tree."""
        self._tree.show_root = False
        self._tree.guide_depth = 2
        return [self._note, self._tree]

    def on_mount(self) -> None:
        """Begin empty."""
        self._tree.display = False

    def show(
        self, entities: Sequence[str], *, describe: Describe | None, cited: Mapping[str, int]
    ) -> None:
        """Root the tree at ``entities``.

        Args:
            entities: Entity ids, the most important first.
            describe: Looks an entity up.
            cited: Marker of each cited triple, by its id.
        """
        self._describe = describe
        self._cited = cited
        self._trail = [tuple(dict.fromkeys(entities))]
        self._build()

    def _build(self) -> None:
        tree, note = self._tree, self._note
        tree.clear()
        roots = self._trail[-1] if self._trail else ()
        for number, entity_id in enumerate(roots):
            self._add_entity(tree.root, entity_id, expand=number < 3)
        shown = bool(tree.root.children)
        tree.display = shown
        back = "" if len(self._trail) < 2 else "backspace: back"
        note.update(Content(back if shown else self.EMPTY))
        note.display = not shown or bool(back)
        tree.root.expand()
        tree.cursor_line = 0

    def _view(self, entity_id: str) -> EntityView | None:
        if self._describe is None:
            return None
        try:
            return self._describe(entity_id)
        except ConvragError:
            return None  # a stored answer may name an entity that the graph no longer has

    def _add_entity(self, parent: TreeNode[Place], entity_id: str, *, expand: bool) -> None:
        view = self._view(entity_id)
        if view is None:
            return
        name = one_line(view.label, 80)
        label = Text(name, style="bold")
        node = parent.add(label, data=Place(view.id, name), expand=expand)
        if view.description:
            node.add_leaf(Text(one_line(view.description), style="italic"), data=Place(None, ""))
        edges = sorted(view.edges, key=lambda e: (self._marker(e) or 1000, not e.forward))
        for edge in edges[:_EDGES]:
            self._add_edge(node, edge)
        if len(edges) > _EDGES:
            more = f"… {len(edges) - _EDGES} more"
            node.add_leaf(Text(more, style="dim"), data=Place(None, ""))

    def _marker(self, edge: Edge) -> int | None:
        return self._cited.get(edge.triple.id)

    def _add_edge(self, parent: TreeNode[Place], edge: Edge) -> None:
        marker = self._marker(edge)
        arrow = " → " if edge.forward else " ← "
        other = one_line(edge.other, 80)
        label = Text.assemble(
            (f"● [{marker}] " if marker else "", "bold"),
            (one_line(edge.predicate, 60), "" if marker else "dim"),
            (arrow, "dim"),
            (other, "bold" if marker else ""),
        )
        parent.add_leaf(label, data=Place(edge.other_id, other, marker))

    def on_graph_tree_reroot(self, event: GraphTree.Reroot) -> None:
        """Look from another entity."""
        event.stop()
        if self._view(event.entity_id) is not None and self._trail[-1:] != [(event.entity_id,)]:
            self._trail.append((event.entity_id,))
            self._build()

    def on_graph_tree_back(self, event: GraphTree.Back) -> None:
        """Return to the entities before."""
        event.stop()
        if len(self._trail) > 1:
            self._trail.pop()
            self._build()
