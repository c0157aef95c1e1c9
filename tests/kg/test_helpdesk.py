"""The helpdesk pack is complete in its four languages."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from rdflib import OWL, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "kg" / "helpdesk"
PASSAGES = sorted((PACK / "passages").glob("*.md"))
LANGUAGES = ("en", "zh", "es", "de")
H = Namespace("https://convrag.example/helpdesk/")
HS = Namespace("https://convrag.example/helpdesk/schema#")
CV = Namespace("https://convrag.example/ns#")
TRIPLE = re.compile(r'(\w+:[\w-]+) (\w+:[\w-]+) (?:(\w+:[\w-]+)|"(.+)")')
HAN = re.compile(r"[\u4e00-\u9fff]")
SCRIPTS = {"zh": r"[\u4e00-\u9fff]", "ar": r"[\u0600-\u06ff]", "hi": r"[\u0900-\u097f]"}
SCRIPTS |= {"ru": r"[\u0400-\u04ff]", "ja": r"[\u3040-\u30ff\u4e00-\u9fff]", "en": r"[A-Za-z]"}


@pytest.fixture(scope="module")
def graph() -> Graph:
    found = Graph()
    found.parse(PACK / "graph.ttl", format="turtle")
    return found


def subjects(graph: Graph, kind: URIRef) -> list[URIRef]:
    return sorted(s for s in set(graph.subjects(RDF.type, kind)) if isinstance(s, URIRef))


def properties(graph: Graph) -> list[URIRef]:
    return subjects(graph, OWL.ObjectProperty) + subjects(graph, OWL.DatatypeProperty)


def entities(graph: Graph) -> list[URIRef]:
    found = {s for s in graph.subjects() if isinstance(s, URIRef) and s.startswith(H)}
    return sorted(s for s in found if not s.startswith(HS))


def by_language(graph: Graph, subject: URIRef, predicate: URIRef) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value in graph.objects(subject, predicate):
        assert isinstance(value, Literal)
        found.setdefault(value.language or "", []).append(str(value))
    return found


def expand(graph: Graph, curie: str) -> URIRef:
    prefix, _, name = curie.partition(":")
    return URIRef(str(dict(graph.namespaces())[prefix]) + name)


def test_the_graph_is_what_the_tables_say() -> None:
    command = [sys.executable, str(PACK / "build.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("kind", "least"),
    [("Product", 14), ("Part", 40), ("ErrorCode", 35), ("Accessory", 10), ("City", 12)],
)
def test_counts(graph: Graph, kind: str, least: int) -> None:
    assert len(subjects(graph, HS[kind])) >= least


def test_there_are_twelve_places_to_go(graph: Graph) -> None:
    places = subjects(graph, HS.Shop) + subjects(graph, HS.ServiceCentre)
    assert len(places) >= 12
    assert all(graph.value(place, HS.openingDays) for place in places)
    assert all(str(graph.value(place, HS.phone)).startswith("000-555-") for place in places)


def test_everything_has_one_label_in_each_of_the_four_languages(graph: Graph) -> None:
    named = entities(graph) + subjects(graph, OWL.Class) + properties(graph)
    for subject in named:
        labels = by_language(graph, subject, RDFS.label)
        assert set(LANGUAGES) <= set(labels), subject
        assert all(len(texts) == 1 for texts in labels.values()), subject
        assert graph.value(subject, RDF.type), subject


def test_labels_are_written_in_their_scripts(graph: Graph) -> None:
    for subject in properties(graph) + subjects(graph, OWL.Class) + subjects(graph, HS.City):
        labels = by_language(graph, subject, RDFS.label)
        for language, script in SCRIPTS.items():
            assert re.search(script, labels[language][0]), (subject, language)


def test_every_property_can_be_asked_for_and_put_into_words(graph: Graph) -> None:
    for subject in properties(graph):
        assert set(LANGUAGES) <= set(by_language(graph, subject, SKOS.altLabel)), subject
        patterns = by_language(graph, subject, CV.statementPattern)
        assert set(LANGUAGES) <= set(patterns), subject
        for texts in patterns.values():
            assert len(texts) == 1, subject
            assert texts[0].count("{subject}") == texts[0].count("{object}") == 1, subject


def test_numbers_have_a_unit_and_units_have_four_languages_or_none(graph: Graph) -> None:
    for subject in subjects(graph, OWL.DatatypeProperty):
        units = by_language(graph, subject, CV.unit)
        numeric = str(graph.value(subject, RDFS.range)).endswith(("#integer", "#decimal"))
        assert bool(units) == numeric, subject
        assert not units or set(units) == {""} or set(LANGUAGES) <= set(units), subject


def test_inverse_properties_are_declared_and_not_stated(graph: Graph) -> None:
    pairs = [(a, b) for a, b in graph.subject_objects(OWL.inverseOf) if (b, None, None) in graph]
    assert len(pairs) >= 20
    for one, other in pairs:
        assert (other, OWL.inverseOf, one) in graph
        used = [(None, p, None) in graph for p in (one, other)]
        assert sum(used) == 1, (one, other)


def test_every_relation_points_at_something_described(graph: Graph) -> None:
    known = set(entities(graph))
    for prop in subjects(graph, OWL.ObjectProperty):
        for _, target in graph.subject_objects(prop):
            assert target in known, (prop, target)


def test_error_codes_mean_something_of_their_own_on_each_product(graph: Graph) -> None:
    owners: dict[str, list[URIRef]] = {}
    for code in subjects(graph, HS.ErrorCode):
        meanings = by_language(graph, code, SKOS.definition)
        assert set(meanings) == set(LANGUAGES), code
        assert len(list(graph.subjects(HS.hasErrorCode, code))) == 1, code
        owners.setdefault(str(graph.value(code, HS.code)), []).append(code)
    shared = [codes for codes in owners.values() if len(codes) > 1]
    assert len(shared) >= 5
    for codes in shared:
        english = {by_language(graph, c, SKOS.definition)["en"][0] for c in codes}
        assert len(english) == len(codes), codes


def test_part_and_model_numbers_are_unique(graph: Graph) -> None:
    numbers = [str(n) for n in graph.objects(None, HS.partNumber)]
    assert len(set(numbers)) == len(numbers) == len(subjects(graph, HS.Part))
    models = [str(graph.value(p, RDFS.label)) for p in subjects(graph, HS.Product)]
    assert len(set(models)) == len(models)


def test_the_manifest_names_the_pack_and_has_examples_in_every_language() -> None:
    manifest = tomllib.loads((PACK / "pack.toml").read_text(encoding="utf-8"))
    assert manifest["name"] == PACK.name
    assert tuple(manifest["languages"]) == LANGUAGES
    assert manifest["licence"] == "CC0-1.0"
    assert all(len(manifest["examples"][language]) >= 3 for language in LANGUAGES)


def test_every_topic_has_a_passage_in_every_language() -> None:
    names = [path.name.split(".") for path in PASSAGES]
    assert all(len(name) == 3 for name in names)
    counts = Counter(language for _, language, _ in names)
    assert set(counts) == set(LANGUAGES)
    assert len(set(counts.values())) == 1
    assert min(counts.values()) >= 16
    assert len({slug for slug, _, _ in names}) == counts["en"]


@pytest.mark.parametrize("path", PASSAGES, ids=lambda path: path.name)
def test_a_passage_has_a_title_and_a_readable_length(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    title, _, body = text.partition("\n")
    assert title.startswith("# ")
    assert body.strip()
    chinese = path.name.endswith(".zh.md")
    size = len(HAN.findall(text)) if chinese else len(text.split())
    assert 150 <= size <= 400 if chinese else 80 <= size <= 220, size
