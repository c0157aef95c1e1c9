"""One turn from question to answer over a small real index, with an encoder without weights."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pytest

from convrag.config import Config
from convrag.errors import ConvragError, ModelError, UsageError
from convrag.events import Failed, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.generation import reading
from convrag.indexing import build_index
from convrag.models.registry import load_encoder
from convrag.pipeline import Pipeline, open_pipeline
from convrag.protocols import CancelToken
from convrag.types import Answer, Dialogue, Filter, Mode, Passage, Role, Status, Triple, Turn

GRAPH = """
@prefix : <https://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix cv: <https://convrag.example/ns#> .
:capital a owl:ObjectProperty ; rdfs:label "capital"@en, "Hauptstadt"@de, "首都"@zh ;
    cv:statementPattern "The capital of {subject} is {object}."@en,
        "{subject}: Die Hauptstadt ist {object}."@de, "{subject}的首都是{object}。"@zh .
:Country a owl:Class ; rdfs:label "country"@en, "Land"@de, "国家"@zh .
:avaria a :Country ; rdfs:label "Avaria"@en, "Awarien"@de, "阿瓦里亚"@zh ; :capital :solem .
:borland a :Country ; rdfs:label "Borland"@en, "Borland"@de, "博兰"@zh ; :capital :nordport .
:solem rdfs:label "Solem"@en, "Solem"@de, "索莱姆"@zh .
:nordport rdfs:label "Nordport"@en, "Nordhafen"@de, "诺德港"@zh .
"""
HARBOUR = "# The harbour of Solem\n\nFishing boats leave the harbour of Solem before sunrise.\n"
HAFEN = "# Der Hafen von Solem\n\nFischerboote verlassen den Hafen von Solem vor Sonnenaufgang.\n"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(home=tmp_path_factory.mktemp("home"), encoder="scripted:hash-256", threads=1)


@pytest.fixture(scope="module")
def folder(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = tmp_path_factory.mktemp("sources")
    (sources / "graph.ttl").write_text(GRAPH, encoding="utf-8")
    (sources / "harbour.en.md").write_text(HARBOUR, encoding="utf-8")
    (sources / "hafen.de.md").write_text(HAFEN, encoding="utf-8")
    into = tmp_path_factory.mktemp("index") / "index"
    build_index([sources], into, load_encoder(config.encoder, config=config), root=sources)
    return into


@pytest.fixture
def pipeline(config: Config, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    # The fitted model is for the real encoder's cosines; word overlap does for hashed ones.
    monkeypatch.setattr(reading, "answerability", lambda features: features.passage_coverage)
    opened = open_pipeline(config, index=folder)
    yield opened
    opened.close()


def ask(pipeline: Pipeline, text: str, dialogue: Dialogue | None = None) -> Finished:
    events = list(pipeline.respond(dialogue or Dialogue("d"), Turn("t", Role.USER, text)))
    assert isinstance(events[-1], Finished), events[-1]
    return events[-1]


def answer(pipeline: Pipeline, text: str) -> Answer:
    return ask(pipeline, text).answer


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the capital of Avaria?", "The capital of Avaria is Solem. [1]"),
        ("Was ist die Hauptstadt von Borland?", "Borland: Die Hauptstadt ist Nordhafen. [1]"),
        ("阿瓦里亚的首都是哪里？", "阿瓦里亚的首都是索莱姆。 [1]"),
    ],
)
def test_a_fact_is_stated_in_the_askers_language_and_cited(pipeline, question, text) -> None:
    got = answer(pipeline, question)
    assert (got.text, got.mode, got.status) == (text, Mode.GRAPH, Status.COMPLETE)
    (citation,) = got.citations
    cited = next(e.item for e in got.evidence if e.id == citation.evidence_id)
    assert isinstance(cited, Triple)
    assert cited.predicate == "https://example.org/capital"


@pytest.mark.parametrize(
    ("question", "source", "word"),
    [
        ("When do fishing boats leave the harbour of Solem?", "harbour.en.md", "before sunrise"),
        ("Wann verlassen Fischerboote den Hafen von Solem?", "hafen.de.md", "vor Sonnenaufgang"),
    ],
)
def test_a_sentence_is_quoted_from_the_askers_language(pipeline, question, source, word) -> None:
    got = answer(pipeline, question)
    assert word in got.text
    assert got.mode is Mode.EXTRACT
    (citation,) = got.citations
    cited = next(e.item for e in got.evidence if e.id == citation.evidence_id)
    assert isinstance(cited, Passage)
    assert cited.source == source
    assert word in cited.text[slice(*citation.span)]


def test_events_come_in_order_and_add_up_to_the_answer(pipeline) -> None:
    events = list(
        pipeline.respond(Dialogue("d"), Turn("t", Role.USER, "What is the capital of Avaria?"))
    )
    kinds = [type(e) for e in events if not isinstance(e, TextChunk)]
    assert kinds == [Rewritten, Linked, Retrieved, Read, Finished]
    text = "".join(e.text for e in events if isinstance(e, TextChunk))
    assert text == events[-1].answer.text
    assert {"rewrite", "link", "retrieve", "read", "first_word", "whole"} <= set(
        events[-1].answer.timings
    )


def test_how_likely_the_best_passage_is_relevant_is_said(pipeline) -> None:
    def likely(text: str) -> float:
        events = pipeline.respond(Dialogue("d"), Turn("t", Role.USER, text))
        return next(e.relevance for e in events if isinstance(e, Retrieved))

    about = likely("When do fishing boats leave the harbour of Solem?")
    assert 0 < likely("How is bread baked?") < about < 1


def test_a_follow_up_goes_on_from_the_finished_dialogue(pipeline) -> None:
    first = ask(pipeline, "What is the capital of Avaria?")
    second = ask(pipeline, "And Borland?", first.dialogue)
    assert second.answer.text == "The capital of Borland is Nordport. [1]"
    assert second.answer.query.original == "And Borland?"
    assert [t.role for t in second.dialogue.turns] == [Role.USER, Role.ASSISTANT] * 2


def test_the_turn_as_typed_is_searched_beside_the_rewrite(pipeline, monkeypatch) -> None:
    first = ask(pipeline, "What is the capital of Avaria?")
    searched: list[str] = []
    lexical = pipeline._retriever._lexical
    search = lexical.search

    def spy(text: str, **options: object) -> object:
        searched.append(text)
        return search(text, **options)

    monkeypatch.setattr(lexical, "search", spy)
    ask(pipeline, "And Borland?", first.dialogue)
    assert searched[:2] == ["What is the capital of Borland?", "And Borland?"]
    assert "What is the capital of country?" in searched[2:]  # and about its kind


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Who invented the zeppelin engine gearbox?", "en"),
        ("Wer erfand das Zahnrad für Zeppeline?", "de"),
        ("谁发明了飞艇的变速箱？", "zh"),
    ],
)
def test_without_support_the_answer_says_so(pipeline, question, language) -> None:
    got = answer(pipeline, question)
    assert (got.status, got.mode, got.language) == (Status.ABSTAINED, Mode.NONE, language)
    assert got.citations == ()


def test_small_talk_is_answered_without_search(pipeline) -> None:
    events = list(pipeline.respond(Dialogue("d"), Turn("t", Role.USER, "Thanks!")))
    assert [type(e) for e in events] == [Rewritten, TextChunk, Finished]


def test_a_stop_keeps_the_words_so_far(pipeline) -> None:
    cancel = CancelToken()
    turn = Turn("t", Role.USER, "What is the capital of Avaria?")
    seen: list[str] = []
    last: object = None
    for event in pipeline.respond(Dialogue("d"), turn, cancel=cancel):
        last = event
        if isinstance(event, TextChunk):
            seen.append(event.text)
            if len(seen) == 3:
                cancel.cancel()
    assert isinstance(last, Finished)
    assert last.answer.status is Status.STOPPED
    assert last.answer.text == "The capital of"


def test_a_failing_stage_leaves_the_dialogue_as_it_was(pipeline, monkeypatch) -> None:
    def broken(query: object, *, k: int) -> None:
        raise ModelError("the encoder is gone", "install it")

    monkeypatch.setattr(pipeline._retriever, "retrieve", broken)
    events = list(pipeline.respond(Dialogue("d"), Turn("t", Role.USER, "Where is Avaria?")))
    assert isinstance(events[-1], Failed)
    assert events[-1].error.hint == "install it"


def test_a_generator_writes_from_the_evidence(config, folder) -> None:
    spoken = Config(
        home=config.home,
        encoder=config.encoder,
        threads=1,
        generator="scripted: The capital| of Avaria is Solem.",
    )
    opened = open_pipeline(spoken, index=folder)
    got = answer(opened, "What is the capital of Avaria?")
    opened.close()
    assert (got.text, got.mode) == ("The capital of Avaria is Solem. [1]", Mode.GENERATED)


def test_a_generator_that_says_nothing_leaves_the_answer_to_the_evidence(config, folder) -> None:
    silent = Config(home=config.home, encoder=config.encoder, threads=1, generator="scripted: ")
    opened = open_pipeline(silent, index=folder)
    got = answer(opened, "What is the capital of Avaria?")
    opened.close()
    assert (got.text, got.mode) == ("The capital of Avaria is Solem. [1]", Mode.GRAPH)


def test_entities_are_described_and_unknown_ones_refused(pipeline) -> None:
    view = pipeline.describe("https://example.org/solem", language="de")
    assert view.label == "Solem"
    assert [(e.other, e.forward) for e in view.edges] == [("Awarien", False)]
    with pytest.raises(UsageError, match="no entity"):
        pipeline.describe("https://example.org/nowhere", language="de")


def test_another_encoder_is_refused(config, folder) -> None:
    other = Config(home=config.home, encoder="scripted:hash-64", threads=1)
    with pytest.raises(ConvragError, match="hash-256"):
        open_pipeline(other, index=folder)


def test_pack_and_index_together_are_refused(config, folder) -> None:
    with pytest.raises(UsageError, match="both"):
        open_pipeline(config, pack="world", index=folder)


@pytest.mark.parametrize(
    ("question", "wanted", "status"),
    [
        ("When do fishing boats leave the harbour of Solem?", Filter(), Status.COMPLETE),
        (
            "When do fishing boats leave the harbour of Solem?",
            Filter(sources=("*.md",), languages=("en",)),
            Status.COMPLETE,
        ),
        (
            "When do fishing boats leave the harbour of Solem?",
            Filter(sources=("graph.ttl",)),
            Status.ABSTAINED,
        ),
        (
            "Wann verlassen Fischerboote den Hafen von Solem?",
            Filter(sources=("harbour*",), languages=("de",)),
            Status.ABSTAINED,
        ),
        ("What is the capital of Avaria?", Filter(languages=("de",)), Status.COMPLETE),
        ("阿瓦里亚的首都是哪里？", Filter(sources=("*.ttl",)), Status.COMPLETE),
        ("阿瓦里亚的首都是哪里？", Filter(sources=("*.md",), languages=("zh",)), Status.ABSTAINED),
        ("Was ist die Hauptstadt von Borland?", Filter(tags=("保修",)), Status.ABSTAINED),
    ],
)
def test_only_what_the_filter_lets_through_answers(pipeline, question, wanted, status) -> None:
    *_, last = pipeline.respond(Dialogue("d"), Turn("t", Role.USER, question), filter=wanted)
    assert isinstance(last, Finished), last
    assert last.answer.status is status
    assert last.answer.query.filter == wanted
    for evidence in last.answer.evidence:
        item = evidence.item
        assert not wanted.tags
        if wanted.sources:
            assert any(fnmatch(item.source, pattern) for pattern in wanted.sources)
        if wanted.languages and isinstance(item, Passage):
            assert item.language in wanted.languages


def test_an_abstention_says_in_the_askers_language_that_there_is_a_filter(pipeline) -> None:
    said = {}
    for language, question in [
        ("en", "Who invented the zeppelin engine gearbox?"),
        ("es", "¿Quién inventó la caja de cambios del zepelín?"),
        ("de", "Wer erfand das Zahnrad für Zeppeline?"),
        ("ru", "Кто изобрёл коробку передач дирижабля?"),
        ("ar", "من اخترع علبة تروس المنطاد؟"),
        ("hi", "ज़ेपेलिन का गियरबॉक्स किसने बनाया?"),
        ("ja", "飛行船の変速機を発明したのは誰ですか？"),
        ("zh", "谁发明了飞艇的变速箱？"),
    ]:
        turn = Turn("t", Role.USER, question)
        *_, last = pipeline.respond(Dialogue("d"), turn, filter=Filter(tags=("a b",)))
        assert last.answer.status is Status.ABSTAINED
        assert "tag='a b'" in last.answer.text
        assert last.answer.language == language
        said[language] = last.answer.text
    assert len(set(said.values())) == 8


def test_what_another_process_adds_answers_the_next_question(config, folder, tmp_path) -> None:
    index = tmp_path / "index"
    shutil.copytree(folder, index)
    opened = open_pipeline(config, index=index)
    question = "Was ist die Hauptstadt von Cavaria?"
    assert answer(opened, question).mode is not Mode.GRAPH
    more = tmp_path / "more.ttl"
    more.write_text(
        GRAPH + ':cavaria a :Country ; rdfs:label "Cavaria"@de ; :capital :solem .\n',
        encoding="utf-8",
    )
    build_index([more], index, load_encoder(config.encoder, config=config), root=tmp_path)
    assert answer(opened, question).text == "Cavaria: Die Hauptstadt ist Solem. [1]"
    # Built anew without the old graph: another index in the same folder.
    note = tmp_path / "note.pt.md"
    note.write_text("# Porto\n\nO porto de Solem fecha ao domingo.\n", encoding="utf-8")
    build_index(
        [note], index, load_encoder(config.encoder, config=config), root=tmp_path, rebuild=True
    )
    got = answer(opened, "Quando fecha o porto de Solem?")
    assert [e.item.source for e in got.evidence] == ["note.pt.md"]
    assert answer(opened, question).mode is not Mode.GRAPH
    opened.close()


def test_the_reranker_of_the_settings_is_asked(config, folder, monkeypatch) -> None:
    from convrag.retrieval import reranking

    class Last:
        def rerank(self, query, evidence, *, k):
            moved = [replace(e, score=1.0 + n / 10) for n, e in enumerate(evidence)]
            return tuple(sorted(moved, key=lambda e: -e.score))[:k]

    asked = []
    monkeypatch.setattr(
        reranking, "load_reranker", lambda name, *, config: asked.append(name) or Last()
    )
    opened = open_pipeline(replace(config, reranker="late", k=1), index=folder)
    question = "When do fishing boats leave the harbour?"
    query = opened.rewrite(Turn("t", Role.USER, question), Dialogue("d"))
    (kept,) = opened.retrieve(query)
    opened.close()
    plain = open_pipeline(config, index=folder)
    assert asked == ["late"]
    assert kept.item == plain.retrieve(query)[-1].item
    plain.close()


def test_an_unknown_reranker_is_refused(config, folder) -> None:
    with pytest.raises(ModelError, match="late, hf:NAME_OR_DIR"):
        open_pipeline(replace(config, reranker="best"), index=folder)
