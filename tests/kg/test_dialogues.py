"""The shipped dialogues: enough of them, in ten languages, and they ask only for what is there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from rdflib import RDF, Graph, URIRef

from convrag.evaluation.dialogues import (
    PassageNeed,
    ScriptedDialogue,
    TripleNeed,
    load_dialogues,
)

ROOT = Path(__file__).resolve().parents[2]
DIALOGUES = load_dialogues([ROOT / "dialogues"])
LANGUAGES = {
    "world": {"en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt"},
    "helpdesk": {"en", "zh", "es", "de"},
}


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    return {name: Graph().parse(ROOT / "kg" / name / "graph.ttl") for name in LANGUAGES}


def expand(graph: Graph, curie: str) -> URIRef:
    prefix, _, name = curie.partition(":")
    return URIRef(str(dict(graph.namespaces()).get(prefix, f"{prefix}:")) + name)


def test_there_are_sixty_in_ten_languages() -> None:
    assert len(list((ROOT / "dialogues").rglob("*.yaml"))) >= 60
    for pack, languages in LANGUAGES.items():
        assert {d.language for d in DIALOGUES if d.pack == pack} == languages
    assert min(Counter(d.language for d in DIALOGUES).values()) >= 4


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.id)
def test_a_dialogue_asks_for_several_things(dialogue: ScriptedDialogue) -> None:
    expected = [turn.expect for turn in dialogue.turns]
    assert len(expected) >= 4
    assert sum(e.wants_answer or e.clarify for e in expected) >= 3
    assert any(e.rewrite or e.standalone for e in expected)
    assert any(e.evidence for e in expected)


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.id)
def test_a_dialogue_expects_only_what_its_pack_holds(
    graphs: dict[str, Graph], dialogue: ScriptedDialogue
) -> None:
    graph = graphs[dialogue.pack]
    for expect in (turn.expect for turn in dialogue.turns):
        for curie in expect.entities:
            assert (expand(graph, curie), RDF.type, None) in graph, curie
        for need in (need for piece in expect.evidence for need in piece):
            if isinstance(need, PassageNeed):
                passage = ROOT / "kg" / dialogue.pack / need.source
                assert need.contains in passage.read_text(encoding="utf-8"), need
            if isinstance(need, TripleNeed):
                values = graph.objects(expand(graph, need.subject), expand(graph, need.predicate))
                if need.object.startswith('"'):
                    assert need.object.strip('"') in {str(value) for value in values}, need
                else:
                    assert expand(graph, need.object) in set(values), need
