"""The embedded models themselves."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convrag.config import Config
from convrag.errors import ModelError
from convrag.models import load_encoder, load_generator, model_status
from convrag.models.catalog import CATALOG, E5_SMALL
from convrag.models.installed import locate, missing_files
from convrag.models.packed import read_packed, write_packed
from convrag.protocols import CancelToken, Prompt

pytestmark = pytest.mark.model

SENTENCES = {
    "latin": "How tall is the Eiffel Tower?",
    "han": "长江有多长？",
    "cyrillic": "Какая река протекает через Москву?",
    "arabic": "ما هي عاصمة مصر؟",
    "devanagari": "भारत की राजधानी क्या है?",
    "kana": "日本で一番高い山は何ですか？",
    "thai": "แม่น้ำเจ้าพระยาอยู่ที่ไหน",
    "hangul": "대한민국의 수도는 어디입니까?",
    "greek": "Ποια είναι η πρωτεύουσα της Ελλάδας;",
    "hebrew": "מהי בירת ישראל?",
    "bengali": "বাংলাদেশের রাজধানী কী?",
    "tamil": "தமிழ்நாட்டின் தலைநகரம் எது?",
    "georgian": "რა არის საქართველოს დედაქალაქი?",
    "armenian": "Ո՞րն է Հայաստանի մայրաքաղաքը։",
}
AWKWARD = [
    "",
    " \t\n",
    "a\0b",
    "x\ud800y",
    "</s> <mask> text",
    "e\u0301te\u0301",
    "ｆｕｌｌ width ﬁ ㍿",
    "ﷺ" * 200,
    "😀 🧑‍🚀",
    "मैं क़लम",
    "中 word " * 300,
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(home=tmp_path_factory.mktemp("home"), threads=1)


@pytest.fixture(scope="module")
def engine(home: Config) -> Any:
    return load_encoder("embedded:e5-small", config=home, runtime="engine")


@pytest.fixture(scope="module")
def torch_encoder(home: Config) -> Any:
    return load_encoder("embedded:e5-small", config=home, runtime="torch")


def test_both_runtimes_agree_in_every_script(home: Config, engine: Any, torch_encoder: Any) -> None:
    assert torch_encoder.id == engine.id == f"embedded:e5-small@{E5_SMALL.sha256[:8]}"
    again = load_encoder("embedded:e5-small", config=home, runtime="torch")  # from the cache
    sentences = list(SENTENCES.values())
    for kind, texts in (("query", sentences), ("passage", [*sentences[:3], *AWKWARD])):
        fast, exact = engine.encode(texts, kind), torch_encoder.encode(texts, kind)
        assert np.allclose(np.linalg.norm(fast, axis=1), 1, atol=1e-4)
        assert np.allclose(np.linalg.norm(exact, axis=1), 1, atol=1e-4)
        assert (fast * exact).sum(axis=1).min() >= 0.999
    assert np.allclose(again.encode(texts[:2], kind), exact[:2], atol=1e-4)


def test_a_damaged_conversion_is_made_anew(home: Config, torch_encoder: Any) -> None:
    (cached,) = home.model_cache.glob("bert-*.safetensors")
    cached.write_bytes(b"damaged")
    encoder = load_encoder("embedded:e5-small", config=home, runtime="torch")
    assert np.isfinite(encoder.encode(["河"])).all()


def test_engine_finds_the_passage_across_languages(engine: Any) -> None:
    passages = engine.encode(
        [
            "Cairo is the capital and largest city of Egypt.",
            "富士山是日本最高的山。",
            "Die Donau mündet in das Schwarze Meer.",
        ],
        "passage",
    )
    queries = engine.encode(
        ["ما هي عاصمة مصر؟", "जापान का सबसे ऊँचा पहाड़ कौन सा है?", "Куда впадает Дунай?"]
    )
    assert (queries @ passages.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_engine_gives_the_same_vectors_alone_and_from_threads(engine: Any) -> None:
    texts = list(SENTENCES.values())
    expected = engine.encode(texts)
    alone = np.concatenate([engine.encode([text]) for text in texts])
    assert np.allclose(alone, expected, atol=1e-5)
    found: dict[int, Any] = {}

    def work(number: int) -> None:
        found[number] = engine.encode(texts)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.allclose(vectors, expected, atol=1e-5) for vectors in found.values())


def test_repacked_weights_serve_the_same_vectors(home: Config, engine: Any, tmp_path: Path) -> None:
    source = locate(E5_SMALL.files[0])
    assert source is not None
    packed = read_packed(source)
    copy = tmp_path / "tuned.bin"
    write_packed(copy, packed, {"l0.q.w": packed.tensor("l0.q.w")})
    assert copy.read_bytes() == source.read_bytes()
    write_packed(copy, packed, {"l11.oln.b": packed.tensor("l11.oln.b") + 0.05})
    tuned = load_encoder(f"packed:{copy}", config=home)
    assert tuned.id.partition("@")[2] != engine.id.partition("@")[2]
    agreement = (tuned.encode(["河"]) * engine.encode(["河"])).sum()
    assert 0.9 < agreement < 0.99999


def test_status_finds_the_encoder_sound(home: Config) -> None:
    status = {row.reference: row for row in model_status(home)}
    assert set(status) == set(CATALOG)
    row = status["embedded:e5-small"]
    assert (row.installed, row.verified, row.remedy) == (True, True, "")


@pytest.fixture(scope="module", params=["embedded:gemma3-270m", "embedded:smollm2"])
def generator(request: pytest.FixtureRequest, home: Config) -> Any:
    pytest.importorskip("xllamacpp")
    if missing_files(CATALOG[request.param]):
        pytest.skip(f"{request.param} is not installed")
    return load_generator(request.param, config=home)


def test_generator_streams_an_answer_from_the_prompt(generator: Any) -> None:
    prompt = Prompt(
        "[1] Paris is the capital of France.\nQuestion: What is the capital of France?\nAnswer:",
        max_tokens=16,
        stop=("\nQuestion",),
    )
    pieces = list(generator.stream(prompt, cancel=CancelToken()))
    assert "Paris" in "".join(pieces)
    assert "Question" not in "".join(pieces)
    assert list(generator.stream(prompt, cancel=CancelToken())) == pieces


@pytest.mark.parametrize("limit", range(1, 6))
def test_generator_never_cuts_a_character(generator: Any, limit: int) -> None:
    prompt = Prompt("𒀀𒀁 你好世界，你好世界，你好世界，你好", max_tokens=limit)
    text = "".join(generator.stream(prompt, cancel=CancelToken()))
    assert "\N{REPLACEMENT CHARACTER}" not in text


def test_generator_stops_between_tokens_and_in_a_long_prompt(generator: Any) -> None:
    cancel, pieces = CancelToken(), []
    for piece in generator.stream(Prompt("Once upon a time", max_tokens=500), cancel=cancel):
        pieces.append(piece)
        cancel.cancel()
    assert len(pieces) == 1
    cancel = CancelToken()
    threading.Timer(0.1, cancel.cancel).start()
    assert list(generator.stream(Prompt("ein Fluss " * 900), cancel=cancel)) == []


def test_generator_chooses_one_of_the_given_texts_and_nothing_else(generator: Any) -> None:
    prompt = Prompt("Capitals.\nJapan:\nTokyo\nItaly:\nRome\nFrance:\n", max_tokens=16)
    cities = ("Paris", "Paris on the Seine", "Berlin", "東京", "القاهرة", "Москва", "दिल्ली", "서울")
    assert generator.choose(prompt, cities, cancel=CancelToken()) in cities[:2]
    for only in cities[2:]:
        assert generator.choose(prompt, (only,), cancel=CancelToken()) == only
    assert generator.choose(prompt, (), cancel=CancelToken()) == ""
    cancel = CancelToken()
    cancel.cancel()
    assert generator.choose(prompt, cities, cancel=cancel) == ""


def test_generator_refuses_a_prompt_that_does_not_fit(generator: Any) -> None:
    with pytest.raises(ModelError, match="tokens") as caught:
        list(generator.stream(Prompt("река 河 " * 2500), cancel=CancelToken()))
    assert caught.value.hint


def test_llama_cpp_refuses_a_damaged_file(tmp_path: Path, home: Config) -> None:
    pytest.importorskip("xllamacpp")
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\xff" * 4000)
    with pytest.raises(ModelError, match="cannot load"):
        load_generator(f"gguf:{path}", config=home)
