"""A picture of a few entities and the facts among them, as SVG that reads on light and dark."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from xml.sax.saxutils import escape

from convrag.errors import GraphError
from convrag.graph.export import xml_text
from convrag.graph.model import KnowledgeGraph
from convrag.graph.paths import as_network

MOST_NODES = 60
"""More entities in one picture cannot be told apart."""
_LETTER = 7.6
"""Width of a Latin letter of 13 pixels; ideographs take two."""
_WIDEST = 28
"""Letters of a label."""
_HEIGHT = 28.0
_GAP = 12.0
_MARGIN = 40.0
_ROOM = 190.0
"""Pixels of the picture's side for the square root of each entity."""
_ROUNDS = 300
_ITERATIONS = 120
_STYLE = """
  svg { background: #ffffff; } .paper { fill: #ffffff; }
  text { font: 13px system-ui, "Noto Sans", sans-serif; fill: #1b1f24; text-anchor: middle;
         unicode-bidi: plaintext; }
  .fact { font-size: 11px; fill: #4a525c; } .halo { fill: #ffffff; fill-opacity: 0.8; }
  .box { fill: #eef3fb; stroke: #3f6fb5; } .root { fill: #fde8c8; }
  .link { stroke: #8a94a0; fill: none; } .head { fill: #6b7480; }
  @media (prefers-color-scheme: dark) {
    svg { background: #14181d; } .paper { fill: #14181d; }
    text { fill: #e8ecf1; } .fact { fill: #b3bcc8; } .halo { fill: #14181d; }
    .box { fill: #22303f; stroke: #7fa8e0; } .root { fill: #4a3a1c; }
    .link { stroke: #6f7a88; } .head { fill: #8d98a6; } }
"""


@dataclass(slots=True)
class _Box:
    """A label's place: its middle, and half of its width."""

    x: float
    y: float
    half: float


def draw(
    graph: KnowledgeGraph, entities: Sequence[str], language: str, *, root: str = "", seed: int = 0
) -> str:
    """Return an SVG picture of the entities and the facts among them, named in ``language``.

    The same arguments give the same picture. Names are text, whatever they contain.

    Args:
        graph: Where facts and names come from.
        entities: Ids, at most :data:`MOST_NODES`.
        language: The reader's.
        root: The entity that the picture is about, drawn apart.
        seed: Of the layout (Fruchterman and Reingold, 1991).

    Raises:
        GraphError: There are too many entities, or none.
    """
    if not entities or len(entities) > MOST_NODES:
        raise GraphError(
            f"a picture of {len(entities)} entities cannot be read",
            f"draw 1 to {MOST_NODES} of them, those around one entity",
        )
    edges = _edges(graph, entities, language)
    names = {entity: _short(graph.label(entity, language)) for entity in entities}
    boxes = _placed(names, edges, seed)
    width = max(b.x + b.half for b in boxes.values()) + _MARGIN
    height = max(b.y for b in boxes.values()) + _HEIGHT / 2 + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
        '<defs><marker id="end" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="8" '
        'markerHeight="8" orient="auto"><path class="head" d="M0 0 10 5 0 10z"/></marker></defs>',
        *_lines(boxes, edges),
        *_facts(boxes, edges),
        *(_label(boxes[e], names[e], e, "box root" if e == root else "box") for e in entities),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _edges(
    graph: KnowledgeGraph, entities: Sequence[str], language: str
) -> dict[tuple[str, str], list[str]]:
    """Return what is said between each two entities; what is symmetric is said once."""
    edges: dict[tuple[str, str], list[str]] = {}
    for start, end, item in sorted(as_network(graph, list(entities)).edges(keys=True)):
        if start == end:
            continue
        said = graph.label(item, language)
        if not (graph.property(item).symmetric and said in edges.get((end, start), ())):
            edges.setdefault((start, end), []).append(said)
    return edges


def _placed(
    names: Mapping[str, str], edges: Mapping[tuple[str, str], list[str]], seed: int
) -> dict[str, _Box]:
    """Return where the labels lie: connected ones near each other, none over another."""
    import networkx as nx

    network = nx.Graph()
    network.add_nodes_from(names)
    network.add_edges_from(edges)
    side = _ROOM * len(names) ** 0.5
    points = nx.spring_layout(network, seed=seed, iterations=_ITERATIONS, k=1.6 / len(names) ** 0.5)
    boxes = {
        # Labels are wide, so the picture is too.
        entity: _Box(float(x) * side * 0.8, float(y) * side * 0.6, _letters(names[entity]) / 2 + 10)
        for entity, (x, y) in points.items()
    }
    _spread(list(boxes.values()))
    left = min(b.x - b.half for b in boxes.values()) - _MARGIN
    top = min(b.y for b in boxes.values()) - _HEIGHT / 2 - _MARGIN
    for box in boxes.values():
        box.x, box.y = box.x - left, box.y - top
    return boxes


def _spread(boxes: Sequence[_Box]) -> None:
    """Push labels that lie over each other apart, the shorter way."""
    for _ in range(_ROUNDS):
        moved = False
        for a, b in combinations(boxes, 2):
            over_x = a.half + b.half + _GAP - abs(a.x - b.x)
            over_y = _HEIGHT + _GAP - abs(a.y - b.y)
            if over_x <= 0.01 or over_y <= 0.01:
                continue
            moved = True
            if over_y <= over_x:
                push = over_y / 2 if a.y > b.y else -over_y / 2
                a.y, b.y = a.y + push, b.y - push
            else:
                push = over_x / 2 if a.x > b.x else -over_x / 2
                a.x, b.x = a.x + push, b.x - push
        if not moved:
            return


def _lines(boxes: Mapping[str, _Box], edges: Mapping[tuple[str, str], list[str]]) -> list[str]:
    lines = []
    for start, end in edges:
        (x1, y1), (x2, y2) = _rim(boxes[start], boxes[end]), _rim(boxes[end], boxes[start])
        lines.append(
            f'<path class="link" marker-end="url(#end)" d="M{x1:.1f} {y1:.1f} {x2:.1f} {y2:.1f}"/>'
        )
    return lines


def _facts(boxes: Mapping[str, _Box], edges: Mapping[tuple[str, str], list[str]]) -> list[str]:
    """Return what each line says, written on it nearer to its start: both directions differ."""
    texts = []
    for (start, end), items in edges.items():
        (x1, y1), (x2, y2) = _rim(boxes[start], boxes[end]), _rim(boxes[end], boxes[start])
        share = 0.35 if (end, start) in edges else 0.5
        x, y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share + 4
        said = _short(", ".join(dict.fromkeys(items)))
        half = _columns(said) * _LETTER * 0.42 + 2
        texts.append(
            f'<rect class="halo" x="{x - half:.1f}" y="{y - 10:.1f}" width="{2 * half:.1f}" '
            f'height="14"/><text class="fact" x="{x:.1f}" y="{y:.1f}">{escape(said)}</text>'
        )
    return texts


def _label(box: _Box, name: str, entity: str, kind: str) -> str:
    return (
        f'<g><title>{escape(xml_text(entity))}</title><rect class="{kind}" '
        f'x="{box.x - box.half:.1f}" y="{box.y - _HEIGHT / 2:.1f}" width="{2 * box.half:.1f}" '
        f'height="{_HEIGHT:.0f}" rx="8"/>'
        f'<text x="{box.x:.1f}" y="{box.y + 4.5:.1f}">{escape(name)}</text></g>'
    )


def _rim(box: _Box, other: _Box) -> tuple[float, float]:
    """Return where the line from one label to another leaves its box."""
    dx, dy = other.x - box.x, other.y - box.y
    across = box.half / abs(dx) if dx else float("inf")
    along = _HEIGHT / 2 / abs(dy) if dy else float("inf")
    share = min(across, along, 0.5)
    return box.x + dx * share, box.y + dy * share


def _short(text: str) -> str:
    """Return the text on one line, cut where it is too wide for a label."""
    text = " ".join(xml_text(text).split())
    if _columns(text) <= _WIDEST:
        return text
    while text and _columns(text) >= _WIDEST:
        text = text[:-1]
    return text.rstrip() + "…"


def _letters(text: str) -> float:
    return _columns(text) * _LETTER


def _columns(text: str) -> int:
    """Return how many Latin letters wide the text is."""
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
        if unicodedata.category(c) not in ("Mn", "Me")
    )
