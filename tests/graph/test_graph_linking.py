"""Names in questions meet the entities they stand for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrag.graph.linking import DictionaryLinker
from convrag.graph.linking_decision import decide
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.protocols import Vectors
from convrag.types import Focus, Link
from tests.graph.graph_text import EX, graph_of

GRAPH = graph_of("""
ex:ombra rdfs:label "Ombra"@en, "翁布拉"@zh, "Омбра"@ru, "أومبرا"@ar, "ओम्ब्रा"@hi, "オンブラ"@ja,
    "옴브라"@ko, "ออมบรา"@th, "Όμπρα"@el ; skos:altLabel "Dark Water"@en, "Dunkelwasser"@de .
ex:velland rdfs:label "Velland"@en, "维兰"@zh, "Велландия"@ru .
ex:kestrel rdfs:label "Kestrel"@en .
ex:riverMarn rdfs:label "Marn"@en, "马恩"@zh, "Марн"@ru ; ex:in ex:velland .
ex:cityMarn rdfs:label "Marn"@en, "马恩"@zh, "Марн"@ru ; ex:in ex:kestrel, ex:dell, ex:dorn .
ex:birdMarn rdfs:label "Marnbird"@en ; skos:altLabel "Marn"@en .
ex:people rdfs:label "population"@en ; rdfs:domain ex:Land .
ex:populatio rdfs:label "Populatio"@en .
ex:kx200 rdfs:label "KX-200"@en . ex:kx2000 rdfs:label "KX-2000"@en .
""")


@pytest.fixture(scope="module")
def linker() -> DictionaryLinker:
    return DictionaryLinker(GRAPH)


def named(links: tuple[Link, ...]) -> list[tuple[str, str]]:
    return [(k.mention.text, k.entity_id.removeprefix(EX)) for k in links if k.entity_id]


def unknown(links: tuple[Link, ...]) -> list[str]:
    return [k.mention.text for k in links if k.entity_id is None]


@pytest.mark.parametrize(
    ("language", "text", "mention"),
    [
        ("en", "Where is Ombra?", "Ombra"),
        ("zh", "翁布拉在哪里？", "翁布拉"),
        ("ru", "Где находится Омбра?", "Омбра"),
        ("ar", "أين تقع أومبرا؟", "أومبرا"),
        ("hi", "ओम्ब्रा कहाँ है?", "ओम्ब्रा"),
        ("ja", "オンブラはどこですか", "オンブラ"),
        ("ko", "옴브라는 어디에 있나요?", "옴브라"),
        ("th", "ออมบราอยู่ที่ไหน", "ออมบรา"),
        ("el", "Πού είναι η Όμπρα;", "Όμπρα"),
        ("de", "Wo liegt das Dunkelwasser?", "Dunkelwasser"),
    ],
)
def test_aliases_in_any_script_meet(
    linker: DictionaryLinker, language: str, text: str, mention: str
) -> None:
    (link,) = (k for k in linker.link(text, language=language) if k.entity_id)
    assert named((link,)) == [(mention, "ombra")]
    start, end = link.mention.span
    assert text[start:end] == mention


def test_names_of_other_languages_link_but_count_less(linker: DictionaryLinker) -> None:
    (own,) = linker.link("翁布拉", language="zh")
    (foreign,) = linker.link("翁布拉", language="en")
    assert foreign.entity_id == own.entity_id
    assert foreign.score < own.score


def test_a_label_counts_more_than_an_alias_and_an_alias_more_than_an_inflection() -> None:
    graph = graph_of('ex:a rdfs:label "Bergwald"@de ; skos:altLabel "Hainholz"@de .')
    scores = [
        DictionaryLinker(graph).link(text, language="de")[0].score
        for text in ("Bergwald", "Hainholz", "Bergwaldes", "Hainholzes")
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4


def test_the_longest_name_wins(linker: DictionaryLinker) -> None:
    assert named(linker.link("KX-2000, KX-200", language="en")) == [
        ("KX-2000", "kx2000"),
        ("KX-200", "kx200"),
    ]


@pytest.mark.parametrize(("language", "name"), [("en", "Marn"), ("zh", "马恩"), ("ru", "Марн")])
def test_namesakes_stay_apart_and_all_are_kept(
    linker: DictionaryLinker, language: str, name: str
) -> None:
    (link,) = linker.link(name, language=language)
    assert link.entity_id == EX + "cityMarn"  # the one with more facts
    kept = [link.entity_id, *(e for e, _ in link.alternatives)]
    assert set(kept) >= {EX + "riverMarn", EX + "cityMarn"}
    assert len(kept) == len(set(kept))
    scores = [link.score, *(s for _, s in link.alternatives)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "the Marn in Velland"),
        ("zh", "维兰的马恩"),
        ("ru", "Марн, Велландия"),
    ],
)
def test_a_namesake_near_the_other_name_is_preferred(
    linker: DictionaryLinker, language: str, text: str
) -> None:
    assert (EX + "riverMarn") in {k.entity_id for k in linker.link(text, language=language)}


def test_a_namesake_near_the_focus_is_preferred(linker: DictionaryLinker) -> None:
    for entity in ("velland", "riverMarn"):
        focus = (Focus(EX + entity, entity, 1.0),)
        (link,) = linker.link("How long is the Marn?", language="en", focus=focus)
        assert link.entity_id == EX + "riverMarn"
    focus = (Focus(EX + "ombra", "Ombra", 1.0),)
    (link,) = linker.link("How big is Marn?", language="en", focus=focus)
    assert link.entity_id == EX + "cityMarn"


def test_the_more_salient_focus_decides(linker: DictionaryLinker) -> None:
    focus = (Focus(EX + "riverMarn", "Marn", 0.3), Focus(EX + "cityMarn", "Marn", 0.9))
    (link,) = linker.link("Marn", language="en", focus=focus)
    assert link.entity_id == EX + "cityMarn"
    (link,) = linker.link("Marn", language="en", focus=(Focus(EX + "birdMarn", "Marn", 1.0),))
    assert link.entity_id == EX + "birdMarn"


def test_misspelt_names_are_found_beside_others(linker: DictionaryLinker) -> None:
    assert named(linker.link("Where is Vellannd?", language="en")) == [("Vellannd", "velland")]
    assert named(linker.link("Где Веландия?", language="ru")) == [("Веландия", "velland")]
    assert named(linker.link("Is Vellannd near Ombra?", language="en")) == [
        ("Vellannd", "velland"),
        ("Ombra", "ombra"),
    ]
    assert linker.link("Where is Vellannd?", language="en", fuzzy=False) == ()
    assert unknown(linker.link("Where is Xelland?", language="en")) == ["Xelland"]
    exact, guessed = (linker.link(t, language="en")[0] for t in ("Velland", "Vellannd"))
    assert guessed.score < exact.score


@pytest.mark.parametrize("text", ["KX-2001", "KX-201", "KX-20", "请问KX-20000"])
def test_a_model_number_off_by_a_digit_is_another_model(
    linker: DictionaryLinker, text: str
) -> None:
    links = linker.link(text, language="en")
    assert named(links) == []
    assert unknown(links) == [text.removeprefix("请问")]


def test_a_model_number_without_its_hyphen_is_found(linker: DictionaryLinker) -> None:
    assert named(linker.link("my kx200 is loud", language="en")) == [("kx200", "kx200")]


@pytest.mark.parametrize(
    ("language", "name", "text", "linked"),
    [
        ("de", "Oder", "Oder wie lang ist sie oder er?", ""),
        ("de", "Oder", "Wie lang ist die Oder?", "Oder"),
        ("de", "Seine", "Seine Länge?", ""),
        ("de", "Seine", "Wie lang ist seine Küste?", ""),
        ("es", "Paraná", "¿Para qué sirve?", ""),
        ("pt", "Pará", "para onde vai?", ""),
        ("pt", "Pará", "Onde fica Pará?", "Pará"),
        ("ru", "Того", "кто это, кроме того?", ""),
        ("ru", "Того", "столица Того?", "Того"),
        ("ru", "Ния", "ни один", ""),
        ("ar", "فيينا", "ماذا في الصورة؟", ""),
        ("ar", "فيينا", "أين فيينا؟", "فيينا"),
        ("hi", "थाई", "वह कौन था?", ""),
        ("en", "WHO", "WHO is based where?", "WHO"),
        ("en", "Who", "who is that?", ""),
    ],
)
def test_function_words_are_names_only_when_written_like_names(
    language: str, name: str, text: str, linked: str
) -> None:
    graph = graph_of(f'ex:a rdfs:label "{name}"@{language} .')
    found = [k.mention.text for k in DictionaryLinker(graph).link(text, language=language)]
    assert found == ([linked] if linked else [])


def test_known_relation_words_are_no_misspelt_names(linker: DictionaryLinker) -> None:
    text = "What is its population?"
    assert named(linker.link("Populatiom?", language="en")) == [("Populatiom", "populatio")]
    relations = RelationMatcher(GRAPH).match(text, language="en")
    assert [text[slice(*r.span)] for r in relations] == ["population"]
    assert linker.link(text, language="en", relations=relations) == ()
    assert linker.link(text, language="en", ignored=[r.span for r in relations]) == ()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Where is Zanzibar?"),
        ("zh", "桑给巴尔在哪里？"),
        ("ru", "Где Занзибар?"),
        ("ar", "أين زنجبار؟"),
        ("hi", "ज़ंज़ीबार कहाँ है?"),
        ("ja", "ザンジバルはどこ？"),
        ("en", ""),
        ("", "?!"),
    ],
)
def test_unknown_names_do_not_link(linker: DictionaryLinker, language: str, text: str) -> None:
    assert named(linker.link(text, language=language)) == []


def test_an_empty_graph_links_nothing() -> None:
    links = DictionaryLinker(KnowledgeGraph(())).link("Ombra Vellannd", language="en")
    assert named(links) == []


def test_links_are_the_same_whatever_order_the_facts_came_in() -> None:
    text = 'ex:{} rdfs:label "Ombra"@en .'
    one = graph_of(text.format("b"), text.format("a"), text.format("c"))
    two = graph_of(text.format("c"), text.format("b"), text.format("a"))
    links = [DictionaryLinker(g).link("Ombra", language="en") for g in (one, two)]
    assert links[0] == links[1]
    assert links[0][0].entity_id == EX + "a"


LINKER = DictionaryLinker(GRAPH)
PIECES = ["Ombra", "翁布拉", "Марн", "KX-200", "أومبرا", "ओम्ब्रा", " ", ", ", "が", "x", "ﬁ", "\0"]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=10).map("".join))
def test_mentions_are_in_order_without_overlap_and_exact(text: str) -> None:
    links = LINKER.link(text, language="en")
    spans = [link.mention.span for link in links]
    assert all(one[1] <= two[0] for one, two in zip(spans, spans[1:], strict=False))
    for link in links:
        assert link.mention.text == text[link.mention.span[0] : link.mention.span[1]]
        assert link.entity_id is None or link.entity_id in GRAPH.entities
        assert (0 < link.score <= 1.5) if link.entity_id else link.score == 0


@pytest.mark.parametrize(
    ("language", "text", "mention"),
    [
        ("en", "Where does Vladimir Petrov live?", "Vladimir Petrov"),
        ("es", "¿Cuántos habitantes tiene Zaragoza?", "Zaragoza"),
        ("ru", "Кто такой Иван Сусанин?", "Иван Сусанин"),
        ("zh", "我的Roomba 980坏了", "Roomba 980"),
        ("hi", "मेरा Dyson V11 खराब है", "Dyson V11"),
        ("ar", "متى يصدر QX-95؟", "QX-95"),
        ("de", "Meine Siemens EQ6 streikt", "Siemens EQ6"),
        ("en", "Is New Velland nice?", "New Velland"),
    ],
)
def test_names_of_nothing_in_the_graph_are_said_to_be_nobodys(
    linker: DictionaryLinker, language: str, text: str, mention: str
) -> None:
    links = linker.link(text, language=language)
    assert (unknown(links), named(links)) == ([mention], [])
    assert unknown(linker.link(text, language=language, fuzzy=False)) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "What is the largest of them?"),
        ("en", "I'm happy. Thanks a lot!"),
        ("de", "Wie hoch ist die Einwohnerzahl der Stadt?"),
        ("ru", "Какая у него длина?"),
        ("fr", "Merci, c'est tout."),
        ("ja", "ありがとうございます"),
        ("ar", "شكرا جزيلا"),
        ("hi", "बहुत धन्यवाद"),
    ],
)
def test_ordinary_words_are_no_names(linker: DictionaryLinker, language: str, text: str) -> None:
    assert linker.link(text, language=language) == ()


@pytest.mark.parametrize(
    ("language", "name", "text", "mention"),
    [
        ("pt", "Москва", "Onde fica Moskva?", "Moskva"),
        ("en", "北京", "How big is Bei Jing?", "Bei Jing"),
        ("hi", "Tokyo", "टोक्यो किस देश में है?", "टोक्यो"),
        ("ru", "Rachel Stevens", "Где родилась Рэйчел Стивенс?", "Рэйчел Стивенс"),
        ("ja", "Ondina", "オンディーナはうるさいですか", "オンディーナ"),
        ("uk", "Kestrelia", "Де знаходиться Кестрелія?", "Кестрелія"),
    ],
)
def test_a_name_in_another_script_is_found_by_its_sound(
    language: str, name: str, text: str, mention: str
) -> None:
    graph = graph_of(f'ex:a rdfs:label "{name}" . ex:b rdfs:label "Somewhere Else"@en .')
    assert named(DictionaryLinker(graph).link(text, language=language)) == [(mention, "a")]


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("fr", "Azerbaïdjan", "capitale de l'Azerbaïdjean"),
        ("ar", "أذربيجان", "ما عاصمة وأذربيجن"),
        ("en", "WM-900", "the WM-9O0 is loud"),
        ("zh", "维也纳城", "维也那城在哪里"),
        ("en", "Kestrelia", "Kestrellia's capital?"),
        ("ru", "Килиманджаро", "высота Килиманжаро"),
    ],
)
def test_misspelt_names_are_found_beside_what_is_written_together(
    language: str, name: str, text: str
) -> None:
    graph = graph_of(f'ex:a rdfs:label "{name}"@{language} .')
    assert [e for _, e in named(DictionaryLinker(graph).link(text, language=language))] == ["a"]


def test_who_has_what_is_asked_for_is_preferred() -> None:
    graph = graph_of("""
    ex:land rdfs:label "Jordan"@en ; ex:capital ex:amman ; ex:border ex:a, ex:b, ex:c .
    ex:river rdfs:label "Jordan"@en ; ex:length "251" .
    ex:length rdfs:label "length"@en ; skos:altLabel "how long"@en ; a rdf:Property .
    ex:capital rdfs:label "capital"@en ; a rdf:Property .
    """)
    linker, matcher = DictionaryLinker(graph), RelationMatcher(graph)
    for text, entity in [("How long is the Jordan?", "river"), ("The capital of Jordan?", "land")]:
        relations = matcher.match(text, language="en")
        (link,) = linker.link(text, language="en", relations=relations)
        assert link.entity_id == EX + entity
        assert len(link.alternatives) == 1


def test_common_words_written_small_are_no_names() -> None:
    graph = graph_of('ex:main rdfs:label "Main"@en . ex:kip rdfs:label "Kip"@en .')
    linker = DictionaryLinker(graph)
    assert named(linker.link("The main thing is a kip for Ann", language="en")) == []
    assert [e for _, e in named(linker.link("Is the Main long?", language="en"))] == ["main"]


def test_what_a_text_may_mean_is_kept_for_the_decision(linker: DictionaryLinker) -> None:
    considered = linker.consider("Is Vellannd near Marn?", language="en")
    assert decide(considered) == linker.link("Is Vellannd near Marn?", language="en")
    assert [len(mention) for mention in considered.certain] == [3]
    assert {c.entity_id for mention in considered.doubtful for c in mention} == {EX + "velland"}


def test_an_encoder_tells_close_namesakes_of_two_kinds_apart() -> None:
    graph = graph_of("""
    ex:town rdfs:label "Ombra"@en ; a ex:City ; rdfs:comment "old harbour streets"@en .
    ex:wind rdfs:label "Ombra"@en ; a ex:Wind ; rdfs:comment "cold storm from north"@en .
    ex:one rdfs:label "Code 7"@en ; a ex:Code ; rdfs:comment "harbour"@en .
    ex:two rdfs:label "Code 7"@en ; a ex:Code ; rdfs:comment "storm"@en .
    """)

    class Words:
        """Says that texts are alike that share words."""

        id, dimension, asked = "words", 2, 0

        def encode(self, texts: Sequence[str], kind: str = "query") -> Vectors:
            self.asked += kind == "query"
            rows = [("storm" in t.lower(), "harbour" in t.lower()) for t in texts]
            return np.array(rows, dtype=np.float32)

    encoder = Words()
    linker = DictionaryLinker(graph, encoder=encoder)
    for text, entity in [("the storm Ombra", "wind"), ("the harbour Ombra", "town")]:
        (link,) = linker.link(text, language="en")
        assert link.entity_id == EX + entity
        assert [e for e, _ in link.alternatives] == [EX + ("town", "wind")[entity == "town"]]
    assert encoder.asked == 2
    linker.link("the storm Code 7", language="en")  # both are codes
    linker.link("the storm", language="en")
    linker.link("the storm Ombra", language="en", fuzzy=False)
    assert encoder.asked == 2


PARTS = """
ex:victoria a ex:City ; rdfs:label "Victoria"@en, "Victoria"@es, "Victoria"@fr, "Виктория"@ru,
    "فيكتوريا"@ar, "विक्टोरिया"@hi, "维多利亚"@zh, "ビクトリア"@ja .
ex:guinea a ex:Country ; rdfs:label "Guinea"@en, "Guinea"@es, "Guinée"@fr, "Гвинея"@ru, "غينيا"@ar,
    "गिनी"@hi, "几内亚"@zh, "ギニア"@ja .
ex:chad a ex:Country ; rdfs:label "Chad"@en, "Чад"@ru .
ex:lake-chad a ex:Lake ; rdfs:label "Chad"@en, "Чад"@ru .
ex:Lake a owl:Class ; rdfs:label "lake"@en, "озеро"@ru .
"""


@pytest.mark.parametrize(
    ("text", "language", "whole"),
    [
        ("how deep is lake Victoria", "en", "lake Victoria"),
        ("¿Qué profundidad tiene el lago Victoria?", "es", "lago Victoria"),
        ("Quelle est la profondeur du lac Victoria ?", "fr", "lac Victoria"),
        ("Какая глубина у озера Виктория?", "ru", "озера Виктория"),
        ("ما عمق بحيرة فيكتوريا؟", "ar", "بحيرة فيكتوريا"),
        ("विक्टोरिया झील कितनी गहरी है?", "hi", "विक्टोरिया झील"),
        ("维多利亚湖有多深？", "zh", "维多利亚湖"),
        ("ビクトリア湖の深さは？", "ja", "ビクトリア湖"),
        ("Новая Гвинея — это остров?", "ru", "Новая Гвинея"),
        ("New Guinea is an island", "en", "New Guinea"),
        ("هل غينيا الجديدة جزيرة؟", "ar", "غينيا الجديدة"),
        ("क्या न्यू गिनी एक द्वीप है?", "hi", "न्यू गिनी"),
    ],
)
def test_a_name_inside_another_name_is_not_meant(text: str, language: str, whole: str) -> None:
    (link,) = DictionaryLinker(graph_of(PARTS)).link(text, language=language)
    assert (link.mention.text, link.entity_id) == (whole, None)


@pytest.mark.parametrize(
    ("text", "language", "meant"),
    [
        ("who lives in Victoria near a lake", "en", "victoria"),
        ("is there a new Guinea embassy", "en", "guinea"),
        ("Кто живёт в городе Виктория?", "ru", "victoria"),
        ("озёра, Гвинея и море", "ru", "guinea"),
        ("من يعيش في فيكتوريا؟", "ar", "victoria"),
        ("विक्टोरिया की झील", "hi", "victoria"),
        ("维多利亚有湖吗？", "zh", "victoria"),
        ("ギニアの首都は？", "ja", "guinea"),
    ],
)
def test_a_name_beside_other_words_is_meant(text: str, language: str, meant: str) -> None:
    links = DictionaryLinker(graph_of(PARTS)).link(text, language=language)
    assert EX + meant in [link.entity_id for link in links]


def test_a_lake_that_the_graph_has_is_meant() -> None:
    graph = graph_of(PARTS)
    linker, matcher = DictionaryLinker(graph), RelationMatcher(graph)
    for text, language in (("how deep is lake Chad", "en"), ("Как глубоко озеро Чад?", "ru")):
        (link,) = linker.link(
            text, language=language, relations=matcher.match(text, language=language)
        )
        assert link.entity_id == EX + "lake-chad"


@pytest.mark.parametrize(
    ("name", "text", "word", "language"),
    [
        ("Loire", "Wo ist die Loira am Fluss?", "Loira", "de"),
        ("сирия", "где эта сирин стоит", "сирин", "ru"),
        ("اللوار", "من أين يدخل الزوار إلى المدينة؟", "الزوار", "ar"),
        ("गोदावरी", "वहाँ गोदवरी कहाँ मिलती", "गोदवरी", "hi"),
        ("Λάρισα", "πού είναι η λάρισσα τώρα", "λάρισσα", "el"),
        ("Loira", "onde está a loirra agora", "loirra", "pt"),
    ],
)
def test_a_word_of_the_documents_is_less_likely_a_misspelt_name(name, text, word, language) -> None:
    graph = graph_of(f'ex:it rdfs:label "{name}"@{language} .')

    def score(*known: str) -> float:
        linker = DictionaryLinker(graph, has_word=lambda part, _: part in known)
        considered = linker.consider(text, language=language)
        found = [
            c.score for m in considered.doubtful for c in m if text[slice(*c.hit.span)] == word
        ]
        return max(found)

    assert score(*word.split()) < score()


@pytest.mark.parametrize(
    ("name", "phrase", "text", "language"),
    [
        ("Pico", "pico más alto", "¿Cuál es el pico más alto de Argentina?", "es"),
        ("Pico", "pico mais alto", "Qual é o pico mais alto da Espanha?", "pt"),
        ("Mobile", "mobile code", "What is the mobile code of Peru?", "en"),
        ("Tours", "tours guidés", "Quels sont les tours guidés en France ?", "fr"),
        ("Орёл", "орёл на гербе", "Чей орёл на гербе Польши?", "ru"),
        ("Essen", "essen gehen", "Wo kann man in Wien essen gehen?", "de"),
    ],
)
def test_a_small_word_of_a_known_phrase_is_no_name(name, phrase, text, language) -> None:
    graph = graph_of(
        f'ex:it rdfs:label "{name}"@{language} . '
        f'ex:asked a owl:DatatypeProperty ; rdfs:label "{phrase}"@{language} .'
    )
    relations = RelationMatcher(graph).match(text, language=language)
    links = DictionaryLinker(graph).link(text, language=language, relations=relations)
    assert "https://ex.example/it" not in {link.entity_id for link in links}
    shouted = text.replace(name.lower(), name)
    named = DictionaryLinker(graph).link(shouted, language=language, relations=relations)
    assert "https://ex.example/it" in {link.entity_id for link in named}
