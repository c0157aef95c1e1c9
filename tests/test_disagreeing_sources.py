"""Two files about one thing, from the index to the answer: said by both, denied, filtered, gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convrag.events import Finished
from convrag.generation.phrases import phrase
from convrag.indexing import build_index, delete_sources
from convrag.models.scripted import HashEncoder
from convrag.pipeline import Pipeline
from convrag.retrieval import sources
from convrag.retrieval.index import Index
from convrag.types import Answer, Dialogue, Filter, Role, Turn
from convrag.wire import answer_from_json, answer_to_json, plain_evidence_text
from tests.graph.graph_text import PREFIXES

ENCODER = HashEncoder(64)
ANYTHING = Filter()
FIRST = """
ex:capital rdfs:label "capital"@en, "Hauptstadt"@de, "首都"@zh, "столица"@ru, "العاصمة"@ar,
    "राजधानी"@hi .
ex:australia rdfs:label "Australia"@en, "Australien"@de, "澳大利亚"@zh, "Австралия"@ru,
    "أستراليا"@ar, "ऑस्ट्रेलिया"@hi ; ex:capital ex:canberra .
ex:austria rdfs:label "Austria"@en ; ex:capital ex:vienna .
ex:france rdfs:label "France"@en ; ex:capital ex:paris .
ex:canberra rdfs:label "Canberra"@en . ex:sydney rdfs:label "Sydney"@en .
ex:vienna rdfs:label "Vienna"@en . ex:paris rdfs:label "Paris"@en .
"""
SECOND = "ex:australia ex:capital ex:sydney . ex:austria ex:capital ex:vienna ."
QUESTIONS = {
    "en": "What is the capital of Australia?",
    "de": "Was ist die Hauptstadt von Australien?",
    "zh": "澳大利亚的首都是什么？",
    "ru": "Какая столица у Австралии?",
    "ar": "ما هي العاصمة أستراليا؟",
    "hi": "ऑस्ट्रेलिया की राजधानी क्या है?",
}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    for name, text in (("first.ttl", FIRST), ("second.ttl", SECOND)):
        (tmp_path / name).write_text(PREFIXES + text, encoding="utf-8")
    files = [tmp_path / "first.ttl", tmp_path / "second.ttl"]
    build_index(files, tmp_path / "index", ENCODER, root=tmp_path)
    return tmp_path / "index"


def ask(index: Path, question: str, wanted: Filter = ANYTHING) -> Answer:
    pipeline = Pipeline(Index.open(index), ENCODER, name="test")
    turn = Turn("t", Role.USER, question)
    try:
        *_, last = pipeline.respond(Dialogue("d"), turn, filter=wanted)
    finally:
        pipeline.close()
    assert isinstance(last, Finished), last
    return last.answer


@pytest.mark.parametrize(("language", "question"), QUESTIONS.items())
def test_the_answer_tells_both_sides(index: Path, language: str, question: str) -> None:
    answer = ask(index, question)
    assert answer.text.startswith(phrase("disagree", language))
    assert all(f"(`{name}.ttl`)" in answer.text for name in ("first", "second"))
    assert {"Canberra", "Sydney"} <= set(answer.text.replace("：", " ").split())
    assert len(answer.citations) == 2
    read = answer_from_json(answer_to_json(answer, evidence_text=plain_evidence_text))
    assert [e.disputed for e in read.evidence[:2]] == [True, True]


def test_what_both_say_is_said_once_with_both_sources(index: Path) -> None:
    answer = ask(index, "What is the capital of Austria?")
    assert answer.text == "Austria — capital: Vienna [1]"
    assert answer.evidence[0].sources == ("first.ttl", "second.ttl")


@pytest.mark.parametrize("name", ["first.ttl", "second.ttl"])
def test_either_source_alone_is_found_by_a_filter(index: Path, name: str) -> None:
    answer = ask(index, "What is the capital of Austria?", Filter(sources=(name,)))
    assert "Vienna" in answer.text
    assert answer.evidence[0].item.source == name
    alone = ask(index, QUESTIONS["en"], Filter(sources=(name,)))
    assert ("Canberra" in alone.text, "Sydney" in alone.text) == (name[0] == "f", name[0] == "s")


def test_what_the_other_file_says_stays(index: Path) -> None:
    with Index.open(index, writable=True) as opened:
        listed = sources.listed(opened.connection)
        delete_sources(opened, [item for item in listed if item.name == "second.ttl"])
    answer = ask(index, "What is the capital of Austria?")
    assert "Vienna" in answer.text
    assert answer.evidence[0].sources == ()


SHARED = Path(__file__).parents[2] / "shared" / "data"
MAPPING = """
table = "country"
key = "{key}"
label = "{key}"
labels = "{labels}"
language = "en"
ignore = ["name"]
[properties.area]
unit = "km²"
[properties.area.label]
{area}
[properties.capital]
entity = "city"
[properties.capital.label]
{capital}
"""
AREAS = {
    "en": "area",
    "de": "Fläche",
    "zh": "面积",
    "ru": "площадь",
    "ar": "مساحة",
    "es": "superficie",
}
CAPITALS = {
    "en": "capital", "de": "Hauptstadt", "zh": "首都",
    "ru": "столица", "ar": "عاصمة", "es": "capital",
}  # fmt: skip
POLAND = {
    "en": "What is the area of Poland?",
    "de": "Wie groß ist die Fläche von Polen?",
    "zh": "波兰的面积是多少？",
    "ru": "Какова площадь Польши?",
    "ar": "ما هي مساحة بولندا؟",
    "es": "¿Cuál es la superficie de Polonia?",
}


@pytest.fixture(scope="module")
def countries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of a few countries with names in many languages, and two other people's tables."""
    if not (SHARED / "country_json").is_dir() or not (SHARED / "rdf" / "countries").is_dir():
        pytest.skip("the shared data is not here")
    folder = tmp_path_factory.mktemp("countries")
    rows = json.loads((SHARED / "rdf/countries/countries.json").read_text("utf-8"))
    chosen = {"Poland", "France", "Bolivia", "Cameroon", "Mauritius", "Germany", "Austria", "Peru"}
    kept = [
        {k: row[k] for k in ("name", "area", "capital", "translations")}
        for row in rows
        if row["name"]["common"] in chosen
    ]
    written = {"countries": kept}
    for kind, column in (("capital-city", "city"), ("surface-area", "area")):
        table = json.loads((SHARED / f"country_json/country-by-{kind}.json").read_text("utf-8"))
        written[kind] = [
            {"country": row["country"], "area" if column == "area" else "capital": row[column]}
            for row in table
            if row["country"] in chosen
        ]
    labels = {"area": AREAS, "capital": CAPITALS}
    lines = {k: "\n".join(f'{c} = "{t}"' for c, t in v.items()) for k, v in labels.items()}
    for name, table in written.items():
        (folder / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")
        own = name == "countries"
        key, translated = ("name.common", "translations.*.common") if own else ("country", "")
        mapping = MAPPING.format(key=key, labels=translated, **lines)
        (folder / f"{name}.graph.toml").write_text(mapping, encoding="utf-8")
    files = [folder / f"{name}.json" for name in written]
    build_index(files, folder / "index", ENCODER, root=folder)
    return folder / "index"


@pytest.mark.parametrize(("language", "question"), POLAND.items())
def test_real_tables_that_disagree_are_both_told(
    countries: Path, language: str, question: str
) -> None:
    text = ask(countries, question).text
    opening, _, *lines = text.splitlines()
    assert opening == phrase("disagree", language)
    assert [line.rsplit("(", 1)[1] for line in lines] == [
        "`countries.json`)",
        "`surface-area.json`)",
    ]
    digits = ["".join(c for c in line.split(" km")[0] if c.isdigit()) for line in lines]
    assert digits == ["312679", "323250"]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What is the area of France?", {"551,500 km²", "551,695 km²"}),
        ("What is the capital of Cameroon?", {"Yaoundé", "Yaounde"}),
        ("What is the capital of Mauritius?", {"Port-Louis", "Port Louis"}),
    ],
)
def test_real_values_that_differ_little_are_no_disagreement(
    countries: Path, question: str, told: set[str]
) -> None:
    text = ask(countries, question).text
    assert phrase("disagree", "en") not in text
    assert all(value in text for value in told)
    assert "[1]" in text
    assert text.endswith("[2])")


def test_real_names_that_differ_are_a_disagreement(countries: Path) -> None:
    text = ask(countries, "What is the capital of Bolivia?").text
    assert text.startswith(phrase("disagree", "en"))
    assert "La Paz" in text
    assert "Sucre" in text
