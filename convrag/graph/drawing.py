"""A picture of a few entities and the facts among them, as SVG that reads on light and dark."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import hypot
from xml.sax.saxutils import escape

from convrag.errors import GraphError
from convrag.graph import terms
from convrag.graph.export import xml_text
from convrag.graph.model import KnowledgeGraph
from convrag.graph.paths import as_network

MOST_NODES = 60
"""More entities in one picture cannot be told apart."""
_LETTER = 7.6
"""Width of a usual Latin letter of 13 pixels."""
_FACT_SIZE = 11 / 13
"""Of the letters of facts beside those of names."""
_NARROW, _BROAD = frozenset("iljtfrI.,:;'!|()[]/ "), frozenset("mwMW@%&—…")
_MOST_MARKS = 3
"""Marks over one letter; no script needs more, and piles of them cover what is near."""
_WIDEST = 28
"""Letters of a label."""
_HEIGHT = 28.0
_GAP = 12.0
_MARGIN = 40.0
_ROOM = 190.0
"""Pixels of the picture's side for the square root of its entities and a third of its lines."""
_ROUNDS = 300
_STEPS = 24
"""Points of a line that are looked at."""
_BEND = 22.0
"""Pixels that the two lines between two entities bend to either side."""
_DETOURS = (45.0, -45.0, 90.0, -90.0, 140.0, -140.0)
"""Pixels that a line bends so as to go around what lies on its way."""
_SHARES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)
"""Where on its line a fact may be written, the first that is free."""
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
    """A label's place: its middle, and half of its width and height."""

    x: float
    y: float
    half: float
    tall: float = _HEIGHT / 2

    def meets(self, other: _Box) -> bool:
        """Return whether some of the two lies at one place."""
        over_x = self.half + other.half - abs(self.x - other.x)
        return over_x > 0 and self.tall + other.tall - abs(self.y - other.y) > 0


@dataclass(frozen=True, slots=True)
class _Curve:
    """A line from ``start`` to ``end``, pulled towards ``pull``; points are (x, y)."""

    start: tuple[float, float]
    pull: tuple[float, float]
    end: tuple[float, float]

    def at(self, share: float) -> tuple[float, float]:
        """Return the point at this share of the way, of 0 to 1."""
        a, b, c = (1 - share) ** 2, 2 * share * (1 - share), share**2
        (x1, y1), (x2, y2), (x3, y3) = self.start, self.pull, self.end
        return a * x1 + b * x2 + c * x3, a * y1 + b * y2 + c * y3


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
    names = {
        entity: _short(graph.label(entity, language)) or _short(terms.local_name(entity))
        for entity in entities
    }
    boxes = _placed(names, edges, seed)
    curves = {
        ends: _curve(boxes, *ends, double=(ends[1], ends[0]) in edges) for ends in sorted(edges)
    }
    width = max(b.x + b.half for b in boxes.values()) + _MARGIN
    height = max(b.y for b in boxes.values()) + _HEIGHT / 2 + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
        '<defs><marker id="end" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="8" '
        'markerHeight="8" orient="auto"><path class="head" d="M0 0 10 5 0 10z"/></marker></defs>',
        *(_line(curve) for curve in curves.values()),
        *_facts(boxes, edges, curves),
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
    side = _ROOM * (len(names) + len(edges) / 3) ** 0.5
    points = nx.spring_layout(network, seed=seed, iterations=_ITERATIONS, k=1.6 / len(names) ** 0.5)
    boxes = {
        # Labels are wide, so the picture is too.
        entity: _Box(float(x) * side * 0.8, float(y) * side * 0.6, _width(names[entity]) / 2 + 10)
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


def _curve(boxes: Mapping[str, _Box], start: str, end: str, *, double: bool) -> _Curve:
    """Return the line from one box to another that goes around the others where it can.

    Args:
        boxes: Where the labels lie.
        start: The entity that it begins at.
        end: The entity that it ends at.
        double: Another line comes back.
    """
    a, b = boxes[start], boxes[end]
    others = [box for entity, box in boxes.items() if entity not in (start, end)]
    bends = (_BEND, *(d for d in _DETOURS if d > 0)) if double else (0.0, *_DETOURS)
    curves = [_bent(a, b, bend) for bend in bends]
    free = (curve for curve in curves if not any(_crosses(curve, box) for box in others))
    return next(free, curves[0])


def _bent(a: _Box, b: _Box, bend: float) -> _Curve:
    """Return the line between the boxes' rims whose middle is ``bend`` pixels to its side."""
    length = hypot(b.x - a.x, b.y - a.y) or 1.0
    x = (a.x + b.x) / 2 - (b.y - a.y) / length * bend * 2
    y = (a.y + b.y) / 2 + (b.x - a.x) / length * bend * 2
    return _Curve(_rim(a, (x, y)), (x, y), _rim(b, (x, y)))


def _crosses(curve: _Curve, box: _Box) -> bool:
    points = (curve.at(step / _STEPS) for step in range(_STEPS + 1))
    return any(abs(x - box.x) < box.half + 3 and abs(y - box.y) < box.tall + 3 for x, y in points)


def _line(curve: _Curve) -> str:
    (x1, y1), (x2, y2), (x3, y3) = curve.start, curve.pull, curve.end
    return (
        f'<path class="link" marker-end="url(#end)" '
        f'd="M{x1:.1f} {y1:.1f} Q{x2:.1f} {y2:.1f} {x3:.1f} {y3:.1f}"/>'
    )


def _facts(
    boxes: Mapping[str, _Box],
    edges: Mapping[tuple[str, str], list[str]],
    curves: Mapping[tuple[str, str], _Curve],
) -> list[str]:
    """Return what each line says, written on it where nothing else is."""
    texts = []
    taken = list(boxes.values())
    for ends, curve in curves.items():
        said = _short(", ".join(dict.fromkeys(edges[ends])))
        half = _width(said) * _FACT_SIZE / 2 + 2
        places = [_Box(*curve.at(share), half, 7) for share in _SHARES]
        place = next((p for p in places if not any(p.meets(box) for box in taken)), places[0])
        taken.append(place)
        texts.append(
            f'<rect class="halo" x="{place.x - half:.1f}" y="{place.y - 7:.1f}" '
            f'width="{2 * half:.1f}" height="14"/>'
            f'<text class="fact" x="{place.x:.1f}" y="{place.y + 4:.1f}">{escape(said)}</text>'
        )
    return texts


def _label(box: _Box, name: str, entity: str, kind: str) -> str:
    return (
        f'<g><title>{escape(xml_text(entity))}</title><rect class="{kind}" '
        f'x="{box.x - box.half:.1f}" y="{box.y - _HEIGHT / 2:.1f}" width="{2 * box.half:.1f}" '
        f'height="{_HEIGHT:.0f}" rx="8"/>'
        f'<text x="{box.x:.1f}" y="{box.y + 4.5:.1f}">{escape(name)}</text></g>'
    )


def _rim(box: _Box, towards: tuple[float, float]) -> tuple[float, float]:
    """Return where a line from the middle of a box towards a point leaves it."""
    dx, dy = towards[0] - box.x, towards[1] - box.y
    across = box.half / abs(dx) if dx else float("inf")
    along = box.tall / abs(dy) if dy else float("inf")
    share = min(across, along, 1.0)
    return box.x + dx * share, box.y + dy * share


def _short(text: str) -> str:
    """Return the text on one line, cut where it is too wide for a label."""
    text = " ".join(_few_marks(xml_text(text)).split())
    if _width(text) <= _WIDEST * _LETTER:
        return text
    while text and _width(text) > (_WIDEST - 1) * _LETTER:
        text = text[:-1]
    return text.rstrip() + "…"


def _few_marks(text: str) -> str:
    """Return the text without marks beyond those that a letter may have."""
    kept: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _width(text: str) -> float:
    """Return about how many pixels wide the text of a name is."""
    return sum(_LETTER * _columns(char) for char in text)


def _columns(char: str) -> float:
    """Return how many usual Latin letters wide the character is."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.8
    if char in _BROAD:
        return 1.6
    if char in _NARROW:
        return 0.6
    return 1.15 if char.isupper() else 1
