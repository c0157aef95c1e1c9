"""Rerankers: the right order from known models, and clear words for models that are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from convrag.config import Config, load_config
from convrag.errors import ModelError
from convrag.models.registry import load_encoder
from convrag.types import Evidence, Passage, Query, Triple
from tests.models.test_torch_runtimes import tokenizer
from tests.retrieval.samples import QUESTIONS, TEXTS

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
reranking = pytest.importorskip("convrag.retrieval.reranking")

FACT = Evidence(Triple("a", "b", "c"), 1.6, 1, {"graph": 1}, (), 0.8)


def passages(scores: Sequence[float], confidence: float = 0.8) -> list[Evidence]:
    items = [Passage(c, t, "", c, "s", (0, len(t))) for c, t in TEXTS.items()]
    return [
        Evidence(item, score, rank, {"dense": rank}, (), confidence)
        for rank, (item, score) in enumerate(zip(items, scores, strict=False), start=1)
    ]


def ask(language: str) -> Query:
    return Query(QUESTIONS[language], QUESTIONS[language], language)


class Characters:
    """A vector for each character: like ones are the same, unlike ones have nothing in common."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def states(self, texts: Sequence[str], kind: str = "query") -> list[np.ndarray]:
        self.read += texts if kind == "passage" else []
        prefix = "q:" if kind == "query" else "p:"
        return [np.stack([self._one(c) for c in f"^{prefix}{text}$"]) for text in texts]

    def _one(self, character: str) -> np.ndarray:
        vector = np.random.default_rng(ord(character)).standard_normal(256).astype(np.float32)
        return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_late_interaction_brings_the_passage_of_the_same_words_up(language: str):
    evidence = passages([0.9 - n / 100 for n in range(10)])
    reranker = reranking.LateInteractionReranker(Characters())
    found = reranker.rerank(ask(language), evidence, k=10)
    assert found[0].id == language
    assert sorted(e.id for e in found) == sorted(TEXTS)
    assert [e.rank for e in found] == list(range(1, 11))
    assert [e.score for e in found] == [e.score for e in evidence]


def test_late_interaction_by_hand():
    class Two:
        def states(self, texts, kind="query"):
            if kind == "query":
                words = {"": [], "x": [[1, 0], [0, 1]]}[texts[0]]
                return [np.array([[0, 0], *words, [0, 0]], np.float32)]
            known = {TEXTS["en"]: [[1, 0], [0.6, 0.8]], TEXTS["zh"]: [[1, 0]]}
            return [np.array(known[t], np.float32) for t in texts]

    evidence = passages([1.0, math.exp(-0.5)])
    # MaxSim .9 and .5: one deviation above and below the mean, so 1.6 against the lead of .5.
    reranker = reranking.LateInteractionReranker(Two())
    query = Query("x", "x", "en")
    assert [e.id for e in reranker.rerank(query, evidence, k=2)] == ["en", "zh"]
    swapped = [evidence[1], evidence[0]]
    swapped = [
        Evidence(e.item, s, r, e.channels, (), 0.8)
        for r, (e, s) in enumerate(zip(swapped, [1.0, math.exp(-1.5)], strict=True), start=1)
    ]
    assert [e.id for e in reranker.rerank(query, swapped, k=2)] == ["en", "zh"]
    apart = [swapped[0], Evidence(swapped[1].item, math.exp(-1.7), 2, {}, (), 0.8)]
    assert [e.id for e in reranker.rerank(query, apart, k=2)] == ["zh", "en"]


def test_where_the_first_leads_by_far_nothing_is_read():
    encoder = Characters()
    reranker = reranking.LateInteractionReranker(encoder)
    evidence = passages([1.0, 0.1, 0.09])
    assert [e.id for e in reranker.rerank(ask("ru"), evidence, k=2)] == ["en", "zh"]
    assert encoder.read == []
    reranker.rerank(ask("ru"), passages([1.0, 0.9, 0.09]), k=2)
    assert encoder.read == [TEXTS["en"], TEXTS["zh"], TEXTS["es"]]


def test_facts_keep_their_places_and_only_the_first_passages_are_read():
    encoder = Characters()
    many = passages([0.9 - n / 100 for n in range(10)]) * 2
    evidence = [
        Evidence(
            Passage(f"{e.id}{n}", e.item.text, "", "en", "s", (0, 9)), 0.9 - n / 100, n, {}, (), 0.8
        )
        for n, e in enumerate(many)
        if isinstance(e.item, Passage)
    ]
    found = reranking.LateInteractionReranker(encoder).rerank(
        ask("th"), [*evidence[:1], FACT, *evidence[1:]], k=15
    )
    assert found[1].item == FACT.item
    assert len(found) == 15
    assert len(encoder.read) == reranking.RERANKED


@pytest.mark.parametrize("evidence", [[], [FACT], passages([1.0]), [FACT, *passages([1.0])]])
def test_there_is_nothing_to_put_in_order(evidence):
    reranker = reranking.LateInteractionReranker(Characters())
    assert [e.id for e in reranker.rerank(ask("zh"), evidence, k=5)] == [e.id for e in evidence]
    assert reranker.rerank(ask("zh"), evidence, k=0) == ()


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder of one class that has learnt nothing."""
    return saved(tmp_path_factory.mktemp("cross"), 1)


def saved(folder: Path, classes: int, kind: str = "BertForSequenceClassification") -> Path:
    tokenizer(folder)
    torch.manual_seed(0)
    settings = transformers.BertConfig(
        vocab_size=258,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=classes,
        initializer_range=1.0,
    )
    getattr(transformers, kind)(settings).eval().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_a_cross_encoder_decides_the_order_alone(cross: Path, tmp_path: Path, language: str):
    reranker = reranking.load_reranker(f"hf:{cross}", config=Config(home=tmp_path, threads=1))
    evidence = passages([1.0 / (n + 1) for n in range(10)])
    found = reranker.rerank(ask(language), evidence, k=10)
    expected = []
    for e in evidence:
        pair = reranker._tokenizer(
            QUESTIONS[language],
            e.item.text,
            truncation="longest_first",
            max_length=64,
            return_tensors="pt",
        )
        with torch.inference_mode():
            expected.append((-float(reranker._model(**pair).logits[0, 0]), e.id))
    assert [e.id for e in found] == [item for _, item in sorted(expected)]
    assert reranker.rerank(ask(language), evidence, k=3) == found[:3]


def test_of_two_classes_the_second_is_what_counts(tmp_path: Path):
    reranker = reranking.load_reranker(
        f"hf:{saved(tmp_path, 2)}", config=Config(home=tmp_path, threads=1)
    )
    with torch.no_grad():
        reranker._model.classifier.weight[1] = 0
        reranker._model.classifier.bias[1] = 0
    one = [
        e.id for e in reranker.rerank(ask("hi"), passages([0.9 - n / 50 for n in range(8)]), k=8)
    ]
    with torch.no_grad():
        reranker._model.classifier.weight[:] = reranker._model.classifier.weight.flip(0)
        reranker._model.classifier.bias[:] = reranker._model.classifier.bias.flip(0)
    other = reranker.rerank(ask("hi"), passages([0.9 - n / 50 for n in range(8)]), k=8)
    assert [e.id for e in other] == one[::-1]


@pytest.mark.parametrize(
    ("reference", "word"),
    [
        ("", "late, hf:NAME_OR_DIR"),
        ("best", "late, hf:NAME_OR_DIR"),
        ("hf:", "late, hf:NAME_OR_DIR"),
        ("gguf:x", "late, hf:NAME_OR_DIR"),
    ],
)
def test_an_unknown_reference_is_refused(tmp_path: Path, reference: str, word: str):
    with pytest.raises(ModelError, match=word):
        reranking.load_reranker(reference, config=Config(home=tmp_path))


def test_a_model_that_does_not_rerank_is_refused(tmp_path: Path):
    config = Config(home=tmp_path, threads=1)
    with pytest.raises(ModelError, match="one or two classes"):
        reranking.load_reranker(f"hf:{saved(tmp_path / 'three', 3)}", config=config)
    with pytest.raises(ModelError, match="no trained classifier"):
        reranking.load_reranker(f"hf:{saved(tmp_path / 'bare', 1, 'BertModel')}", config=config)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"config\.json"):
        reranking.load_reranker(f"hf:{tmp_path / 'empty'}", config=config)


def test_late_interaction_wants_vectors_of_tokens(tmp_path: Path):
    config = Config(home=tmp_path, encoder="scripted:hash-8", threads=1)
    with pytest.raises(ModelError, match="vectors of tokens"):
        reranking.load_reranker("late", config=config)


def test_late_interaction_with_a_transformers_encoder(tmp_path: Path):
    folder = saved(tmp_path / "bert", 1, "BertModel")
    config = Config(home=tmp_path, encoder=f"hf:{folder}", threads=1)
    reranker = reranking.load_reranker("late", config=config)
    evidence = passages([0.9 - n / 100 for n in range(10)])
    found = reranker.rerank(ask("ar"), evidence, k=10)
    assert sorted(e.id for e in found) == sorted(TEXTS)
    assert found == reranker.rerank(ask("ar"), evidence, k=10)


def test_values_that_are_not_finite_are_refused(cross: Path, tmp_path: Path):
    reranker = reranking.load_reranker(f"hf:{cross}", config=Config(home=tmp_path, threads=1))
    with torch.no_grad():
        reranker._model.classifier.bias[0] = math.nan
    with pytest.raises(ModelError, match="not finite"):
        reranker.rerank(ask("en"), passages([1.0, 0.9]), k=2)


def test_the_setting_is_read_from_the_environment(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CONVRAG_HOME", str(tmp_path))
    assert load_config().reranker == ""
    monkeypatch.setenv("CONVRAG_RERANKER", "hf:模型")
    assert load_config().reranker == "hf:模型"
    assert load_config(reranker="late").reranker == "late"


def test_an_encoder_gives_every_token_of_every_window(tmp_path: Path):
    folder = saved(tmp_path / "bert", 1, "BertModel")
    encoder = load_encoder(f"hf:{folder}", config=Config(home=tmp_path, threads=1))
    texts = ["the river", "长江", "река", "نهر", "नदी", "川", "", "ü" * 200]
    states = encoder.states(texts, "passage")
    assert [len(one) for one in states[:6]] == [len(text.encode()) for text in texts[:6]]
    assert len(states[7]) == len(texts[7].encode())
    for one in states:
        assert np.linalg.norm(one, axis=1) == pytest.approx(np.ones(len(one)), abs=1e-5)
    alone = encoder.states(texts[2:3], "passage")[0]
    assert alone == pytest.approx(states[2], abs=1e-5)
    with torch.no_grad():
        encoder.model.embeddings.word_embeddings.weight[:] = math.nan
    with pytest.raises(ModelError, match="not finite"):
        encoder.states(texts, "query")
