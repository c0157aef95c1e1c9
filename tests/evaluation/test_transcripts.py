"""Every transcript loads, and what it needs as evidence is in its pack."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from rdflib import Graph, URIRef

from convrag.evaluation.dialogues import PassageNeed, ScriptedDialogue, TripleNeed, load_dialogues

ROOT = Path(__file__).resolve().parents[2]
TRANSCRIPTS = load_dialogues([ROOT / "tests/data/transcripts"])
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "ja", "pt", "ru", "zh")


@cache
def graph(pack: str) -> Graph:
    """The pack's graph."""
    return Graph().parse(ROOT / "kg" / pack / "graph.ttl", format="turtle")


def holds(pack: str, need: PassageNeed | TripleNeed) -> bool:
    """Whether the pack has the passage's quote, or the triple."""
    if isinstance(need, PassageNeed):
        text = (ROOT / "kg" / pack / need.source).read_text(encoding="utf-8")
        return (need.contains or "") in " ".join(text.split())
    expand = graph(pack).namespace_manager.expand_curie
    found = graph(pack).objects(URIRef(expand(need.subject)), URIRef(expand(need.predicate)))
    literal = need.object.startswith('"')
    wanted = need.object.strip('"') if literal else str(expand(need.object))
    return wanted in {str(value) for value in found}


def test_there_are_two_in_every_language_and_some_turns_to_abstain_from() -> None:
    assert Counter(t.language for t in TRANSCRIPTS) == dict.fromkeys(LANGUAGES, 2)
    assert all(8 <= len(t.turns) <= 12 for t in TRANSCRIPTS)
    assert all(any(turn.expect.abstain for turn in t.turns) for t in TRANSCRIPTS)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda t: t.id)
def test_evidence_and_entities_are_in_the_pack(transcript: ScriptedDialogue) -> None:
    pack = transcript.pack
    expand = graph(pack).namespace_manager.expand_curie
    for turn in transcript.turns:
        for curie in turn.expect.entities or ():
            assert (URIRef(expand(curie)), None, None) in graph(pack), curie
        for alternatives in turn.expect.evidence or ():
            assert any(holds(pack, need) for need in alternatives), alternatives
