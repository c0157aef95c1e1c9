"""Keys and values, tables, records and lists of a document become claims about the right thing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from convrag.graph.building.build import text_graph
from convrag.graph.building.extraction import extracted
from tests.graph.building.texts import document, facts


@dataclass(frozen=True)
class TaggedSpan:
    span: tuple[int, int]
    score: float = 0.9


def test_lines_of_keys_and_values_speak_of_the_title() -> None:
    text = """# Varnia

Capital: Ostholm
Population: 4,200,000 (2024 est.)
- **Founded**: 7 March 1871
Border countries: Belsk 120 km; Corvia 1,133 km
Languages: Varnish 85.4%, Belsk 14.6%
Climate: mild; cool, cloudy, wet winters and dry summers
Note: the figures are old
"""
    assert facts(text, "Varnia") == {
        ("Varnia", "capital", "Ostholm"),
        ("Varnia", "population", "4200000"),
        ("Varnia", "founded", "1871-03-07"),
        ("Varnia", "neighbour", "Belsk"),
        ("Varnia", "neighbour", "Corvia"),
        ("Varnia", "languages", "Varnish"),
        ("Varnia", "languages", "Belsk"),
        ("Varnia", "largest languages", "Varnish"),
        ("Varnia", "climate", "mild; cool, cloudy, wet winters and dry summers"),
    }


def test_terms_of_a_fact_are_kept_with_it() -> None:
    claims = extracted(document("# Varnia\n\nReligions: Solarist 60% (2020 est.), none 40%\n"))
    (claim,) = [c for c in claims if c.relation.label == "religions"]
    assert {(t.key, t.value.value, t.unit) for t in claim.terms} == {
        ("as-of", "2020", ""),
        ("share", "60", "%"),
    }
    (claim,) = extracted(document("# Varnia\n\nBirth rate: 8.9 births/1,000 people (2020 est.)\n"))
    assert [(t.key, t.value.value) for t in claim.terms] == [("as-of", "2020")]


def test_keys_in_small_letters_are_read_with_their_heading() -> None:
    text = "# Varnia\n\n## Land\n\n### Area\n\ntotal: 900 sq km\nwater: 20 sq km\n"
    assert facts(text, "Varnia") == {
        ("Varnia", "area", "900 km²"),
        ("Varnia", "area water", "20 km²"),
    }


def test_remarks_are_kept_and_read_where_they_say_something_known() -> None:
    text = "# Varnia\n\nIndependence: 7 March 1921 (from Corvia and Belsk)\nNoun: Varnian(s)\n"
    found = facts(text, "Varnia")
    assert ("Varnia", "independence from", "Belsk") in found
    assert ("Varnia", "nationality", "Varnian") not in found
    (claim,) = extracted(document("# Varnia\n\nFlag day: 4 May 1930 (by decree)\n", "Varnia"))
    assert [(t.key, t.value.value) for t in claim.terms] == [("remark", "by decree")]


def test_an_address_or_a_joined_pair_is_no_list_of_names() -> None:
    text = "# Varnia\n\nEmbassy: 2210 Main Avenue, Ostholm\n\nTrade: food and tea, glass, tin\n"
    assert facts(text, "Varnia") == {
        ("Varnia", "embassy", "2210 Main Avenue, Ostholm"),
        ("Varnia", "trade", "food and tea"),
        ("Varnia", "trade", "glass"),
        ("Varnia", "trade", "tin"),
    }


def test_of_several_years_the_last_one_is_the_plain_value() -> None:
    text = "# Varnia\n\nDebt 2022: 5% of GDP\n\nDebt 2024: 7% of GDP\n"
    assert facts(text, "Varnia") == {
        ("Varnia", "debt 2022", "5 % of GDP"),
        ("Varnia", "debt", "7 % of GDP"),
    }


def test_sections_with_the_same_keys_are_things_of_their_own() -> None:
    text = """# Rivers

## Lisk

Length: 1,280 km
Mouth: Amber Sea

## Tarn

Length: 340 km
Mouth: Lisk
"""
    assert facts(text, "Rivers") == {
        ("Lisk", "length", "1280 km"),
        ("Lisk", "flows into", "Amber Sea"),
        ("Tarn", "length", "340 km"),
        ("Tarn", "flows into", "Lisk"),
    }


def test_rows_of_tables_speak_of_what_their_column_of_names_names() -> None:
    text = """# Neighbours

| Country | Capital | Area (km²) |
|---|---|---|
| Belsk | Belgrad am See | 1,204 |
| Corvia | Corvia City | 88 |
"""
    assert facts(text, "Neighbours") == {
        ("Belsk", "kind", "country"),
        ("Corvia", "kind", "country"),
        ("Belsk", "capital", "Belgrad am See"),
        ("Corvia", "capital", "Corvia City"),
        ("Belsk", "area", "1204 km²"),
        ("Corvia", "area", "88 km²"),
    }


def test_written_out_rows_are_a_table_and_one_such_line_is_none() -> None:
    rows = "City: Ostholm; Mayor: Nils Aho\n\nCity: Belsk; Mayor: Ada Brandt\n"
    assert ("Belsk", "mayor", "Ada Brandt") in facts(rows, "Cities")
    found = facts("# Varnia\n\nForces: Army; Ministry of Peace: Police\n", "Varnia")
    assert {subject for subject, _, _ in found} == {"Varnia"}


def test_a_table_of_two_columns_without_header_tells_of_the_title() -> None:
    text = "# Varnia\n\n| Capital | Ostholm |\n| Population | 4,200,000 |\n"
    assert facts(text, "Varnia") == {
        ("Varnia", "capital", "Ostholm"),
        ("Varnia", "population", "4200000"),
    }


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "de",
            "# Varnien\n\nHauptstadt: Ostholm\nFläche: 84.200 km²\n",
            ("Varnien", "Fläche", "84200 km²"),
        ),
        (
            "fr",
            "# Varnie\n\nCapitale : Ostholm\nSuperficie : 84 200 km²\n",
            ("Varnie", "capitale", "Ostholm"),
        ),
        ("es", "# Varnia\n\nPoblación: 4,2 millones\n", ("Varnia", "población", "4200000")),
        ("pt", "# Várnia\n\nÁrea: 84.200 km²\n", ("Várnia", "área", "84200 km²")),
        ("ru", "# Варния\n\nСтолица: Остхольм\n", ("Варния", "столица", "Остхольм")),
        ("ar", "# فارنيا\n\nالعاصمة: أوستهولم\n", ("فارنيا", "العاصمة", "أوستهولم")),
        ("hi", "# वार्निया\n\nराजधानी: ओस्थोल्म\n", ("वार्निया", "राजधानी", "ओस्थोल्म")),
        ("zh", "# 瓦尼亚\n\n首都：奥斯特\n", ("瓦尼亚", "首都", "奥斯特")),
        ("ja", "# ヴァルニア\n\n首都：オストホルム\n", ("ヴァルニア", "首都", "オストホルム")),
    ],
)
def test_keys_of_ten_languages_are_the_known_relations(language, text, expected) -> None:
    assert expected in facts(text, expected[0], language)
    ids = {t.predicate for t in text_graph(document(text, expected[0], language)).triples}
    assert ids & {f"urn:convrag:text:property/{key}" for key in ("capital", "population")} or any(
        i.startswith("urn:convrag:text:property/area/") for i in ids
    )


def test_a_file_without_a_title_speaks_of_nothing_by_its_name() -> None:
    assert not facts("Capital: Ostholm\n", "a")


def test_every_fact_has_the_place_that_says_it() -> None:
    text = "# Varnia\n\nOstholm is the capital of Varnia. It is old.\n\nArea: 900 km²\n"
    built = text_graph(document(text, "Varnia"))
    places = {text[slice(*origin.span)] for origin in built.origins}
    assert places == {"Ostholm is the capital of Varnia.", "Area: 900 km²"}
    assert {o.triple for o in built.origins} <= set(built.triples)


def test_hostile_text_is_bounded_and_only_text() -> None:
    text = "# <b>Varnia</b>\n\nCapital: <script>alert(1)</script>\n" + "Motto: " + "x" * 100_000
    built = text_graph(document(text, "Varnia"))
    assert all(len(str(getattr(t.object, "value", t.object))) < 500 for t in built.triples)
    for t in built.triples:
        for node in (t.subject, t.predicate, t.object if isinstance(t.object, str) else "urn:x"):
            assert not set(node) & set('<>"{}|^`\\ \n'), node


def test_a_tagger_finds_what_is_named_together_in_scripts_without_capitals() -> None:
    text = "奥斯特和里斯克河都很美。"

    class Tagger:
        def tag(self, texts: Sequence[str], languages: Sequence[str]) -> list[list[TaggedSpan]]:
            assert (list(texts), list(languages)) == ([text], ["zh"])
            return [[TaggedSpan((0, 3)), TaggedSpan((3, 4), 0.3), TaggedSpan((4, 8))]]

    claims = extracted(document(text, "", "zh"), Tagger())
    assert [(c.subject.text, c.value.text, c.rule) for c in claims] == [  # type: ignore[union-attr]
        ("奥斯特", "里斯克河", "together")
    ]


def test_the_time_grows_with_the_length_and_no_faster() -> None:
    line = "Ostholm is the capital of Varnia, and the Lisk flows by. Key {0}: Value (of 3) {0}\n\n"

    def seconds(count: int) -> float:
        text = "# Varnia\n\n" + "".join(line.format(n) for n in range(count))
        began = time.process_time()
        extracted(document(text, "Varnia"))
        return time.process_time() - began

    seconds(50)
    assert seconds(1200) < 12 * seconds(200) + 0.2
