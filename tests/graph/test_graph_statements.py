"""Facts spread over several nodes: Wikidata's claims, reification, SKOS-XL, and lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from convrag.graph import terms
from convrag.graph.holding import holding
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import read_rdf
from convrag.graph.statements import plain_facts
from convrag.graph.wording import statement
from convrag.types import Literal, Triple
from tests.graph.graph_text import EX, graph_of

WIKIDATA = """
@prefix wd: <http://www.wikidata.org/entity/> .
@prefix wds: <http://www.wikidata.org/entity/statement/> .
@prefix wdv: <http://www.wikidata.org/value/> .
@prefix wdt: <http://www.wikidata.org/prop/direct/> .
@prefix p: <http://www.wikidata.org/prop/> .
@prefix ps: <http://www.wikidata.org/prop/statement/> .
@prefix psv: <http://www.wikidata.org/prop/statement/value/> .
@prefix pq: <http://www.wikidata.org/prop/qualifier/> .
@prefix pqv: <http://www.wikidata.org/prop/qualifier/value/> .
@prefix pr: <http://www.wikidata.org/prop/reference/> .
@prefix wikibase: <http://wikiba.se/ontology#> .
@prefix schema: <http://schema.org/> .
@prefix prov: <http://www.w3.org/ns/prov#> .
"""
WD, WDT = "http://www.wikidata.org/entity/", "http://www.wikidata.org/prop/direct/"
ADAMS = """
wd:Q42 a wikibase:Item ; rdfs:label "Douglas Adams"@en, "道格拉斯·亚当斯"@zh, "Дуглас Адамс"@ru,
    "دوغلاس آدمز"@ar, "डगलस एडम्स"@hi, "ダグラス・アダムズ"@ja, "더글러스 애덤스"@ko ;
  wdt:P31 wd:Q5 ; wdt:P569 "1952-03-11T00:00:00Z"^^xsd:dateTime ; wdt:P39 wd:Q10 ;
  p:P39 wds:a, wds:b, wds:c, wds:d ; p:P106 wds:e, wds:f ; p:P569 wds:g ; p:P2048 wds:h .
wds:a a wikibase:Statement ; wikibase:rank wikibase:PreferredRank ; ps:P39 wd:Q10 ;
  pq:P580 "1990-01-01T00:00:00Z"^^xsd:dateTime ; pqv:P580 wdv:y ; pq:P642 wd:Q11, "Rathaus"@de ;
  prov:wasDerivedFrom <http://www.wikidata.org/reference/r> .
wds:b a wikibase:Statement ; wikibase:rank wikibase:PreferredRank ; ps:P39 wd:Q10 ;
  pq:P580 "1999-05-04T00:00:00Z"^^xsd:dateTime .
wds:c a wikibase:Statement ; wikibase:rank wikibase:NormalRank ; ps:P39 wd:Q12 .
wds:d a wikibase:Statement ; wikibase:rank wikibase:DeprecatedRank ; ps:P39 wd:Q13 .
wds:e a wikibase:Statement ; wikibase:rank wikibase:NormalRank ; ps:P106 wd:Q14 .
wds:f a wikibase:Statement ; wikibase:rank wikibase:NormalRank ; ps:P106 _:unknown .
wds:g a wikibase:Statement ; wikibase:rank wikibase:NormalRank ;
  ps:P569 "1952-03-11T00:00:00Z"^^xsd:dateTime ; psv:P569 wdv:d .
wds:h a wikibase:Statement ; wikibase:rank wikibase:NormalRank ; ps:P2048 "+1.96"^^xsd:decimal ;
  psv:P2048 wdv:q .
wdv:y a wikibase:TimeValue ; wikibase:timeValue "1990-01-01T00:00:00Z"^^xsd:dateTime ;
  wikibase:timePrecision 9 .
wdv:d a wikibase:TimeValue ; wikibase:timeValue "1952-03-11T00:00:00Z"^^xsd:dateTime ;
  wikibase:timePrecision 11 .
wdv:q a wikibase:QuantityValue ; wikibase:quantityAmount "+1.96"^^xsd:decimal ;
  wikibase:quantityUnit wd:Q11573 .
<http://www.wikidata.org/reference/r> a wikibase:Reference ; pr:P854 <https://o.example/> .
<https://ru.wikipedia.org/wiki/X> a schema:Article ; schema:about wd:Q42 ;
  schema:isPartOf <https://ru.wikipedia.org/> ; schema:name "Дуглас Адамс"@ru .
<https://ru.wikipedia.org/> wikibase:wikiGroup "wikipedia" .
wd:P39 a wikibase:Property ; rdfs:label "position held"@en, "担任职务"@zh,
    "занимаемая должность"@ru ;
  wikibase:directClaim wdt:P39 ; wikibase:claim p:P39 ; wikibase:novalue wd:novalue39 .
p:P39 a owl:ObjectProperty . wdt:P39 a owl:ObjectProperty . wd:novalue39 a owl:Class .
wd:P580 rdfs:label "start time"@en, "开始时间"@zh . wd:P642 rdfs:label "of"@en .
wd:P2048 rdfs:label "height"@en .
wd:Q5 rdfs:label "human"@en ; wdt:P279 wd:Q6 . wd:Q6 rdfs:label "primate"@en .
wd:Q10 rdfs:label "mayor"@en, "市长"@zh . wd:Q11 rdfs:label "Ombra"@en .
wd:Q14 rdfs:label "writer"@en .
wd:Q11573 rdfs:label "metre"@en .
"""


def said(graph: KnowledgeGraph, entity: str, language: str = "en") -> set[str]:
    return {statement(graph, group, language) for group in graph.groups(entity) if group.forward}


def test_claims_become_facts_with_their_qualifiers() -> None:
    graph = graph_of(WIKIDATA + ADAMS)
    assert said(graph, WD + "Q42") == {
        "Douglas Adams — P31: human",
        "Douglas Adams — position held: mayor (since 1990, of: Rathaus and Ombra; "
        "since May 4, 1999)",
        "Douglas Adams — P106: writer",
        "Douglas Adams — P569: March 11, 1952",
        "Douglas Adams — height: 1.96 metre",
    }
    said_in_chinese = said(graph, WD + "Q42", "zh")
    terms_of_office = "(自1990年起，of：Rathaus和Ombra; 自1999年5月4日起)"
    assert f"道格拉斯·亚当斯 — 担任职务：市长 {terms_of_office}" in said_in_chinese


def test_only_things_people_ask_about_are_entities() -> None:
    graph = graph_of(WIKIDATA + ADAMS)
    named = {e.removeprefix(WD) for e in graph.entities}
    assert named == {"Q42", "Q6", "Q10", "Q11", "Q14", "Q11573"}
    assert set(graph.classes) == {WD + "Q5"}
    assert graph.entities[WD + "Q42"].types == (WD + "Q5", WD + "Q6")
    assert graph.entities[WD + "Q42"].labels["ko"] == "더글러스 애덤스"
    assert graph.property(WDT + "P39").labels["ru"] == "занимаемая должность"
    wikidata = {p for p in graph.properties if "wikidata" in p}
    assert all(p.startswith(WDT) for p in wikidata)


def test_preferred_claims_come_before_normal_ones_and_deprecated_ones_never() -> None:
    graph = graph_of(WIKIDATA + ADAMS)
    (group,) = [g for g in graph.groups(WD + "Q42") if g.property == WDT + "P39"]
    assert group.others == (WD + "Q10",)
    assert len(graph.qualifiers(group.triples[0])) == 2
    normal = graph_of(WIKIDATA + ADAMS.replace("PreferredRank", "NormalRank"))
    (group,) = [g for g in normal.groups(WD + "Q42") if g.property == WDT + "P39"]
    assert set(group.others) == {WD + "Q10", WD + "Q12"}


def test_truthy_graphs_need_no_claims() -> None:
    text = WIKIDATA + (
        'wd:Q1 rdfs:label "Ombra"@en ; wdt:P17 wd:Q2 ; '
        'wdt:P571 "1822-00-00T00:00:00Z"^^xsd:dateTime .'
        'wd:Q2 rdfs:label "翁布拉"@zh . wd:P17 rdfs:label "country"@en . '
        'wd:P571 rdfs:label "since"@en .'
    )
    assert said(graph_of(text), WD + "Q1") == {"Ombra — country: 翁布拉", "Ombra — since: 1822"}


def test_statements_of_rdf_itself_qualify_their_facts() -> None:
    star = graph_of('ex:a rdfs:label "A" . ex:a ex:likes ex:b {| ex:since 1990 |} .')
    assert said(star, EX + "a") == {"A — likes: b (since: 1,990)"}
    classic = graph_of(
        'ex:a rdfs:label "A" ; ex:likes ex:b . [] a rdf:Statement ; rdf:subject ex:a ; '
        "rdf:predicate ex:likes ; rdf:object ex:b ; ex:source ex:press ."
    )
    assert said(classic, EX + "a") == {"A — likes: b (source: press)"}
    assert set(classic.entities) == {EX + "a", EX + "b"}


def test_labels_with_nodes_of_their_own_are_labels() -> None:
    graph = graph_of(
        "@prefix xl: <http://www.w3.org/2008/05/skos-xl#> . "
        'ex:a xl:prefLabel [ xl:literalForm "湖"@zh ], ex:l ; xl:altLabel [ a xl:Label ; '
        'xl:literalForm "озеро"@ru ] . ex:l a xl:Label ; xl:literalForm "lake"@en .'
    )
    (entity,) = graph.entities.values()
    assert entity.labels == {"zh": "湖", "en": "lake"}
    assert entity.aliases == {"ru": ("озеро",)}


def test_lists_are_their_members() -> None:
    graph = graph_of('ex:a ex:has (ex:b (ex:c "湖"@zh) 5 ()) .')
    (group,) = graph.groups(EX + "a")
    assert set(group.others) == {
        EX + "b",
        EX + "c",
        Literal("湖", "", "zh"),
        Literal("5", terms.XSD + "integer"),
    }
    assert set(graph.entities) == {EX + "a", EX + "b", EX + "c"}
    loop = graph_of("ex:a ex:has _:l . _:l rdf:first ex:b ; rdf:rest _:l .")
    assert loop.neighbours(EX + "a") == {EX + "b"}


def test_a_list_that_many_share_is_not_multiplied_without_end() -> None:
    chain = [Triple(f"_:l{i}", terms.RDF + "first", Literal(str(i))) for i in range(2000)]
    chain += [Triple(f"_:l{i}", terms.RDF + "rest", f"_:l{i + 1}") for i in range(2000)]
    users = [Triple(f"ex:u{i}", "ex:has", "_:l0") for i in range(2000)]
    assert len(plain_facts([*chain, *users]).triples) < 40_000


def test_claims_and_labels_that_many_share_are_not_multiplied() -> None:
    prop, many = "http://w.example/prop/", 2000
    shared = [Triple("ex:st", prop + "statement/P1", Literal(str(i))) for i in range(many)]
    shared += [Triple(f"ex:s{i}", prop + "P1", "ex:st") for i in range(many)]
    xl = terms.SKOSXL
    shared += [Triple("ex:l", xl + "literalForm", Literal(f"湖{i}", "", "zh")) for i in range(many)]
    shared += [Triple(f"ex:s{i}", xl + "prefLabel", "ex:l") for i in range(many)]
    assert len(plain_facts(shared).triples) < 10 * many


def test_restrictions_of_ontologies_are_no_entities() -> None:
    graph = graph_of(
        'ex:Lake a owl:Class ; rdfs:label "lake"@en ; rdfs:subClassOf [ a owl:Restriction ; '
        "owl:onProperty ex:depth ; owl:someValuesFrom ex:Depth ] ; owl:disjointWith ex:River ."
    )
    assert not graph.entities
    assert set(graph.classes) == {EX + "Lake"}


def test_a_nameless_node_is_called_by_what_it_holds() -> None:
    graph = graph_of(
        'ex:a rdfs:label "A"@en ; ex:address [ ex:street "Rue 5" ; ex:town ex:t ; ex:more [] ] . '
        'ex:t rdfs:label "翁布拉"@zh .'
    )
    assert said(graph, EX + "a") == {"A — address: Rue 5, 翁布拉"}
    empty = graph_of('ex:a rdfs:label "A"@en ; ex:address [] .')
    assert said(empty, EX + "a") == {"A — address: …"}


@pytest.mark.parametrize(
    ("names", "label", "aliases"),
    [
        ('foaf:name "A" ; skos:prefLabel "B" ; rdfs:label "C"', "B", {"A", "C"}),
        ('dct:title "А" ; foaf:name "Б"', "Б", {"А"}),
        ('<https://schema.org/name> "湖" ; rdfs:label "湖"', "湖", set()),
        ('dc:title "عنوان" ; foaf:nick "لقب"', "عنوان", {"لقب"}),
    ],
)
def test_the_best_name_is_the_label(names: str, label: str, aliases: set[str]) -> None:
    graph = graph_of(
        "@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix dct: <http://purl.org/dc/terms/> . "
        f"@prefix dc: <http://purl.org/dc/elements/1.1/> . ex:a {names} ."
    )
    (entity,) = graph.entities.values()
    assert entity.labels == {"": label}
    assert set(entity.aliases.get("", ())) == aliases


def test_long_chains_of_classes_and_broader_terms_end() -> None:
    count = 20_000
    chain = [Triple(f"ex:c{i}", terms.SUBCLASS, f"ex:c{(i + 1) % count}") for i in range(count)]
    chain += [Triple(f"ex:e{i}", terms.TYPE, f"ex:c{i}") for i in range(count)]
    chain += [
        Triple(f"ex:e{i}", terms.SKOS + "broader", f"ex:e{(i + 1) % count}") for i in range(count)
    ]
    graph = KnowledgeGraph(chain)
    assert graph.entities["ex:e0"].types[:2] == ("ex:c0", "ex:c1")


def test_a_plain_graph_is_left_as_it_is() -> None:
    triples = (Triple("ex:a", "ex:p", "ex:b"), Triple("ex:a", terms.TYPE, "ex:C"))
    assert plain_facts(triples).triples is triples


SETS = {
    "eu_vocabularies": 40,
    "europarl": 10,
    "hcrt": 6,
    "schemaorg": 1,
    "skosmos_tests": 5,
    "stw": 2,
    "wikidata": 200,
    "yso_archaeology": 3,
}


@pytest.mark.parametrize("name", SETS)
def test_graphs_that_people_have_are_read(name: str) -> None:
    folder = Path(__file__).parents[3] / "shared" / "data" / "rdf" / name
    if not folder.is_dir():
        pytest.skip("the shared data is not here")
    files = sorted(p for p in folder.iterdir() if p.suffix in (".ttl", ".nt", ".rdf"))
    graph = KnowledgeGraph([t for p in files for t in read_rdf(p, source=p.name)])
    languages = {language for e in graph.entities.values() for language in e.labels}
    assert len(languages) >= SETS[name]
    for entity in list(graph.entities)[::97]:
        for group in graph.groups(entity):
            assert statement(graph, group, "en")


@pytest.mark.parametrize(
    ("language", "told"), [("en", "1.96 m"), ("ru", "1,96 м"), ("ja", "1.96 m"), ("ar", "1.96 m")]
)
def test_a_number_is_told_with_the_symbol_of_its_own_unit(language: str, told: str) -> None:
    symbol = 'wd:Q11573 wdt:P5061 "m"@en, "м"@ru .'
    (height,) = (
        s for s in said(graph_of(WIKIDATA + ADAMS + symbol), WD + "Q42", language) if "96" in s
    )
    assert height.endswith(told)
    assert "(" not in height


MAYORS = """
wdt:P6 rdfs:label "mayor"@en .
wd:Q1 p:P6 [ ps:P6 wd:Q2 ; pq:P580 "1990-02-01"^^xsd:date ; pq:P582 "1994-05-01"^^xsd:date ] ,
    [ ps:P6 wd:Q3 ; pq:P580 "1994-05-01"^^xsd:date ; pq:P582 "2001"^^xsd:gYear ] ,
    [ ps:P6 wd:Q4 ; pq:P580 "2001"^^xsd:gYear ] , [ ps:P6 wd:Q5 ] .
"""


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("Who was the mayor in 1995?", {"Q3"}),
        ("1995年的市长是谁？", {"Q3"}),
        ("Кто был мэром в 1991 году?", {"Q2"}),
        ("من كان العمدة عام ١٩٩٤؟", {"Q2", "Q3"}),
        ("२०२० में महापौर कौन था?", {"Q4"}),
        ("2001年の市長は誰ですか", {"Q3", "Q4"}),
        ("Wer war 1980 Bürgermeister?", {"Q2", "Q3", "Q4", "Q5"}),
        ("Who was it from 1991 to 1996?", {"Q2", "Q3", "Q4", "Q5"}),
        ("Who was it at 19:1995 or 1,995?", {"Q2", "Q3", "Q4", "Q5"}),
        ("Who is the mayor?", {"Q2", "Q3", "Q4", "Q5"}),
    ],
)
def test_what_holds_in_the_year_asked_for_is_kept(question: str, held: set[str]) -> None:
    graph = graph_of(WIKIDATA + MAYORS)
    (group,) = (g for g in graph.groups(WD + "Q1") if g.forward and g.property.endswith("P6"))
    kept = holding(graph, group, question)
    assert {str(other).removeprefix(WD) for other in kept.others} == held
