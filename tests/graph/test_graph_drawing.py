"""Pictures: valid XML whatever names hold, every entity once, nothing over another."""

from __future__ import annotations

import re

import pytest
from defusedxml import ElementTree

from convrag.errors import GraphError
from convrag.graph.drawing import MOST_NODES, draw
from convrag.graph.model import KnowledgeGraph
from convrag.types import Literal, Triple
from tests.graph.graph_text import EX, graph_of

SVG = "{http://www.w3.org/2000/svg}"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
NAMES = {
    "en": "Vienna",
    "ru": "Вена",
    "ar": "فيينا",
    "hi": "विएना",
    "ja": "ウィーン",
    "zh": "维也纳",
    "th": "เวียนนา",
    "ko": "빈",
}
HOSTILE = "</text><script>alert(1)</script>&amp;\x1b[31m\u202e\ufffe\x00<!--]]>"


def texts(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def star(count: int) -> KnowledgeGraph:
    return KnowledgeGraph(
        [Triple("urn:e0", f"urn:p{n % 3}", f"urn:e{n}", "s") for n in range(1, count)]
    )


@pytest.mark.parametrize("language", NAMES)
def test_names_are_drawn_in_the_language(language: str) -> None:
    labels = ", ".join(f'"{name}"@{code}' for code, name in NAMES.items())
    graph = graph_of(f'ex:v rdfs:label {labels} ; ex:in ex:a . ex:in rdfs:label "liegt in"@de .')
    svg = draw(graph, [EX + "v", EX + "a"], language, root=EX + "v")
    assert NAMES[language] in texts(svg)
    assert "liegt in" in texts(svg)
    assert svg.count("box root") == 1
    assert "prefers-color-scheme: dark" in svg


def test_hostile_names_are_text() -> None:
    graph = KnowledgeGraph(
        [
            Triple("urn:a\u202e<b>", LABEL, Literal(HOSTILE, "", "en")),
            Triple("urn:p", LABEL, Literal("<p onload='x'>", "", "en")),
            Triple("urn:a\u202e<b>", "urn:p", "urn:c"),
        ]
    )
    svg = draw(graph, sorted(graph.entities), "en")
    tags = {e.tag.removeprefix(SVG) for e in ElementTree.fromstring(svg).iter()}
    assert tags <= {"svg", "style", "defs", "marker", "path", "g", "title", "rect", "text"}
    assert not re.search("[\x00\x1b\u202e\ufffe]", svg)
    assert any(t.startswith("</text><script>") for t in texts(svg))


def test_labels_do_not_lie_over_each_other_and_are_inside() -> None:
    graph = star(MOST_NODES)
    svg = ElementTree.fromstring(draw(graph, sorted(graph.entities), "en"))
    boxes = [
        [float(r.get(k)) for k in ("x", "y", "width", "height")]
        for r in svg.iter(f"{SVG}rect")
        if "box" in r.get("class")
    ]
    assert len(boxes) == MOST_NODES
    for n, (x, y, w, h) in enumerate(boxes):
        assert 0 <= x <= x + w <= float(svg.get("width"))
        assert 0 <= y <= y + h <= float(svg.get("height"))
        for a, b, c, d in boxes[:n]:
            assert x >= a + c or a >= x + w or y >= b + d or b >= y + h


def test_the_same_picture_twice_and_symmetric_facts_once() -> None:
    graph = graph_of(
        "ex:near a owl:SymmetricProperty . ex:a ex:near ex:b . ex:b ex:near ex:a ; ex:in ex:c ."
        "ex:c ex:in ex:b , ex:c ."
    )
    entities = [EX + "a", EX + "b", EX + "c"]
    svg = draw(graph, entities, "en")
    assert svg == draw(graph, entities, "en")
    assert sorted(texts(svg)) == ["a", "b", "c", "in", "in", "near"]


def test_long_names_are_cut_by_width() -> None:
    for letter, most in (("n", 28), ("W", 17), ("長", 15), ("é", 28), ("न", 28)):
        graph = KnowledgeGraph([Triple("urn:a", LABEL, Literal(letter * 90, "", "en"))])
        (shown,) = texts(draw(graph, ["urn:a"], "en"))
        assert shown.endswith("…")
        assert len(shown) == most


@pytest.mark.parametrize("count", [0, MOST_NODES + 1])
def test_too_many_and_none_are_refused(count: int) -> None:
    graph = star(count + 1)
    with pytest.raises(GraphError, match=f"{count} entities"):
        draw(graph, sorted(graph.entities)[:count], "en")


def rectangles(svg: str, kind: str) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of the rectangles of a kind."""
    found = []
    for e in ElementTree.fromstring(svg).iter(f"{SVG}rect"):
        if kind in e.get("class", "").split():
            x, y, width, height = (float(e.get(k, "")) for k in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def over(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    # Numbers are rounded to tenths.
    return a[0] < b[2] - 0.2 and b[0] < a[2] - 0.2 and a[1] < b[3] - 0.2 and b[1] < a[3] - 0.2


@pytest.mark.parametrize("language", NAMES)
def test_no_fact_is_written_over_another_or_over_a_name(language: str) -> None:
    labels = "".join(f'ex:p{n} rdfs:label "{NAMES[language]}"@{language} .' for n in range(2))
    facts = "".join(f"ex:m ex:p0 ex:e{n} . ex:e{n} ex:p1 ex:m . " for n in range(7))
    graph = graph_of(labels + facts)
    svg = draw(graph, sorted(graph.entities), language, root=EX + "m")
    facts_at, names_at = rectangles(svg, "halo"), rectangles(svg, "box")
    assert (len(facts_at), len(names_at)) == (14, 8)
    for place, fact in enumerate(facts_at):
        assert not any(over(fact, other) for other in facts_at[place + 1 :])
        assert not any(over(fact, name) for name in names_at)


def test_the_lines_of_both_directions_lie_apart() -> None:
    svg = draw(graph_of("ex:a ex:in ex:b . ex:b ex:of ex:a ."), [EX + "a", EX + "b"], "en")
    pulls = {tuple(m.groups()) for m in re.finditer(r" Q([\d.-]+) ([\d.-]+) ", svg)}
    assert len(pulls) == 2


def test_a_name_without_letters_is_told_by_its_id_and_piled_marks_are_cut() -> None:
    graph = graph_of(
        f'ex:a rdfs:label " "@en ; ex:in ex:b . ex:b rdfs:label "Z{chr(0x335) * 40}"@en .'
    )
    shown = texts(draw(graph, [EX + "a", EX + "b"], "en"))
    assert "a" in shown
    assert f"Z{chr(0x335) * 3}" in shown
