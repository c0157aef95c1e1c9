"""What documents call the same is one thing, whatever their order; namesakes stay apart."""

from __future__ import annotations

from itertools import permutations

import pytest

from convrag.graph import terms
from convrag.graph.building.build import text_graph
from convrag.graph.building.merging import merged
from convrag.graph.building.schema import described
from convrag.graph.model import KnowledgeGraph
from convrag.types import Document, Literal, Triple
from tests.graph.building.texts import about, document, graph_of, named

VARNIA = document("# Varnia\n\nCapital: Ostholm\nArea: 900 km²\n", "Varnia", source="v.md")
BELSK = document(
    "# Belsk\n\nBorder countries: Varnia 12 km\nArea: 70 km²\n", "Belsk", source="b.md"
)


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("Varnia", "VARNIA", "en"),
        ("São Varno", "Sao Varno", "pt"),
        ("Ёлкино", "Елкино", "ru"),
        ("فارنيا", "فَارنيا", "ar"),
        ("वार्ज़निया", "वार्जनिया", "hi"),
        ("ﾊﾟﾝﾅ", "パンナ", "ja"),
        ("瓦尼亚", "瓦尼亚", "zh"),
    ],
)
def test_spellings_of_one_name_are_one_thing(one, other, language) -> None:
    key = {"en": "Area", "pt": "Área", "ru": "Площадь", "ar": "المساحة", "hi": "क्षेत्रफल"}
    line = f"{key.get(language, '面積' if language == 'ja' else '面积')}: 900 km²\n"
    docs = [
        document(f"# {n}\n\n{line}", n, language, f"{i}.md") for i, n in enumerate((one, other))
    ]
    graph = graph_of(*docs)
    assert len([e for e in graph.entities if ":entity/" in e]) == 1


def test_documents_join_over_what_they_both_name() -> None:
    graph = graph_of(VARNIA, BELSK)
    (varnia,) = named(graph, "Varnia")
    assert ("neighbour", "Varnia") in about(graph, "Belsk")
    assert ("capital", "Ostholm") in about(graph, "Varnia")
    assert graph.property("urn:convrag:text:property/border").symmetric
    assert {g.property for g in graph.groups(varnia)} == {
        "urn:convrag:text:property/area/km%C2%B2",
        "urn:convrag:text:property/border",
        "urn:convrag:text:property/capital",
    }


def test_values_of_different_units_are_of_different_properties() -> None:
    river = document("# Lisk\n\nLength: 90 km\n", "Lisk", source="l.md")
    bridge = document("# High Bridge\n\nLength: 300 m\n", "High Bridge", source="h.md")
    graph = graph_of(river, bridge)
    units = {p.units[""] for p in graph.properties.values() if p.labels.get("en") == "length"}
    assert units == {"km", "m"}


def test_an_acronym_leads_to_the_name_it_stands_for() -> None:
    union = document("The Eastern Varnish Union (EVU) is a political union.\n", "x", source="u.md")
    member = document("# Belsk\n\nMember of: EVU\n", "Belsk", source="b.md")
    graph = graph_of(union, member)
    assert about(graph, "Belsk") == {("member of", "Eastern Varnish Union")}


def test_namesakes_of_different_kinds_stay_apart() -> None:
    planet = document(
        "# Space\n\nMercury is a planet. Mercury is 4,879 km long.\n", "Space", source="p"
    )
    metal = document(
        "# Chemistry\n\nMercury is a metal. Mercury is 3 m high.\n", "Chemistry", source="m"
    )
    graph = graph_of(planet, metal)
    kinds = {graph.label(e.types[0], "en") for e in graph.entities.values() if e.types}
    assert len(named(graph, "Mercury")) == 2
    assert kinds == {"planet", "metal"}


def test_a_capital_of_the_same_name_is_another_thing() -> None:
    text = "# Luxen\n\nCountry name: Luxen\nCapital: Luxen\n"
    graph = graph_of(document(text, "Luxen"))
    assert len(named(graph, "Luxen")) == 2


GIVEN = (
    Triple("ex:v", terms.RDFS + "label", Literal("Varnia", "", "en"), "g.ttl"),
    Triple("ex:v", terms.TYPE, "ex:Country", "g.ttl"),
    Triple("ex:Country", terms.RDFS + "label", Literal("country", "", "en"), "g.ttl"),
    Triple("ex:capital", terms.TYPE, terms.RDF + "Property", "g.ttl"),
    Triple("ex:capital", terms.RDFS + "label", Literal("Hauptstadt", "", "de"), "g.ttl"),
    Triple("ex:area", terms.TYPE, terms.RDF + "Property", "g.ttl"),
    Triple("ex:area", terms.RDFS + "label", Literal("area", "", "en"), "g.ttl"),
    Triple("ex:area", terms.UNIT, Literal("sq mi"), "g.ttl"),
    Triple("ex:v", "ex:capital", "ex:o", "g.ttl"),
    Triple("ex:o", terms.RDFS + "label", Literal("Ostholm", "", "en"), "g.ttl"),
)


def test_a_given_graph_gives_its_ids_where_names_agree() -> None:
    graph = graph_of(VARNIA, given=GIVEN)
    (capital,) = [g for g in graph.groups("ex:v") if g.property == "ex:capital"]
    assert capital.others == ("ex:o",)
    # Square kilometres are no square miles.
    assert {g.property for g in graph.groups("ex:v")} == {
        "ex:capital",
        "urn:convrag:text:property/area/km%C2%B2",
    }


def test_a_given_thing_of_another_kind_is_not_meant() -> None:
    ship = document("# Varnia\n\nVarnia is a ship.\n\nLength: 90 m\n", "Varnia", source="s.md")
    graph = graph_of(ship, given=GIVEN)
    assert not [g for g in graph.groups("ex:v") if "length" in g.property]
    assert len(named(graph, "Varnia")) == 2


def test_the_order_of_documents_makes_no_difference() -> None:
    union = document("The Eastern Varnish Union (EVU) is a political union.\n", "x", source="u.md")
    member = document("# Belsk\n\nMember of: EVU\nArea: 70 km²\n", "Belsk", source="c.md")
    found = {frozenset(_triples(*some)) for some in permutations((VARNIA, BELSK, union, member))}
    assert len(found) == 1


def test_what_is_without_a_document_is_what_never_had_it() -> None:
    assert set(_triples(VARNIA, BELSK)) - set(_triples(VARNIA)) == {
        t for t in _triples(VARNIA, BELSK) if t.source in ("b.md", "") and t not in _triples(VARNIA)
    }


def test_short_names_of_keys_count_while_they_are_clear() -> None:
    one = document("# Varnia\n\n## Height\n\nhighest point: Mount Tarn\n", "Varnia", source="1")
    two = document("# Varnia\n\n## Depth\n\nhighest point: Lisk Deep\n", "Varnia", source="2")
    names = [_phrases(graph_of(one)), _phrases(graph_of(one, two))]
    assert "highest point" in names[0]
    assert "highest point" not in names[1]


def test_what_is_named_together_is_no_fact() -> None:
    text = "# Varnia\n\nIn spring the people of Varnia meet those of Ostholm at the shore.\n"
    graph = graph_of(document(text, "Varnia"))
    (varnia,) = named(graph, "Varnia")
    (ostholm,) = named(graph, "Ostholm")
    assert graph.named_with(varnia) == {ostholm: 1}
    assert graph.size == 0
    assert graph.neighbours(varnia) == frozenset()


def _triples(*documents: Document) -> tuple[Triple, ...]:
    said = [t for d in documents for t in text_graph(d).triples]
    return merged((*described(said), *said))


def _phrases(graph: KnowledgeGraph) -> set[str]:
    return {p for item in graph.properties.values() for some in item.phrases.values() for p in some}
