"""Encoders and generators in torch, on tiny models made here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convrag.config import Config
from convrag.errors import ModelError
from convrag.models import load_encoder, load_generator
from convrag.models.packed import read_packed
from convrag.models.packed_bert import to_bert, write_bert
from convrag.protocols import CancelToken, Prompt

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXTS = ["the river", "长江 the", "река", "نهر النيل", "नदी", "川 river", "แม่น้ำ", "", "ü" * 300]


def tokenizer(folder: Path, *, chat: bool = False) -> Any:
    """Save a byte-level tokenizer: every text in any script is its UTF-8 bytes."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(BPE({sign: number for number, sign in enumerate(alphabet)}, []))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens(["<pad>", "<eos>"])
    names = {"pad_token": "<pad>", "eos_token": "<eos>"}
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, model_max_length=64, **names)
    if chat:
        made.chat_template = "{% for m in messages %}[{{ m.content }}]{% endfor %}"
    made.save_pretrained(folder)
    return made


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    tokenizer(folder)
    torch.manual_seed(0)
    settings = transformers.BertConfig(
        vocab_size=258,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    transformers.BertModel(settings).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def gpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpt")
    tokenizer(folder)
    torch.manual_seed(0)
    settings = transformers.GPT2Config(
        vocab_size=258, n_positions=128, n_embd=16, n_layer=1, n_head=2, eos_token_id=257
    )
    transformers.GPT2LMHeadModel(settings).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("t5")
    tokenizer(folder)
    torch.manual_seed(0)
    settings = transformers.T5Config(
        vocab_size=258,
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        pad_token_id=256,
        eos_token_id=257,
        decoder_start_token_id=256,
    )
    transformers.T5ForConditionalGeneration(settings).save_pretrained(folder)
    return folder


def test_packed_to_bert_and_back_is_the_same_file(tiny_path: Path, tmp_path: Path) -> None:
    packed = read_packed(tiny_path)
    model = to_bert(packed)
    assert not model.training
    assert not any(buffer.is_meta for buffer in model.buffers())
    write_bert(tmp_path / "again.bin", packed, model.state_dict())
    assert (tmp_path / "again.bin").read_bytes() == tiny_path.read_bytes()
    state = model.state_dict()
    state.pop("encoder.layer.0.output.dense.weight")
    with pytest.raises(ModelError, match="has no 'encoder.layer.0.output.dense.weight'"):
        write_bert(tmp_path / "part.bin", packed, state)


@pytest.mark.parametrize("kind", ["bert", "t5"])
def test_hf_encoder_gives_unit_vectors_whatever_the_batch(
    kind: str, config: Config, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(kind)
    encoder = load_encoder(f"hf:{folder}", config=config)
    together = encoder.encode(TEXTS, "passage")
    assert together.shape == (len(TEXTS), encoder.dimension) == (len(TEXTS), 16)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.encode([text], "passage") for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-4)
    assert encoder.encode([]).shape == (0, 16)
    assert encoder.id.startswith(f"hf:{folder}@")
    assert load_encoder(f"hf:{folder}", config=config).id == encoder.id


def test_tokens_lie_where_they_say_and_are_the_same_in_any_batch(
    tmp_path: Path, bert: Path, config: Config
) -> None:
    folder = shutil.copytree(bert, tmp_path / "prompted")
    prompts = folder / "config_sentence_transformers.json"
    prompts.write_text('{"prompts": {"query": "Q: ", "document": "P: "}}', encoding="utf-8")
    encoder = load_encoder(f"hf:{folder}", config=config)
    texts = [*TEXTS, "e\N{COMBINING ACUTE ACCENT}t <s> der"]
    found = encoder.tokens(texts, layer=1)
    for text, one in zip(texts, found, strict=True):
        assert one.states.shape == (len(one.spans), 16)
        letters = {at for start, end in one.spans for at in range(start, end)}
        assert letters == set(range(len(text)))
    alone = encoder.tokens(texts[:1], layer=1)[0].states
    assert np.allclose(alone, found[0].states, atol=1e-5)
    units = alone / np.linalg.norm(alone, axis=1, keepdims=True)
    assert np.allclose(units, encoder.states(texts[:1], "passage")[0][3:], atol=1e-5)
    with pytest.raises(ModelError, match="no layer 2"):
        encoder.tokens(["x"], layer=2)


@pytest.mark.parametrize("kind", ["deep", "t5"])
def test_tokens_of_an_earlier_layer_are_what_the_whole_model_has_there(
    kind: str, tmp_path: Path, config: Config, request: pytest.FixtureRequest
) -> None:
    if kind == "deep":
        tokenizer(tmp_path)
        torch.manual_seed(1)
        settings = transformers.BertConfig(
            vocab_size=258,
            hidden_size=16,
            num_hidden_layers=3,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
        )
        transformers.BertModel(settings).save_pretrained(tmp_path)
    folder = tmp_path if kind == "deep" else request.getfixturevalue(kind)
    encoder = load_encoder(f"hf:{folder}", config=config)
    before = encoder.encode(TEXTS, "passage")
    first = encoder.tokens(["नदी river"], layer=1)[0]
    ids = torch.tensor([encoder._tokenizer.windows(["नदी river"])[0].ids])
    with torch.inference_mode():
        whole = encoder.model(input_ids=ids, output_hidden_states=True).hidden_states
    assert len(whole) == (4 if kind == "deep" else 2)
    assert np.allclose(first.states, whole[1][0][: len(first.spans)].numpy(), atol=1e-5)
    assert np.array_equal(encoder.encode(TEXTS, "passage"), before)


def test_a_forward_pass_is_small_and_little_of_it_is_padding(bert: Path, config: Config) -> None:
    encoder = load_encoder(f"hf:{bert}", config=config)
    passes: list[tuple[int, int]] = []

    def note(_: Any, __: Any, given: dict[str, Any]) -> None:
        passes.append((given["input_ids"].numel(), int(given["attention_mask"].sum())))

    hook = encoder.model.register_forward_pre_hook(note, with_kwargs=True)
    encoder.encode(TEXTS * 20, "passage")
    hook.remove()
    assert max(padded for padded, _ in passes) <= 1024
    assert sum(padded for padded, _ in passes) < 1.1 * sum(tokens for _, tokens in passes)


def test_hf_encoder_uses_the_prompts_the_model_names(bert: Path, config: Config) -> None:
    plain = load_encoder(f"hf:{bert}", config=config)
    prompts = bert / "config_sentence_transformers.json"
    prompts.write_text('{"prompts": {"query": "Q ", "document": "D "}}', encoding="utf-8")
    prompted = load_encoder(f"hf:{bert}", config=config)
    prompts.unlink()
    assert np.allclose(prompted.encode(["河"], "query"), plain.encode(["Q 河"]), atol=1e-5)
    assert np.allclose(prompted.encode(["河"], "passage"), plain.encode(["D 河"]), atol=1e-5)


def said(generator: Any, prompt: Prompt) -> list[str]:
    return list(generator.stream(prompt, cancel=CancelToken()))


@pytest.mark.parametrize("kind", ["gpt", "t5"])
def test_hf_generator_streams_what_it_generates(
    kind: str, config: Config, request: pytest.FixtureRequest
) -> None:
    generator = load_generator(f"hf:{request.getfixturevalue(kind)}", config=config)
    prompt = Prompt("Река 河 नदी", max_tokens=24, temperature=1.0, seed=5)
    pieces = said(generator, prompt)
    text = "".join(pieces)
    assert len(pieces) > 1
    assert said(generator, prompt) == pieces
    assert not text.endswith("\N{REPLACEMENT CHARACTER}")
    stop = text[len(text) // 2 :][:2]
    assert (
        "".join(
            said(
                generator, Prompt(prompt.text, max_tokens=24, temperature=1.0, seed=5, stop=(stop,))
            )
        )
        == text[: text.index(stop)]
    )


def test_hf_generator_stops_when_cancelled(gpt: Path, config: Config) -> None:
    generator = load_generator(f"hf:{gpt}", config=config)
    cancel, pieces = CancelToken(), []
    for piece in generator.stream(
        Prompt("a", max_tokens=100, temperature=1.0, seed=1), cancel=cancel
    ):
        pieces.append(piece)
        cancel.cancel()
    assert len(pieces) == 1


def test_hf_generator_reports_a_prompt_that_is_too_long(gpt: Path, config: Config) -> None:
    generator = load_generator(f"hf:{gpt}", config=config)
    with pytest.raises(ModelError, match="generation failed"):
        said(generator, Prompt("ü" * 500))


@pytest.mark.parametrize("load", [load_encoder, load_generator])
def test_what_is_no_model_is_refused(load: Any, config: Config, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model folder"):
        load(f"hf:{tmp_path}", config=config)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        load(f"hf:{tmp_path}", config=config)
    assert "\n" not in str(caught.value)
