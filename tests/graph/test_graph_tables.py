"""JSON tables of entities as graphs: with a mapping, and by looks."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from convrag.errors import GraphError
from convrag.graph import terms
from convrag.graph.json_rows import language_code
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import read_rdf
from convrag.graph.wording import statement
from convrag.types import Entity, Literal

SHARED = Path(__file__).parents[3] / "shared" / "data"
TOWNS = [
    {"name": "Ombra", "code": "OMB", "nextTo": ["VEL", "TRN"], "area": 12.50, "river": None},
    {"name": "翁布拉", "code": "VEL", "nextTo": ["OMB"], "area": 7, "founded": "1822-03-04"},
    {"name": "Омбра", "code": "TRN", "nextTo": [], "coastal": True, "mayor": "أومبرا"},
    {"name": "ओम्ब्रा", "code": "X1", "size": {"height": 3, "width": 4}},
    {"name": "オンブラ", "code": "X2", "twin": {"name": "옴브라", "state": "K"}},
    {"name": "Όμπρα", "code": "X3", "description": "A town.", "aliases": ["ออมบรา"]},
]


def graph(folder: Path, content: object, mapping: str = "", name: str = "towns") -> KnowledgeGraph:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    (folder / f"{name}.graph.toml").write_text(mapping, encoding="utf-8")
    return KnowledgeGraph(read_rdf(path, source=path.name))


def called(graph: KnowledgeGraph, name: str) -> Entity:
    (found,) = [e for e in graph.entities.values() if name in e.labels.values()]
    return found


def facts(graph: KnowledgeGraph, name: str, language: str = "en") -> set[str]:
    groups = graph.groups(called(graph, name).id)
    return {statement(graph, group, language) for group in groups if group.forward}


def refusal(folder: Path, content: object, mapping: str = "") -> str:
    with pytest.raises(GraphError) as caught:
        graph(folder, content, mapping)
    assert caught.value.hint
    return caught.value.message


def test_an_array_of_objects_is_understood_by_looks(tmp_path: Path) -> None:
    towns = graph(tmp_path, TOWNS)
    assert facts(towns, "Ombra") == {"Ombra — next to: Омбра and 翁布拉", "Ombra — area: 12.5"}
    assert "翁布拉 — founded: March 4, 1822" in facts(towns, "翁布拉")
    assert facts(towns, "Омбра") == {"Омбра — coastal: yes", "Омбра — mayor: أومبرا"}
    assert facts(towns, "ओम्ब्रा") == {"ओम्ब्रा — size height: 3", "ओम्ब्रा — size width: 4"}
    assert facts(towns, "オンブラ") == {"オンブラ — twin: 옴브라"}
    assert facts(towns, "옴브라") == {"옴브라 — state: K"}
    assert called(towns, "Όμπρα").aliases == {"": ("X3", "ออมบรา")}
    assert called(towns, "Όμπρα").description == {"": "A town."}
    assert called(towns, "Ombra").id == "urn:convrag:towns.json/OMB"


@pytest.mark.parametrize(
    "content",
    [
        {town["code"]: {k: v for k, v in town.items() if k != "code"} for town in TOWNS},
        {"version": 2, "towns": TOWNS},
        {"towns": {town["code"]: town for town in TOWNS}},
    ],
)
def test_other_shapes_say_the_same(tmp_path: Path, content: object) -> None:
    towns = graph(tmp_path, content)
    assert "Ombra — area: 12.5" in facts(towns, "Ombra")
    near = {o for g in towns.groups(called(towns, "Ombra").id) for o in g.others}
    assert {called(towns, "翁布拉").id, called(towns, "Омбра").id} <= near


@pytest.mark.parametrize("by_subject", [True, False])
def test_facts_in_threes(tmp_path: Path, by_subject: bool) -> None:
    threes = [
        ["故宫", "周边景点", "天坛"],
        ["故宫", "电话", "010-1"],
        ["天坛", "周边景点", "故宫"],
        ["天坛", "门票", 15],
    ]
    by_name = {"故宫": threes[:2], "天坛": threes[2:]}
    sights = graph(tmp_path, by_name if by_subject else threes)
    assert len(sights.entities) == 2
    assert facts(sights, "故宫", "zh") == {"故宫 — 周边景点：天坛", "故宫 — 电话：010-1"}
    assert "天坛 — 门票：15" in facts(sights, "天坛", "zh")
    assert not any("故宫" in entity for entity in sights.entities)


def test_namesakes_stay_apart_and_keep_their_ids(tmp_path: Path) -> None:
    two = [{"name": "Springfield", "state": "A"}, {"name": "Springfield", "state": "B"}]
    before = graph(tmp_path, two)
    assert len(before.entities) == 2
    after = graph(tmp_path, [{"name": "湖"}, two[0], {"name": "озеро"}, two[1]])
    kept = {e.id for e in after.entities.values() if "Springfield" in e.labels.values()}
    assert kept == set(before.entities)
    assert graph(tmp_path, two).entities == before.entities
    # A name that two rows bear tells nothing about which of them is meant.
    third = graph(tmp_path, [*two, {"name": "C", "near": ["Springfield"]}, {"name": "D"}])
    assert facts(third, "C") == {"C — near: Springfield"}
    assert not third.neighbours(called(third, "C").id)


def test_sources_stay_apart_unless_they_share_a_table(tmp_path: Path) -> None:
    capitals, areas = [{"country": "Chad", "city": "N"}], [{"country": "Chad", "area": 1284}]
    alone = [graph(tmp_path, rows, name=n) for n, rows in (("a", capitals), ("b", areas))]
    assert not alone[0].entities.keys() & alone[1].entities.keys()
    shared = 'table = "country"\nkey = "country"'
    (tmp_path / "graph.toml").write_text(shared)
    triples = []
    for name, rows in (("c", capitals), ("d", areas)):
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
        triples += read_rdf(tmp_path / f"{name}.json", source=f"{name}.json")
    together = KnowledgeGraph(triples)
    assert facts(together, "Chad") == {"Chad — city: N", "Chad — area: 1,284"}


MAPPING = """
key = "id"
label = "called.en"
language = "en"
labels = "called.*"
aliases = ["also.*", "code"]
description = "about"
ignore = ["internal"]

[class]
en = "town"
zh = "镇"

[properties.near]
refers = "code"
symmetric = true
label = { en = "borders", zh = "接壤" }
patterns = { en = "{subject} borders {object}." }
phrases = { en = ["neighbour of"] }

[properties.size]
unit = "km²"

[properties.river]
entity = "river"

[properties.tongues]
take = "values"

[properties.money]
table = "currency"
"""


def test_a_mapping_says_what_is_what(tmp_path: Path) -> None:
    rows = [
        {
            "id": 7,
            "called": {
                "eng": "Ombra",
                "en": "Ombra",
                "zho": "翁布拉",
                "rus": "Омбра",
                "ara": "أومبرا",
            },
            "also": {"zh": "翁城"},
            "code": "OM",
            "about": "A town by a lake.",
            "internal": 1,
            "near": ["VE"],
            "size": 12.5,
            "river": "Arl",
            "tongues": {"x": "Ombrish", "y": "हिन्दी"},
            "money": {"OMD": {"name": "Ombra dollar", "symbol": "$"}},
        },
        {
            "id": 8,
            "called": {"en": "Vell", "jpn": "ヴェル"},
            "code": "VE",
            "near": [],
            "river": "Arl",
        },
    ]
    towns = graph(tmp_path, rows, MAPPING)
    ombra = called(towns, "翁布拉")
    assert ombra.id == "urn:convrag:towns.json/7"
    assert ombra.labels == {
        "en": "Ombra", "zh": "翁布拉", "ru": "Омбра", "ar": "أومبرا",
    }  # fmt: skip
    assert ombra.aliases == {"zh": ("翁城",), "en": ("OM",)}
    assert ombra.description == {"en": "A town by a lake."}
    (kind,) = ombra.types
    assert towns.classes[kind].labels == {"en": "town", "zh": "镇"}
    assert facts(towns, "翁布拉") == {
        "Ombra borders Vell.",
        "Ombra — size: 12.5 km²",
        "Ombra — river: Arl",
        "Ombra — tongues: Ombrish and हिन्दी",
        "Ombra — money: Ombra dollar",
    }
    assert "Vell borders Ombra." in facts(towns, "ヴェル")
    river = called(towns, "Arl")
    assert len(towns.neighbours(river.id)) == 2
    assert towns.classes[river.types[0]].labels == {"en": "river"}
    assert towns.entities["urn:convrag:currency/OMD"].aliases == {"": ("OMD",)}
    assert towns.property("urn:convrag:towns.json#near").phrases["en"] == ("neighbour of",)


@pytest.mark.parametrize(
    ("mapping", "wanted"),
    [
        ("keey = 'id'", "towns.graph.toml: key 'keey' is unknown"),
        ("[properties.area]\nunits = 'km'", "'properties.area.units' is unknown"),
        ("key = 3", "key 'key' has a bad value"),
        ("label = [1]", "key 'label' has a bad value"),
        ("[properties]\narea = 1", "key 'properties' has a bad value"),
        ("[properties.area]\ntake = 'all'", "'properties.area.take' has a bad value"),
        ("[properties.area]\nrefers = 1", "'properties.area.refers' has a bad value"),
        ("[properties.area]\nsymmetric = 'yes'", "'properties.area.symmetric' has a bad value"),
        ("[properties.area]\nphrases = ['x']", "'properties.area.phrases' has a bad value"),
        ("class = ['x']", "key 'class' has a bad value"),
        ("= 1", "not TOML"),
        ("label = 'nme'", "no row of towns.json has 'nme'"),
        ("labels = 'names.*'", "no row of towns.json has 'names.*'"),
        ("key = 'founded'", "row 1 has no 'founded'"),
        ("rows = 'towns'", "no table of entities at 'towns'"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(tmp_path: Path, mapping: str, wanted: str) -> None:
    assert wanted in refusal(tmp_path, TOWNS, mapping)


@pytest.mark.parametrize("content", [[], 3, "湖", [1, 2], [[1, 2, 3]], [{"a": 1}, 2]])
def test_what_is_no_table_is_refused(tmp_path: Path, content: object) -> None:
    assert "no table of entities" in refusal(tmp_path, content)


def test_broken_json_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"name":\n\n]')
    (tmp_path / "a.graph.toml").write_text("")
    with pytest.raises(GraphError, match=r"a\.json:3: "):
        read_rdf(path, source="s")


def test_deep_and_large_tables_end(tmp_path: Path) -> None:
    deep: object = "x"
    for _ in range(60):
        deep = {"in": deep}
    assert "nested more than" in refusal(tmp_path, [{"name": "a", "b": deep}])
    rows = [{"name": f"湖{i}", "near": [f"湖{i + 1}", f"湖{i * 7}"], "n": i} for i in range(5000)]
    assert graph(tmp_path, rows).size > 10_000


def test_equal_inner_entities_are_one_and_others_are_not(tmp_path: Path) -> None:
    euro, other = {"EUR": {"name": "Euro"}}, {"EUR": {"name": "Euro", "symbol": "€"}}
    rows = [{"name": n, "pays": c} for n, c in (("A", euro), ("B", euro), ("C", other))]
    found = graph(tmp_path, rows)
    money = [e for e in found.entities.values() if "Euro" in e.labels.values()]
    assert sorted(len(found.neighbours(e.id)) for e in money) == [1, 2]


def test_an_inner_object_without_a_name_is_called_by_what_it_holds(tmp_path: Path) -> None:
    rows = [{"name": "A", "address": [{"street": "Rue 5", "town": "翁布拉"}]}]
    turtle = graph(tmp_path, rows)
    assert facts(turtle, "A") == {"A — address street: Rue 5", "A — address town: 翁布拉"}


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("zho", "zh"), ("per", "fa"), ("deu", "de"), ("ger", "de"), ("en", "en"), ("jpn", "ja"),
        ("pt-BR", "pt"), ("ara", "ar"), ("official", ""), ("x", ""), ("", ""),
    ],
)  # fmt: skip
def test_codes_of_languages(code: str, language: str) -> None:
    assert language_code(code) == language


COUNTRIES = """
key = "cca3"
label = "name.common"
language = "en"
labels = "translations.*.common"
aliases = ["name.official", "translations.*.official", "altSpellings", "cca2"]
ignore = ["flag", "demonyms", "idd", "latlng", "ccn3", "cioc", "status"]
class = { en = "country", de = "Land" }

[properties.borders]
refers = true
symmetric = true
label = { en = "borders", de = "grenzt an" }

[properties.area]
unit = "km²"

[properties.currencies]
table = "currency"
entity = "currency"

[properties.languages]
take = "values"

[properties.capital]
entity = "city"
"""


def test_countries_in_twenty_four_languages(tmp_path: Path) -> None:
    path = SHARED / "rdf" / "countries" / "countries.json"
    if not path.is_file():
        pytest.skip("the shared data is not here")
    found = graph(tmp_path, json.loads(path.read_text("utf-8")), COUNTRIES)
    countries = [e for e in found.entities.values() if "country" in str(e.types)]
    assert len(countries) == 250
    assert sum(len(e.labels) >= 24 for e in countries) > 240
    france = found.entities["urn:convrag:towns.json/FRA"]
    assert (france.labels["zh"], france.labels["ar"], france.labels["fa"]) == (
        "法国", "فرنسا", "فرانسه",
    )  # fmt: skip
    assert found.entities["urn:convrag:towns.json/ESP"].id in found.neighbours(france.id)
    said = {statement(found, g, "en") for g in found.groups(france.id)}
    assert {"France — area: 551,695 km²", "France — capital: Paris"} <= said
    assert "France — currencies: Euro" in said
    assert len([e for e in found.entities.values() if "Euro" in e.labels.values()]) == 1


def test_the_sights_of_peking(tmp_path: Path) -> None:
    path = SHARED / "kdconv" / "travel" / "kb_travel.json.gz"
    if not path.is_file():
        pytest.skip("the shared data is not here")
    found = graph(tmp_path, json.loads(gzip.decompress(path.read_bytes())), 'language = "zh"')
    assert len(found.entities) == 1154
    palace = called(found, "故宫")
    assert palace.labels == {"zh": "故宫"}
    assert called(found, "天坛").id in found.neighbours(palace.id)


def test_tables_of_facts_meet_in_their_countries(tmp_path: Path) -> None:
    folder = SHARED / "country_json"
    if not folder.is_dir():
        pytest.skip("the shared data is not here")
    (tmp_path / "graph.toml").write_text('table = "country"\nkey = "country"\nlanguage = "en"')
    triples = []
    for path in sorted(folder.glob("*.json")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
        triples += read_rdf(tmp_path / path.name, source=path.name)
    found = KnowledgeGraph(triples)
    assert len(found.entities) < 300
    chad = called(found, "Chad")
    assert len({g.property for g in found.groups(chad.id)}) > 15
    population = next(g for g in found.groups(chad.id) if g.property.endswith("#population"))
    assert population.triples[0].object == Literal("15477751", terms.XSD + "integer")
