"""The world pack: its graph is complete in ten languages, its passages fit it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from babel.core import get_global
from rdflib import RDF, RDFS, Graph, Literal, Namespace, URIRef
from rdflib.namespace import OWL, SKOS
from rdflib.term import Node

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "kg" / "world"
PASSAGES = sorted((PACK / "passages").iterdir())
LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")
SCRIPTS = {
    "zh": r"[\u4e00-\u9fff]",
    "ar": r"[\u0600-\u06ff]",
    "hi": r"[\u0900-\u097f]",
    "ru": r"[\u0400-\u04ff]",
    "ja": r"[\u3040-\u30ff\u4e00-\u9fff]",
}
W = Namespace("https://convrag.example/world/")
WS = Namespace("https://convrag.example/world/schema#")
CV = Namespace("https://convrag.example/ns#")
NAMES = {RDFS.label, SKOS.altLabel, SKOS.hiddenLabel}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph().parse(PACK / "graph.ttl", format="turtle")


def by_language(graph: Graph, subject: Node, predicate: URIRef) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for value in graph.objects(subject, predicate):
        assert isinstance(value, Literal)
        found[str(value.language)].append(str(value))
    return found


def entities(graph: Graph, kind: str) -> set[Node]:
    return set(graph.subjects(RDF.type, WS[kind]))


def described(graph: Graph) -> set[Node]:
    return {s for s in graph.subjects(RDF.type) if isinstance(s, URIRef)}


def label(graph: Graph, subject: Node, language: str) -> str:
    return by_language(graph, subject, RDFS.label)[language][0]


def one(graph: Graph, slug: str, predicate: str) -> set[str]:
    return {str(o).removeprefix(str(W)) for o in graph.objects(W[slug], WS[predicate])}


def test_there_is_enough_of_everything(graph: Graph) -> None:
    counts = Counter(str(o).removeprefix(str(WS)) for o in graph.objects(None, RDF.type))
    least = {"Country": 195, "City": 195, "Language": 100, "Currency": 130}
    least |= {"River": 40, "Mountain": 40, "Continent": 6, "Region": 20}
    assert {kind: counts[kind] for kind in least if counts[kind] < least[kind]} == {}
    facts = [
        (s, p, o)
        for s, p, o in graph
        if str(s).startswith(str(W)) and not str(s).startswith(str(WS)) and p not in NAMES
    ]
    assert len(facts) >= 3000


def test_every_entity_class_and_property_has_one_label_in_each_language(graph: Graph) -> None:
    for subject in described(graph):
        labels = by_language(graph, subject, RDFS.label)
        assert {lang: len(names) for lang, names in labels.items()} == dict.fromkeys(LANGUAGES, 1)
        assert all(names[0] == names[0].strip() != "" for names in labels.values())


def test_labels_are_written_in_their_languages_script(graph: Graph) -> None:
    wrong = []
    for kind in ("Country", "City", "River", "MountainRange", "WaterBody", "Language"):
        for subject in entities(graph, kind):
            for language, script in SCRIPTS.items():
                name = label(graph, subject, language)
                if not re.search(script, name):
                    wrong.append((str(subject), language, name))
    assert wrong == []


def test_properties_have_phrases_and_patterns_in_each_language(graph: Graph) -> None:
    properties = set(graph.subjects(RDF.type, RDF.Property))
    assert len(properties) >= 20
    for subject in properties:
        patterns = by_language(graph, subject, CV.statementPattern)
        assert {lang: len(each) for lang, each in patterns.items()} == dict.fromkeys(LANGUAGES, 1)
        for [pattern] in patterns.values():
            assert sorted(re.findall(r"\{\w*\}", pattern)) == ["{object}", "{subject}"]
        assert set(by_language(graph, subject, SKOS.altLabel)) == set(LANGUAGES)
    for subject in graph.subjects(RDF.type, RDFS.Class):
        assert set(by_language(graph, subject, SKOS.altLabel)) == set(LANGUAGES)


def test_inverse_partners_are_declared_but_not_materialised(graph: Graph) -> None:
    partners = set(graph.subject_objects(OWL.inverseOf))
    assert len(partners) >= 20
    assert all((b, a) in partners for a, b in partners)
    assert all(not (any(graph[: URIRef(a)]) and any(graph[: URIRef(b)])) for a, b in partners)


def test_every_predicate_is_described_and_nothing_dangles(graph: Graph) -> None:
    known = described(graph)
    own = [(s, p, o) for s, p, o in graph if str(p).startswith(str(WS))]
    assert {p for _, p, _ in own} <= set(graph.subjects(RDF.type, RDF.Property))
    assert [(s, p, o) for s, p, o in own if isinstance(o, URIRef) and o not in known] == []


def test_facts_keep_to_domains_and_ranges(graph: Graph) -> None:
    kinds = {s: set(graph.objects(s, RDF.type)) for s in described(graph)}
    for prop in graph.subjects(RDF.type, RDF.Property):
        domain, expected = graph.value(prop, RDFS.domain), graph.value(prop, RDFS.range)
        for s, o in graph.subject_objects(prop):
            assert domain is None or domain in kinds[s], (s, prop)
            if isinstance(o, URIRef) and expected is not None:
                assert expected in kinds[o], (s, prop, o)


def test_neighbours_are_symmetric_and_never_oneself(graph: Graph) -> None:
    pairs = set(graph.subject_objects(WS.neighbour))
    assert len(pairs) > 600
    assert [(a, b) for a, b in pairs if (b, a) not in pairs or a == b] == []
    assert (WS.neighbour, RDF.type, OWL.SymmetricProperty) in graph


@pytest.mark.parametrize(
    "predicate",
    [
        "capital",
        "continent",
        "subregion",
        "currency",
        "officialLanguage",
        "area",
        "callingCode",
        "drivingSide",
    ],
)
def test_every_country_has(graph: Graph, predicate: str) -> None:
    lacking = [c for c in entities(graph, "Country") if not any(graph.objects(c, WS[predicate]))]
    assert lacking == []


def test_codes_belong_to_one_country(graph: Graph) -> None:
    for predicate in (WS.isoCode, WS.topLevelDomain, WS.capital):
        owners = defaultdict(set)
        for country in entities(graph, "Country"):
            for value in graph.objects(country, predicate):
                owners[value].add(country)
        assert {value: c for value, c in owners.items() if len(c) > 1} == {}


def test_no_two_entities_share_an_id(graph: Graph) -> None:
    several = [
        s
        for s in described(graph)
        if str(s).startswith(str(W))
        and not str(s).startswith(str(WS))
        and len(set(graph.objects(s, RDF.type))) != 1
    ]
    assert several == []
    assert all(
        re.fullmatch(r"[a-z0-9-]+", str(s).removeprefix(str(W)))
        for s in graph.subjects(RDF.type, WS.Country)
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("niger", "niger-river"),
        ("republic-of-the-congo", "democratic-republic-of-the-congo"),
        ("republic-of-the-congo", "congo-river"),
        ("guinea", "equatorial-guinea"),
        ("dominica", "dominican-republic"),
        ("luxembourg", "luxembourg-city"),
        ("singapore", "singapore-city"),
        ("mexico", "mexico-city"),
        ("swiss-franc", "djiboutian-franc"),
        ("us-dollar", "canadian-dollar"),
    ],
)
def test_homonyms_are_apart(graph: Graph, first: str, second: str) -> None:
    for language in LANGUAGES:
        assert label(graph, W[first], language) != label(graph, W[second], language)


@pytest.mark.parametrize(
    ("alias", "language", "slug"),
    [
        ("USA", "en", "united-states"),
        ("UK", "en", "united-kingdom"),
        ("美利坚合众国", "zh", "united-states"),
        ("Bundesrepublik Deutschland", "de", "germany"),
        ("米国", "ja", "united-states"),
        ("США", "ru", "united-states"),
        ("بريطانيا", "ar", "united-kingdom"),
        ("बनारस", "hi", "varanasi"),
        ("Волги", "ru", "volga"),
        ("Австрии", "ru", "austria"),
    ],
)
def test_people_find_entities_by_other_names(
    graph: Graph, alias: str, language: str, slug: str
) -> None:
    owners = {s for p in NAMES for s in graph.subjects(p, Literal(alias, lang=language))}
    assert owners == {W[slug]}


@pytest.mark.parametrize(
    ("slug", "predicate", "values"),
    [
        ("switzerland", "officialLanguage", {"german", "french", "italian", "romansh"}),
        ("portugal", "neighbour", {"spain"}),
        ("japan", "neighbour", set()),
        ("united-kingdom", "topLevelDomain", {".uk"}),
        ("india", "drivingSide", {"left"}),
        ("danube", "mouth", {"black-sea"}),
        ("nile", "length", {"6650"}),
        ("mount-fuji", "height", {"3776"}),
        ("nepal", "highestPoint", {"mount-everest"}),
        ("bolivia", "capital", {"sucre", "la-paz"}),
        ("hindi", "script", {"devanagari-script"}),
        ("japanese-yen", "currencyCode", {"JPY"}),
    ],
)
def test_known_facts(graph: Graph, slug: str, predicate: str, values: set[str]) -> None:
    assert one(graph, slug, predicate) == values


def test_the_committed_graph_is_what_the_tables_give() -> None:
    first = (PACK / "graph.ttl").read_text(encoding="utf-8").split("\n", 1)[0]
    version = get_global("cldr")["version"]
    if f"CLDR {version}." not in first:
        pytest.skip(f"the graph was built with another CLDR than {version}")
    command = [sys.executable, "-B", str(PACK / "build.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_pack_file_agrees_with_the_pack() -> None:
    pack = tomllib.loads((PACK / "pack.toml").read_text(encoding="utf-8"))
    assert pack["name"] == "world"
    assert tuple(pack["languages"]) == LANGUAGES
    assert set(pack["title"]) == set(pack["examples"]) == set(LANGUAGES)


def test_passages_are_enough_in_each_language() -> None:
    counts = Counter(path.name.split(".")[1] for path in PASSAGES)
    assert sum(counts.values()) >= 80
    assert set(counts) == set(LANGUAGES)
    assert min(counts.values()) >= 5


@pytest.mark.parametrize("path", PASSAGES, ids=lambda path: path.name)
def test_passage_is_named_titled_and_sized(path: Path) -> None:
    match = re.fullmatch(r"[a-z0-9-]+\.([a-z]{2})\.md", path.name)
    assert match is not None
    language = match[1]
    title, blank, body = path.read_text(encoding="utf-8").split("\n", 2)
    assert re.fullmatch(r"# \S.*", title)
    assert blank == ""
    size = len(body) / 2 if language in ("zh", "ja") else len(body.split())
    assert 80 <= size <= 220
    script = SCRIPTS.get(language, r"[A-Za-zÀ-ÿ]")
    assert len(re.findall(script, body)) > len(body) / 2
