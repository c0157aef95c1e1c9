"""Which facts are likely asked for: by words, by meaning, by kind of answer, by the dialogue."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.models.scripted import HashEncoder
from convrag.retrieval.facts import FactChannel
from convrag.retrieval.facts_kinds import kinds_asked_for, kinds_of
from convrag.retrieval.facts_model import FactFeatures, weights
from convrag.retrieval.facts_ranking import FactRanker
from convrag.types import Focus, Link, Literal, Mention, Query, Triple

LABEL = terms.RDFS + "label"
NAMES = {
    "solem": {"en": "Solem", "zh": "索莱姆", "ru": "Солем", "ar": "سوليم", "hi": "सोलेम",
              "ja": "ソレム"},
    "varda": {"en": "Varda", "zh": "瓦尔达", "ru": "Варда", "ar": "فاردا", "hi": "वार्दा",
              "ja": "ヴァルダ"},
    "mayor": {"en": "mayor", "zh": "市长", "ru": "мэр", "ar": "عمدة", "hi": "महापौर",
              "ja": "市長"},
    "founded": {"en": "foundation", "zh": "建城", "ru": "основание", "ar": "تأسيس",
                "hi": "स्थापना", "ja": "創設"},
    "height": {"en": "elevation", "zh": "海拔", "ru": "высота", "ar": "ارتفاع", "hi": "ऊँचाई",
               "ja": "標高"},
}  # fmt: skip
WHO = {
    "en": "Who is the mayor of Solem?",
    "zh": "索莱姆的市长是谁？",
    "ru": "Кто мэр города Солем?",
    "ar": "من هو عمدة سوليم؟",
    "hi": "सोलेम का महापौर कौन है?",
    "ja": "ソレムの市長は誰ですか？",
}
WHEN = {
    "en": "when?",
    "zh": "什么时候？",
    "ru": "когда?",
    "ar": "متى؟",
    "hi": "कब?",
    "ja": "いつ？",
    "es": "¿cuándo?",
    "ko": "언제?",
}


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    triples = [
        Triple("solem", "mayor", "varda"),
        Triple("solem", "founded", Literal("1204-05-01", terms.XSD + "date")),
        Triple("solem", "height", Literal("312", terms.XSD + "integer")),
        Triple("varda", "height", Literal("2", terms.XSD + "integer")),
    ]
    for term, names in NAMES.items():
        triples += [Triple(term, LABEL, Literal(n, "", lang)) for lang, n in names.items()]
    return KnowledgeGraph(triples)


@pytest.fixture(scope="module")
def ranker(graph: KnowledgeGraph) -> FactRanker:
    return FactRanker(graph, RelationMatcher(graph), HashEncoder(64))


def ask(graph: KnowledgeGraph, text: str, language: str = "en", **dialogue) -> Query:
    links = DictionaryLinker(graph).link(text, language=language)
    return Query(text, text, language, links, **dialogue)


def focus(*entities: str) -> tuple[Focus, ...]:
    return tuple(Focus(e, e, 0.9**n) for n, e in enumerate(entities))


def column(ranker: FactRanker, query: Query, name: str) -> dict[tuple[str, str], float]:
    """Return one feature of each candidate by its entity and property."""
    candidates = ranker.candidates(query)
    at = [f.name for f in fields(FactFeatures)].index(name)
    values = ranker.features(query, candidates)[:, at].tolist()
    keys = [(group.entity, group.property) for group, _ in candidates]
    return dict(zip(keys, values, strict=True))


@pytest.mark.parametrize("language", sorted(WHO))
def test_the_property_that_is_named_comes_first_in_every_script(graph, ranker, language) -> None:
    ranked = ranker.rank(ask(graph, WHO[language], language))
    assert ranked[0].triple.predicate == "mayor"
    assert sum(fact.probability for fact in ranked) == pytest.approx(1.0)
    assert [f.probability for f in ranked] == sorted((f.probability for f in ranked), reverse=True)


@pytest.mark.parametrize("language", sorted(WHEN))
def test_a_date_is_asked_for_in_every_script(language) -> None:
    assert "date" in kinds_asked_for(WHEN[language], language)
    assert "person" not in kinds_asked_for(WHEN[language], language)


@pytest.mark.parametrize("language", sorted(WHO))
def test_a_person_is_asked_for_in_every_script(language) -> None:
    assert kinds_asked_for(WHO[language], language) == {"person"}


def test_a_language_without_a_table_asks_for_nothing() -> None:
    assert kinds_asked_for("ki a polgármester?", "hu") == frozenset()


def test_values_have_kinds_by_type_and_by_form() -> None:
    assert "date" in kinds_of(Literal("1204-05-01", terms.XSD + "date"), "1 May 1204", "en")
    assert "date" in kinds_of(Literal("opens 9:30", "", "en"), "opens 9:30", "en")
    assert kinds_of(Literal("312", terms.XSD + "integer"), "312", "en") == {"number"}
    assert kinds_of("varda", "Varda", "en") == {"place", "person"}
    assert kinds_of(Literal("x" * 80, "", "en"), "x" * 80, "en") == frozenset()


def test_a_value_of_the_kind_asked_for_fits_and_others_do_not(graph, ranker) -> None:
    fits = column(ranker, ask(graph, "Since when is there Solem?"), "kind_fits")
    assert fits["solem", "founded"] == 1.0
    assert fits["solem", "mayor"] == -1.0
    assert set(column(ranker, ask(graph, "Solem!"), "kind_fits").values()) == {0.0}


def test_only_the_last_clause_says_what_is_asked(graph, ranker) -> None:
    text = "The mayor of Solem is nice, what is its elevation?"
    last = column(ranker, ask(graph, text), "relation_last")
    whole = column(ranker, ask(graph, text), "relation")
    assert last["solem", "height"] > 0 == last["solem", "mayor"]
    assert whole["solem", "mayor"] > 0


def test_entities_in_focus_are_at_hand_without_being_named(graph, ranker) -> None:
    query = ask(graph, "and the mayor?", focus=focus("solem", "varda"))
    assert ranker.rank(query)[0].group.entity == "solem"
    only = column(ranker, query, "only")
    assert only["solem", "mayor"] == 1.0 > only["varda", "height"]


def test_what_was_said_before_is_known(graph, ranker) -> None:
    said = ask(graph, "Solem?", before=("The mayor is Varda.",))
    assert column(ranker, said, "said")["solem", "mayor"] == 1.0
    assert column(ranker, said, "relation_once")["solem", "mayor"] > 0
    fresh = ask(graph, "Solem?")
    assert column(ranker, fresh, "said")["solem", "mayor"] == 0.0


def test_a_told_fact_gives_way_to_one_that_was_not_told(graph, ranker) -> None:
    def chance(query: Query) -> float:
        return next(f.probability for f in ranker.rank(query) if f.triple.predicate == "mayor")

    query = ask(graph, "Solem?")
    assert chance(query) > chance(replace(query, before=("Who is mayor?", "The mayor is Varda.")))


def test_namesakes_are_at_hand_too_but_count_less(graph, ranker) -> None:
    (link,) = ask(graph, "Solem?").links
    query = replace(
        ask(graph, "Solem?"), links=(replace(link, alternatives=(("varda", link.score),)),)
    )
    linked = column(ranker, query, "linked")
    assert linked["solem", "founded"] > linked["varda", "height"] > 0


def test_nothing_at_hand_means_no_facts(graph, ranker) -> None:
    assert ranker.rank(Query("Who is the mayor?", "Who is the mayor?", "en")) == ()


def test_very_long_lists_are_cut() -> None:
    triples = [Triple("hub", "part", f"part{n}") for n in range(1000)]
    triples.append(Triple("hub", "mayor", "varda"))
    triples.append(Triple("hub", LABEL, Literal("Hub", "", "en")))
    graph = KnowledgeGraph(triples)
    ranker = FactRanker(graph, RelationMatcher(graph), HashEncoder(64))
    candidates = ranker.candidates(ask(graph, "Hub?"))
    assert len(candidates) < 100
    assert {group.property for group, _ in candidates} == {"part", "mayor"}


def test_facts_that_are_not_named_are_weak_evidence(graph) -> None:
    channel = FactChannel(graph, RelationMatcher(graph), HashEncoder(64))
    hits = channel.search(ask(graph, "Since when is there Solem?"))
    assert {hit.group.property for hit in hits} == {"mayor", "founded", "height"}
    assert all(0 < hit.confidence <= 0.3 for hit in hits)
    assert [h.confidence for h in hits] == sorted((h.confidence for h in hits), reverse=True)
    assert channel.search(Query("When?", "When?", "en")) == ()


@pytest.mark.parametrize("language", sorted(WHO))
def test_what_a_dialogue_is_about_is_weak_evidence_without_being_named(graph, language) -> None:
    channel = FactChannel(graph, RelationMatcher(graph), HashEncoder(64))
    text = WHO[language].replace(NAMES["solem"][language], "")
    hits = channel.search(Query(text, text, language, focus=focus("solem", "varda")))
    assert (hits[0].group.entity, hits[0].group.property) == ("solem", "mayor")
    assert all(0 < hit.confidence <= 0.05 for hit in hits)
    unknown = (Link(Mention(text, (0, len(text))), None, 0.0),)
    assert not channel.search(Query(text, text, language, unknown, focus=focus("solem")))


def test_facts_that_are_not_named_come_after_the_one_that_is(graph) -> None:
    channel = FactChannel(graph, RelationMatcher(graph), HashEncoder(64))
    first, *rest = channel.search(ask(graph, WHO["en"]))
    assert first.group.property == "mayor"
    assert first.confidence >= 0.6 > 0.3 >= max(hit.confidence for hit in rest)


def test_facts_that_fit_equally_well_come_in_the_order_of_the_ranker(graph, ranker) -> None:
    channel = FactChannel(graph, RelationMatcher(graph), HashEncoder(64))
    query = ask(graph, "The elevation of Solem and of Varda?", focus=focus("varda"))
    hits = [h.group for h in channel.search(query) if h.group.property == "height"]
    ranked = [f.group for f in ranker.rank(query) if f.group.property == "height"]
    assert [group.entity for group in hits] == [group.entity for group in ranked]
    assert {group.entity for group in hits} == {"solem", "varda"}


def test_every_feature_has_a_finite_weight() -> None:
    assert weights().shape == (len(fields(FactFeatures)),)
    assert np.isfinite(weights()).all()
    assert weights()[[f.name for f in fields(FactFeatures)].index("relation_last")] > 0
