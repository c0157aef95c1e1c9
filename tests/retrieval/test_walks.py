"""The walk over shared entities: what it reaches, what it leaves alone, and what it obeys."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from convrag.graph import storage, terms
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.retrieval import walks
from convrag.retrieval.facts import FactChannel
from convrag.retrieval.hybrid import HybridRetriever
from convrag.retrieval.index import Index
from convrag.retrieval.network import PassageNetwork
from convrag.retrieval.walks import WalkChannel
from convrag.types import Filter, Link, Literal, Mention, Passage, Query, Triple
from tests.retrieval.samples import HashingEncoder, document

RDFS_LABEL = terms.RDFS + "label"
NAMES = {
    "en": ("Ardan", "Belmor", "Corvia"),
    "zh": ("阿尔丹", "贝尔莫", "科维亚"),
    "ru": ("Арданстан", "Белморье", "Корвия"),
    "ar": ("أردان", "بلمور", "كورفيا"),
    "hi": ("अरदान", "बेलमोर", "कोरविया"),
    "ja": ("アルダン", "ベルモア", "コルビア"),
    "th": ("อาร์ดาน", "เบลมอร์", "คอร์เวีย"),
}
"""In each language a country, its partner and another one."""
WORDS = {
    "en": ("largest trading partner", "highest mountain", "Tall Peak"),
    "zh": ("最大贸易伙伴", "最高山峰", "高高山"),
    "ru": ("крупнейший торговый партнёр", "высочайшая гора", "Пик Высокий"),
    "ar": ("أكبر شريك تجاري", "أعلى جبل", "قمة طويلة"),
    "hi": ("सबसे बड़ा व्यापार साझेदार", "सर्वोच्च पर्वत", "ऊँची चोटी"),
    "ja": ("貿易相手", "最高地点", "青岳"),
    "th": ("คู่ค้ารายใหญ่", "ภูเขาสูงสุด", "ยอดเขา"),
}
STOP = {"zh": "。", "ja": "。", "hi": "।"}


def texts(language: str) -> dict[str, str]:
    """Return documents: of the country, its partner and the other, with who has which mountain."""
    partner, mountain, peak = WORDS[language]
    stop = STOP.get(language, ".")
    a, b, c = NAMES[language]
    return {
        "a": f"{a}{stop}\n{partner}: {b}{stop}",
        "a2": f"{a}{stop}\n{mountain}: {peak} 1{stop}",
        "b": f"{b}{stop}\n{mountain}: {peak} 2{stop}",
        "c": f"{c}{stop}\n{mountain}: {peak} 3{stop}",
    }


def named(text: str, language: str) -> list[Link]:
    places = sorted((text.find(name), name) for name in NAMES[language])
    return [Link(Mention(n, (at, at + len(n))), n, 1.0) for at, n in places if at >= 0]


def question(language: str, **more: object) -> Query:
    """Return "the highest mountain of the largest trading partner of Ardan"."""
    partner, mountain, _ = WORDS[language]
    name = NAMES[language][0]
    text = f"{name} {partner} {mountain}"
    link = Link(Mention(name, (0, len(name))), name, 1.0)
    return Query(text, text, language, (link,), **more)  # type: ignore[arg-type]


@pytest.fixture(params=sorted(NAMES))
def joined(request: pytest.FixtureRequest, folder, encoder) -> Iterator[tuple[Index, str]]:
    """An index of the documents in one language, with the names that they have."""
    language = request.param
    with Index.create(folder, encoder=encoder) as index:
        fill(index, language)
        yield index, language


def fill(index: Index, language: str) -> None:
    found = texts(language)
    index.update([document(i, t, language, "") for i, t in found.items()], HashingEncoder())
    index.set_entities(
        {f"{i}#0": [k.mention.text for k in named(t, language)] for i, t in found.items()}
    )


def channel(index: Index, graph: KnowledgeGraph | None = None) -> WalkChannel:
    return WalkChannel(index, graph or KnowledgeGraph([]), named)


def start(index: Index, *ids: str) -> list[tuple[Passage, float]]:
    return [(p, 1.0 / (n + 1)) for n, p in enumerate(index.passages([f"{i}#0" for i in ids]))]


def test_the_passage_that_completes_the_question_is_reached(joined: tuple[Index, str]) -> None:
    index, language = joined
    reached = channel(index).search(question(language), start(index, "a2", "a"))
    assert set(reached.gains) == {"a#0", "b#0"}
    assert 0.2 < reached.gains["b#0"] <= 1
    a, b, _ = NAMES[language]
    assert reached.via == {"b#0": (a, b)}


def test_both_passages_come_first_and_say_how(joined: tuple[Index, str]) -> None:
    index, language = joined
    graph = KnowledgeGraph([Triple(n, RDFS_LABEL, Literal(n)) for n in NAMES[language]])
    facts = FactChannel(graph, RelationMatcher(graph), HashingEncoder())
    found = {
        with_walk: HybridRetriever(
            index,
            HashingEncoder(),
            facts,
            lambda query: query.text,
            walk=channel(index) if with_walk else None,
        ).retrieve(question(language), k=4)
        for with_walk in (False, True)
    }
    assert {e.id for e in found[True][:2]} == {"a#0", "b#0"}
    by_id = {e.id: e for e in found[True]}
    assert by_id["b#0"].via == NAMES[language][:2]
    assert by_id["b#0"].channels["graph"] >= 1
    assert by_id["a2#0"].via == NAMES[language][:1]
    plain = {e.id: e for e in found[False]}
    assert plain["b#0"].via == ()
    assert plain["b#0"].score < plain["a#0"].score


@pytest.mark.parametrize("language", sorted(NAMES))
def test_what_one_line_explains_is_left_alone(folder, encoder, language: str) -> None:
    with Index.create(folder, encoder=encoder) as index:
        fill(index, language)
        query = question(language)
        text = f"{NAMES[language][0]} {WORDS[language][1]}"
        asked = replace(query, text=text, original=text)
        assert channel(index).search(asked, start(index, "a2", "a")).gains == {}
        # Nothing known is asked about, and nothing found first is about it.
        assert channel(index).search(replace(query, links=()), start(index, "a", "a2")).gains == {}
        assert channel(index).search(query, start(index, "c", "b")).gains == {}
        assert channel(index).search(query, []).gains == {}


@pytest.mark.parametrize("most", [0, 100_000])
def test_filters_deletions_and_additions_are_followed(
    folder, encoder, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(walks, "_WHOLE", most)
    with Index.create(folder, encoder=encoder) as index:
        fill(index, "en")
        walk = channel(index)
        first = start(index, "a")
        assert set(walk.search(question("en"), first).gains) == {"a#0", "b#0"}
        only = question("en", filter=Filter(documents=("a", "a2", "c")))
        assert walk.search(only, first).gains == {}
        index.delete(["b"])
        assert walk.search(question("en"), first).gains == {}
        index.update([document("b2", texts("en")["b"], "en", "")], encoder)
        index.set_entities({"b2#0": ["Belmor"]})
        with index.transaction() as connection:
            storage.create_tables(connection)
            storage.set_linked_state(connection, "anew")
        assert set(walk.search(question("en"), first).gains) == {"a#0", "b2#0"}


def test_the_networks_weights_are_rarity_by_place(fresh: Index) -> None:
    fresh.set_entities({"doc-en#0": ["x", "y"], "doc-de#0": ["y"]})
    graph = KnowledgeGraph([Triple("x", "urn:p", "y"), Triple("x", "urn:p", "nowhere")])
    with fresh.snapshot() as connection:
        made = PassageNetwork.of(connection, graph)
    assert made.ids == ("x", "y")
    assert len(made.numbers) == 2
    rare, common = math.log(1 + 2 / 1), math.log(1 + 2 / 2)
    mentions = {"x": rare, "y": common / 2 + common}
    fact = math.sqrt(mentions["x"] * mentions["y"])
    assert made.network.strengths[:2] == pytest.approx([rare + fact, mentions["y"] + fact])
    numbers, about = made.passages_of("y", 9)
    assert about.tolist() == pytest.approx([1.0, 0.5])
    assert len(made.passages_of("y", 1)[0]) == 1
    assert np.isin(numbers, made.numbers).all()


def test_an_index_without_entities_has_an_empty_network(index: Index) -> None:
    with index.snapshot() as connection:
        made = PassageNetwork.of(connection, KnowledgeGraph([]))
    assert (made.ids, len(made.numbers), len(made.network)) == ((), 0, 0)
