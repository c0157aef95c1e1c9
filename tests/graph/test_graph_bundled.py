"""The bundled graphs: each reads, every entity can be linked by its labels, every fact worded."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import prefixes, read_rdf
from convrag.graph.relations import RelationMatcher
from convrag.graph.wording import statement

PACKS = ("helpdesk", "world")
LANGUAGES = {
    "helpdesk": ("en", "zh", "es", "de"),
    "world": ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt"),
}


def path_of(pack: str) -> Path:
    path = Path(__file__).parents[2] / "kg" / pack / "graph.ttl"
    if not path.is_file():
        pytest.skip(f"there is no graph in the pack {pack}")
    return path


@cache
def graph_of_pack(pack: str) -> KnowledgeGraph:
    return KnowledgeGraph(read_rdf(path_of(pack), source=f"{pack}/graph.ttl"))


@cache
def linker_of_pack(pack: str) -> DictionaryLinker:
    return DictionaryLinker(graph_of_pack(pack))


@pytest.mark.parametrize("pack", PACKS)
def test_a_bundled_graph_is_whole(pack: str) -> None:
    graph = graph_of_pack(pack)
    assert graph.size > 500
    assert prefixes(path_of(pack))
    own = next(iter(graph.entities)).rsplit("/", 1)[0]
    nameless = [e.id for e in graph.entities.values() if not e.labels and e.id.startswith(own)]
    assert nameless == []
    for item in graph.properties.values():
        for pattern in item.patterns.values():
            assert "{subject}" in pattern, item.id
            assert "{object}" in pattern, item.id


@pytest.mark.parametrize("pack", PACKS)
def test_every_label_links_to_its_entity_or_a_namesake(pack: str) -> None:
    graph, linker = graph_of_pack(pack), linker_of_pack(pack)
    for entity in list(graph.entities.values())[::23]:
        for language in LANGUAGES[pack]:
            label = entity.labels.get(language)
            if label:
                links = linker.link(f"« {label} »", language=language, fuzzy=False)
                kept = {k.entity_id for k in links} | {e for k in links for e, _ in k.alternatives}
                assert entity.id in kept, (label, language)


@pytest.mark.parametrize("pack", PACKS)
def test_every_fact_can_be_said(pack: str) -> None:
    graph = graph_of_pack(pack)
    for entity in list(graph.entities)[::29]:
        groups = graph.groups(entity)
        assert all(one.forward or not two.forward for one, two in pairwise(groups))
        for group in groups:
            for language in LANGUAGES[pack]:
                text = statement(graph, group, language)
                assert graph.label(entity, language) in text
                assert "{" not in text


def test_error_codes_and_products_of_the_helpdesk() -> None:
    graph, linker = graph_of_pack("helpdesk"), linker_of_pack("helpdesk")
    codes = [e for e in graph.entities.values() if any(k.endswith("ErrorCode") for k in e.types)]
    assert codes
    for entity in codes[::3]:
        label = graph.label(entity.id, "en")
        for text in (f"what does {label.lower()} mean?", f"{label}是什么意思？"):
            links = linker.link(text, language="en")
            found = {k.entity_id for k in links} | {e for k in links for e, _ in k.alternatives}
            assert entity.id in found, text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What's the going rate for the RV-30?", "en"),
        ("was muss man für den RV-30 hinlegen?", "de"),
        ("¿A cuánto está el RV-30?", "es"),
        ("C'est combien, le RV-30 ?", "fr"),
        ("Por quanto está o RV-30?", "pt"),
        ("Почём RV-30?", "ru"),
        ("RV-30怎么卖？", "zh"),
        ("RV-30はおいくらですか", "ja"),
        ("بكم RV-30؟", "ar"),
        ("RV-30 का दाम क्या है?", "hi"),
    ],
)
def test_the_price_is_asked_for_as_people_say_it(text: str, language: str) -> None:
    graph = graph_of_pack("helpdesk")
    names = [link.mention.span for link in linker_of_pack("helpdesk").link(text, language=language)]
    found = RelationMatcher(graph).match(text, language=language, masked=names)
    assert [r.target.rpartition("#")[2] for r in found] == ["price"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Sale agua por debajo", "es"),
        ("Sai água por baixo", "pt"),
        ("I want to clean the tank", "en"),
        ("Das Gerät verlangt nach Wasser", "de"),
        ("水从下面流出来", "zh"),
        ("Вода выходит снизу", "ru"),
        ("नीचे से पानी आता है", "hi"),
    ],
)
def test_words_of_other_things_ask_for_no_price(text: str, language: str) -> None:
    found = RelationMatcher(graph_of_pack("helpdesk")).match(text, language=language)
    assert not any(r.target.endswith("#price") for r in found)
