"""Which turns that name another thing ask the last question again, and which begin anew."""

from __future__ import annotations

import pytest

from convrag.dialogue.rewriting import RuleRewriter
from convrag.dialogue.state import Outcome, advance
from convrag.graph import terms
from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.relations import RelationMatcher
from convrag.types import Dialogue, DialogueState, Link, Literal, Mention, Query, Role, Triple, Turn

CODES = {
    "en": "E04 on the KX-300",
    "de": "E04 beim KX-300",
    "es": "E04 de la KX-300",
    "fr": "E04 de la KX-300",
    "pt": "E04 da KX-300",
    "ru": "E04 у KX-300",
    "ar": "E04 في KX-300",
    "hi": "KX-300 का E04",
    "zh": "KX-300 的 E04",
    "ja": "KX-300 の E04",
}
OPENINGS = {
    "en": "What about {}?",
    "de": "Und {}?",
    "es": "¿Y {}?",
    "fr": "Et {} ?",
    "pt": "E {}?",
    "ru": "А {}?",
    "ar": "وماذا عن {}؟",
    "hi": "और {}?",
    "zh": "那 {} 呢？",
    "ja": "{} は？",
}
MACHINES = ("KX-200", "KX-300")


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    triples = []
    for machine in MACHINES:
        code = f"{machine}-code"
        triples += [
            Triple(machine, terms.TYPE, "Machine"),
            Triple(code, terms.TYPE, "Code"),
            Triple(code, "of", machine),
            Triple(machine, terms.RDFS + "label", Literal(machine, "", "en")),
            Triple(code, terms.SKOS + "altLabel", Literal("E04", "", "en")),
        ]
        label = CODES if machine == "KX-300" else {k: v.replace("3", "2") for k, v in CODES.items()}
        triples += [
            Triple(code, terms.RDFS + "label", Literal(name, "", language))
            for language, name in label.items()
        ]
    triples.append(Triple("of", terms.TYPE, terms.OWL + "ObjectProperty"))
    return KnowledgeGraph(triples)


@pytest.fixture(scope="module")
def rewriter(graph: KnowledgeGraph) -> RuleRewriter:
    return RuleRewriter(
        graph, DictionaryLinker(graph), RelationMatcher(graph), lambda text, default: default
    )


@pytest.fixture(scope="module")
def asked(graph: KnowledgeGraph):
    """Return the state after a question about the first machine that no property answers."""

    def state(language: str) -> DialogueState:
        text = "descaler KX-200?"
        link = Link(Mention("KX-200", (9, 15)), "KX-200", 1.0)
        query = Query(text, text, language, (link,))
        return advance(DialogueState(), query, Outcome((), (), "KX-200"), graph)

    return state


def said(rewriter: RuleRewriter, text: str, language: str, state: DialogueState) -> Query:
    return rewriter.rewrite(Turn("t", Role.USER, text, language), Dialogue("d", (), state))


@pytest.mark.parametrize("language", CODES)
def test_a_code_of_another_machine_begins_anew(rewriter, asked, language: str) -> None:
    turn = OPENINGS[language].format(CODES[language])
    query = said(rewriter, turn, language, asked(language))
    assert "descaler" not in query.text
    assert "E04" in query.text and "KX-300" in query.text


@pytest.mark.parametrize("language", CODES)
def test_another_machine_takes_over_the_question(rewriter, asked, language: str) -> None:
    turn = OPENINGS[language].format("KX-300")
    assert said(rewriter, turn, language, asked(language)).text == "descaler KX-300?"
