"""What something with namesakes belongs to, and that it comes into focus with it."""

from __future__ import annotations

import pytest

from convrag.dialogue.owning import owner_of
from convrag.dialogue.state import Outcome, advance
from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.types import Dialogue, DialogueState, Literal, Role, Triple, Turn

LOUDNESS = {
    "en": ("loudness", "How about its loudness?"),
    "zh": ("噪音", "噪音呢？"),
    "es": ("ruido", "¿Y el ruido?"),
    "de": ("Lautstärke", "Und die Lautstärke?"),
    "ar": ("الضوضاء", "ما هي الضوضاء؟"),
    "hi": ("शोर", "और शोर?"),
    "ru": ("шум", "А шум?"),
    "ja": ("騒音", "騒音は？"),
}


def made(*facts: tuple[str, str, str]) -> KnowledgeGraph:
    """Return a graph of parts of one kind and name and the things they lead to."""
    triples = [Triple(*fact) for fact in facts]
    properties = {p for _, p, _ in facts}
    triples += [Triple(p, terms.TYPE, terms.OWL + "ObjectProperty") for p in properties]
    for part in ("fan-a", "fan-b"):
        triples.append(Triple(part, terms.TYPE, "Part"))
        triples.append(Triple(part, terms.RDFS + "label", Literal("fan", "", "en")))
    for thing in {e for s, _, o in facts for e in (s, o)} - {"fan-a", "fan-b"}:
        triples.append(Triple(thing, terms.RDFS + "label", Literal(f"the {thing}", "", "en")))
    return KnowledgeGraph(triples)


def owner(graph: KnowledgeGraph, entity_id: str) -> str:
    return owner_of(entity_id, DictionaryLinker(graph).namesakes(entity_id), graph)


def test_a_code_belongs_to_the_machine_that_its_name_says(graph) -> None:
    assert DictionaryLinker(graph).namesakes("code-a") == {"code-b", "code-c"}
    assert [owner(graph, f"code-{x}") for x in "abc"] == [f"machine-{x}" for x in "abc"]


def test_what_has_no_namesake_has_no_owner(graph) -> None:
    assert owner(graph, "vienna") == ""
    assert owner(graph, "machine-a") == ""
    assert owner(graph, "nowhere") == ""


def test_the_owner_has_several_parts() -> None:
    graph = made(
        ("tower", "hasPart", "fan-a"), ("tower", "hasPart", "lamp"), ("box", "hasPart", "fan-b")
    )
    assert owner(graph, "fan-a") == "tower"
    assert owner(graph, "fan-b") == ""


def test_what_namesakes_share_owns_none() -> None:
    graph = made(
        ("fan-a", "madeBy", "smith"), ("fan-b", "madeBy", "smith"), ("lamp", "madeBy", "smith")
    )
    assert owner(graph, "fan-a") == ""


def test_two_possible_owners_are_none() -> None:
    shared = [
        (f"{thing}-{x}", p, part)
        for thing, p in (("tower", "hasPart"), ("shop", "sells"))
        for x in "ab"
        for part in (f"fan-{x}", f"lamp-{x}")
    ]
    assert owner(made(*shared), "fan-a") == ""
    assert owner(made(*shared[:4]), "fan-a") == "tower-a"


@pytest.mark.parametrize("language", LOUDNESS)
def test_the_machine_of_a_code_is_in_focus_below_it(graph, rewriter, language) -> None:
    query = rewriter.rewrite(
        Turn("t", Role.USER, "E01 (B-2)", language), Dialogue("d", (), DialogueState())
    )
    outcome = Outcome(about=("code-b",), owners={"code-b": "machine-b"})
    state = advance(DialogueState(), query, outcome, graph)
    assert [f.entity_id for f in state.focus] == ["code-b", "machine-b"]
    word, text = LOUDNESS[language]
    asked = with_loudness(graph, language, word).rewrite(
        Turn("t", Role.USER, text, language), Dialogue("d", (), state)
    )
    assert [link.entity_id for link in asked.links] == ["machine-b"]


def with_loudness(graph: KnowledgeGraph, language: str, word: str):  # noqa: ANN201
    """Return a rewriter whose machines also have a loudness."""
    from convrag.dialogue.rewriting import RuleRewriter
    from convrag.graph.relations import RelationMatcher

    number = terms.XSD + "integer"
    triples = [Triple(f"machine-{x}", "loudness", Literal("60", number)) for x in "abc"]
    triples += [
        Triple("loudness", terms.TYPE, terms.OWL + "DatatypeProperty"),
        Triple("loudness", terms.RDFS + "label", Literal(word, "", language)),
    ]
    triples += [
        Triple(e, terms.RDFS + "label", Literal(graph.label(e, "en"), "", language))
        for e in graph.entities
        if e.startswith(("code", "machine"))
    ]
    grown = KnowledgeGraph([*triples, *graph.facts()])
    return RuleRewriter(
        grown, DictionaryLinker(grown), RelationMatcher(grown), lambda text, default: language
    )
