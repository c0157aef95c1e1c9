"""Facts put into words in the reader's language."""

from __future__ import annotations

import pytest

from convrag.graph.model import FactGroup, KnowledgeGraph
from convrag.graph.values import literal_text, time_text
from convrag.graph.wording import (
    entity_view,
    join,
    readable,
    statement,
    triple_statement,
    value_text,
)
from convrag.types import Literal, Triple
from tests.graph.graph_text import EX, graph_of

XSD = "http://www.w3.org/2001/XMLSchema#"
GRAPH = graph_of("""
ex:capital owl:inverseOf ex:capitalOf ; rdfs:label "capital"@en, "首都"@zh, "столица"@ru,
      "العاصمة"@ar, "राजधानी"@hi, "首都"@ja, "Hauptstadt"@de ;
    cv:statementPattern "The capital of {subject} is {object}."@en,
      "{subject}的首都是{object}。"@zh,
      "Столица {subject} — {object}."@ru, "عاصمة {subject} هي {object}."@ar,
      "{subject} की राजधानी {object} है।"@hi, "{subject}の首都は{object}です。"@ja .
ex:capitalOf rdfs:label "capital of"@en ;
    cv:statementPattern "{subject} is the capital of {object}."@en .
ex:city rdfs:domain ex:Land ; rdfs:label "city"@en, "城市"@zh, "Stadt"@de .
ex:near a owl:SymmetricProperty ; cv:statementPattern "{subject} borders {object}."@en .
ex:area rdfs:domain ex:Land ; rdfs:label "area"@en ;
    cv:unit "km²", "平方公里"@zh, "кв. км"@ru, "كم²"@ar .
ex:depth rdfs:domain ex:Land ; rdfs:label "depth"@en ; cv:unit "metres"@en .
ex:founded rdfs:domain ex:Land ; rdfs:label "founded"@en .
ex:velland rdfs:label "Velland"@en, "维兰"@zh, "Велланд"@ru,
      "فيلاند"@ar, "वेलैंड"@hi, "ヴェランド"@ja ;
    skos:definition "A small land."@en, "一个小国。"@zh, "Маленькая страна."@ru ;
    ex:capital ex:ombra ; ex:city ex:ombra, ex:tarn, ex:marn ; ex:area 4200000.5 ; ex:depth 12 ;
    ex:founded "1947-08-05"^^xsd:date ; ex:near ex:kestrel .
ex:ombra rdfs:label "Ombra"@en, "翁布拉"@zh, "Омбра"@ru, "أومبرا"@ar, "ओम्ब्रा"@hi, "オンブラ"@ja ;
    rdfs:comment "Eine Stadt." .
ex:tarn rdfs:label "Tarn"@en, "塔恩"@zh . ex:marn rdfs:label "Marn"@en, "马恩"@zh .
ex:kestrel rdfs:label "Kestrel"@en .
""")


def group(
    entity: str, name: str, *, forward: bool = True, graph: KnowledgeGraph = GRAPH
) -> FactGroup:
    (found,) = [
        g for g in graph.groups(EX + entity) if g.property == EX + name and g.forward == forward
    ]
    return found


def said(entity: str, name: str, language: str, *, forward: bool = True) -> str:
    return statement(GRAPH, group(entity, name, forward=forward), language)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The capital of Velland is Ombra."),
        ("zh", "维兰的首都是翁布拉。"),
        ("ru", "Столица Велланд — Омбра."),
        ("ar", "عاصمة فيلاند هي أومبرا."),
        ("hi", "वेलैंड की राजधानी ओम्ब्रा है।"),
        ("ja", "ヴェランドの首都はオンブラです。"),
    ],
)
def test_patterns(language: str, sentence: str) -> None:
    assert said("velland", "capital", language) == sentence


def test_without_a_pattern_the_names_stand_side_by_side() -> None:
    assert said("velland", "capital", "de") == "Velland — Hauptstadt: Ombra"
    assert said("velland", "city", "zh").startswith("维兰 — 城市：")
    assert said("velland", "founded", "fr").startswith("Velland — founded: ")


def test_facts_that_point_at_the_entity_use_the_inverse() -> None:
    assert said("ombra", "capital", "en", forward=False) == "Ombra is the capital of Velland."
    assert said("ombra", "capital", "zh", forward=False) == "翁布拉 — capital of：维兰"
    assert said("ombra", "city", "en", forward=False) == "Velland — city: Ombra"


def test_symmetric_facts_read_from_the_entity_that_was_asked_about() -> None:
    assert said("velland", "near", "en") == "Velland borders Kestrel."
    assert said("kestrel", "near", "en") == "Kestrel borders Velland."


def test_lists_carry_the_mark_of_each_value() -> None:
    found = group("velland", "city")
    marks = {t.id: f"[{n}]" for n, t in enumerate(found.triples, start=1)}
    assert (
        statement(GRAPH, found, "en", marks) == "Velland — city: Marn [1], Ombra [2], and Tarn [3]"
    )
    assert statement(GRAPH, found, "zh", marks) == "维兰 — 城市：马恩 [1]、翁布拉 [2]和塔恩 [3]"
    assert statement(GRAPH, found, "de") == "Velland — Stadt: Marn, Ombra und Tarn"


def test_long_lists_end_in_an_ellipsis() -> None:
    graph = graph_of("ex:a ex:p " + ", ".join(f"ex:b{i:02}" for i in range(30)) + " .")
    text = statement(graph, group("a", "p", graph=graph), "en")
    assert "b19" in text
    assert "b20" not in text
    assert "…" in text


def test_equal_names_are_said_once() -> None:
    graph = graph_of(
        'ex:a ex:p ex:b, ex:c . ex:b rdfs:label "Twin"@en . ex:c rdfs:label "Twin"@en .'
    )
    assert statement(graph, group("a", "p", graph=graph), "en") == "a — p: Twin"


def test_a_triple_alone() -> None:
    triple = Triple(EX + "velland", EX + "capital", EX + "ombra")
    assert triple_statement(GRAPH, triple, "en") == "The capital of Velland is Ombra."


def test_definitions_come_in_the_readers_language_only() -> None:
    definition = "http://www.w3.org/2004/02/skos/core#definition"
    (found,) = [g for g in GRAPH.groups(EX + "velland") if g.property == definition]
    assert statement(GRAPH, found, "zh") == "维兰：一个小国。"
    assert statement(GRAPH, found, "ru") == "Велланд: Маленькая страна."
    assert statement(GRAPH, found, "fr") == "Velland : A small land."


def test_readable_leaves_out_translations() -> None:
    english, chinese, plain = Literal("a", "", "en"), Literal("一", "", "zh"), Literal("7")
    assert readable([english, chinese, plain, "e:x"], "zh") == (chinese, plain, "e:x")
    assert readable([english, chinese, plain], "ru") == (english, plain)
    assert readable([chinese, plain], "ru") == (chinese, plain)
    assert readable([plain, "e:x"], "ar") == (plain, "e:x")
    assert readable([], "ar") == ()


@pytest.mark.parametrize(
    ("language", "number"),
    [
        ("en", "4,200,000.5"),
        ("de", "4.200.000,5"),
        ("fr", "4\u202f200\u202f000,5"),
        ("hi", "42,00,000.5"),
        ("ar", "4,200,000.5"),
        ("zh", "4,200,000.5"),
        ("ru", "4\u00a0200\u00a0000,5"),
        ("tlh", "4,200,000.5"),
        ("", "4,200,000.5"),
    ],
)
def test_numbers_by_language(language: str, number: str) -> None:
    value = Literal("4200000.5", XSD + "decimal")
    assert value_text(GRAPH, value, GRAPH.property("x"), language) == number


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("en", "August 5, 1947"),
        ("de", "5. August 1947"),
        ("fr", "5 août 1947"),
        ("hi", "5 अगस्त 1947"),
        ("ar", "5 أغسطس 1947"),
        ("zh", "1947年8月5日"),
        ("ja", "1947年8月5日"),
        ("ru", "5 августа 1947\u202fг."),
    ],
)
def test_dates_by_language(language: str, day: str) -> None:
    value = Literal("1947-08-05", XSD + "date")
    text = value_text(GRAPH, value, GRAPH.property("x"), language)
    assert text.replace("\u00a0", "\u202f") == day.replace("\u00a0", "\u202f")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("many", "integer"),
        ("NaN", "double"),
        ("INF", "double"),
        ("1E999999999", "double"),
        ("1E-999999999", "double"),
        ("9" * 5000, "integer"),
        ("", "decimal"),
        ("soon", "date"),
        ("2024-02-30", "date"),
        ("-0044-03-15", "date"),
        ("TRUE", "boolean"),
        ("0000", "gYear"),
        ("2019-13", "gYearMonth"),
        ("25:00", "time"),
        ("2019-05-04T99:00:00", "dateTime"),
        ("五", "string"),
    ],
)
def test_values_that_cannot_be_formatted_stay_as_written(written: str, kind: str) -> None:
    for language in ("en", "de", "ar", "hi", "zh", "ru"):
        value = Literal(written, XSD + kind)
        assert value_text(GRAPH, value, GRAPH.property("x"), language) == written


@pytest.mark.parametrize(
    ("written", "text"), [("0.00012", "0.00012"), ("1e3", "1,000"), ("-7", "-7")]
)
def test_small_numbers_keep_their_decimals(written: str, text: str) -> None:
    value = Literal(written, XSD + "double")
    assert value_text(GRAPH, value, GRAPH.property("x"), "en") == text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "4,200,000.5 km²"),
        ("de", "4.200.000,5 km²"),
        ("zh", "4,200,000.5 平方公里"),
        ("ru", "4\u00a0200\u00a0000,5 кв. км"),
        ("ar", "4,200,000.5 كم²"),
        ("hi", "42,00,000.5 km²"),
    ],
)
def test_units_by_language(language: str, text: str) -> None:
    assert said("velland", "area", language).endswith(text)


def test_a_number_is_not_left_without_its_unit() -> None:
    assert said("velland", "depth", "fr").endswith("12 metres")


HOSTILE = [
    "{subject}",
    "{object}",
    "{0} {x!r} {",
    "}{",
    "a\nb",
    "a\0b",
    "\\1 \\g<1> \\",
    "%s %(x)s $x",
    "[1] **b** <script>",
    "{subject}{object}湖озеро",
]


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("language", ["en", "zh", "ar"])
def test_hostile_names_are_only_text(label: str, language: str) -> None:
    name = "http://www.w3.org/2000/01/rdf-schema#label"
    pattern = "https://convrag.example/ns#statementPattern"
    graph = KnowledgeGraph(
        [
            Triple("e:p", pattern, Literal("<{subject}|{object}|{subject}>", "", "en")),
            Triple("e:a", "e:p", "e:b"),
            Triple("e:a", name, Literal(label, "", language)),
            Triple("e:b", name, Literal("B" + label, "", language)),
            Triple("e:a", "e:q", "e:b"),
            Triple("e:a", "e:q", "e:c"),
            Triple("e:q", name, Literal(label)),
            Triple("e:q", "http://www.w3.org/2000/01/rdf-schema#domain", "e:K"),
        ]
    )
    one, two = graph.groups("e:a")
    if language == "en":
        assert statement(graph, one, "en") == f"<{label}|B{label}|{label}>"
        marked = statement(graph, one, "en", {one.triples[0].id: "[{subject}]"})
        assert marked == f"<{label}|B{label} [{{subject}}]|{label}>"
    text = statement(graph, two, language)
    assert text.startswith(f"{label} — {label}")
    assert f"B{label}" in text
    assert entity_view(graph, "e:a", language).label == label


@pytest.mark.parametrize("pattern", ["", "no places", "{subject} only", "{Subject} {object}", "{}"])
def test_patterns_without_both_places_are_not_used(pattern: str) -> None:
    graph = graph_of(f'ex:p cv:statementPattern "{pattern}"@en . ex:a ex:p ex:b .')
    assert statement(graph, group("a", "p", graph=graph), "en") == "a — p: b"


def test_the_view_of_an_entity() -> None:
    view = entity_view(GRAPH, EX + "velland", "zh")
    assert (view.label, view.description) == ("维兰", "一个小国。")
    edges = {(e.predicate, e.other, e.other_id, e.forward) for e in view.edges}
    assert ("首都", "翁布拉", EX + "ombra", True) in edges
    assert ("area", "4,200,000.5 平方公里", None, True) in edges
    assert [e.other for e in view.edges if e.predicate == "含义"] == ["一个小国。"]
    back = entity_view(GRAPH, EX + "ombra", "en")
    assert ("capital of", "Velland", False) in {
        (e.predicate, e.other, e.forward) for e in back.edges
    }
    assert back.description == "Eine Stadt."


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A, B, and C"),
        ("de", "A, B und C"),
        ("fr", "A, B et C"),
        ("zh", "A、B和C"),
        ("ja", "A、B、C"),
        ("ar", "A وB وC"),
        ("hi", "A, B और C"),
        ("ru", "A, B и C"),
    ],
)
def test_lists_by_language(language: str, text: str) -> None:
    assert join(["A", "B", "C"], language).replace("،", "").replace(", और", " और") == text
    assert join(["A"], language) == "A"
    assert join([], language) == ""


SAID = {
    "en": ("2019", "44 BC", "May 2019", "yes", "since 1990", "until May 4, 1999"),
    "zh": ("2019年", "公元前44年", "2019年5月", "是", "自1990年起", "至1999年5月4日"),
    "es": ("2019", "44 a. C.", "mayo de 2019", "sí", "desde 1990", "hasta el 4 de mayo de 1999"),
    "fr": ("2019", "44 av. J.-C.", "mai 2019", "oui", "depuis 1990", "jusqu'au 4 mai 1999"),
    "de": ("2019", "44 v. Chr.", "Mai 2019", "ja", "seit 1990", "bis zum 4. Mai 1999"),
    "ar": ("2019", "44 ق.م", "مايو 2019", "نعم", "منذ 1990", "حتى 4 مايو 1999"),
    "hi": ("2019", "44 ई.पू.", "मई 2019", "हाँ", "1990 से", "4 मई 1999 तक"),
    "ru": ("2019", "44 до н. э.", "май 2019 г.", "да", "с 1990", "до 4 мая 1999 г."),
    "ja": ("2019年", "紀元前44年", "2019年5月", "はい", "1990年から", "1999年5月4日まで"),
    "pt": ("2019", "44 a.C.", "maio de 2019", "sim", "desde 1990", "até 4 de maio de 1999"),
}


@pytest.mark.parametrize(("language", "said"), SAID.items())
def test_times_and_truths_by_language(language: str, said: tuple[str, ...]) -> None:
    def literal(written: str, kind: str) -> Literal:
        return Literal(written, XSD + kind)

    start, end = (f"http://www.wikidata.org/prop/direct/{p}" for p in ("P580", "P582"))
    year, day = literal("1990", "gYear"), literal("1999-05-04", "date")
    values = [
        literal("2019", "gYear"),
        literal("-0044", "gYear"),
        literal("2019-05", "gYearMonth"),
        literal("true", "boolean"),
    ]
    found = [literal_text(value, language) for value in values]
    found += [time_text({start: [year]}, language), time_text({end: [day]}, language)]
    assert tuple(" ".join(text.split()) for text in found) == said
    both = time_text({start: [year], end: [literal("1994", "gYear")]}, language)
    assert both.index("1990") < both.index("1994")
    assert time_text({start: [year, day]}, language) == ""
    assert time_text({start: ["urn:a"]}, language) == ""


@pytest.mark.parametrize(
    ("tail", "shown"),
    [
        ("Cucumis%20melo.jpg", "Cucumis melo.jpg"),
        ("%E6%B9%96", "湖"),
        ("%D9%85%D8%B5%D8%B1", "مصر"),
        ("%D0%9C%D0%B8%D1%80", "Мир"),
        ("a%0Ab%1B", "a%0Ab%1B"),
        ("%FF%FE", "%FF%FE"),
    ],
)
def test_things_without_a_name_are_called_by_their_tail(tail: str, shown: str) -> None:
    assert graph_of(f"<urn:x/{tail}> ex:near ex:b .").label(f"urn:x/{tail}", "en") == shown
