"""Write what all systems are given: convrag's encoder as a transformers folder, and the texts.

    python -m tests.bench.peers.export ../shared/data WORK

``WORK/model`` also loads with sentence-transformers, and has vectors of texts in many scripts in
``check.json`` against which each runner checks its own. ``WORK/quality`` has XQuAD, a pool of
paragraphs for each language. ``WORK/speed`` has passages of several languages in one pool, from
development sets, none longer than what convrag reads as one passage.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from convrag.config import load_config
from convrag.models.catalog import E5_SMALL
from convrag.models.installed import verified_path
from convrag.models.registry import load_encoder
from convrag.text.chunk import chunk
from convrag.types import Document
from tests.bench.peers.interchange import SEED, Text, write
from tests.bench.squad import DEVELOPMENT_SETS, by_paragraph

LANGUAGES = ("ar", "de", "en", "es", "hi", "ru", "th", "vi", "zh")
SPEED_PASSAGES, SPEED_QUESTIONS = 86, 30
"""Of each development set."""
SPECIAL = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "cls_token": "<s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}
CHECKED = (
    "Where does the river Danube end?",
    "Где заканчивается река Дунай?",
    "Πού τελειώνει ο ποταμός Δούναβης;",
    "أين ينتهي نهر الدانوب؟",
    "היכן נגמר נהר הדנובה?",
    "डेन्यूब नदी कहाँ समाप्त होती है?",
    "แม่น้ำดานูบสิ้นสุดที่ไหน",
    "多瑙河在哪里结束？",
    "ドナウ川はどこで終わりますか。",
    "다뉴브강은 어디에서 끝나나요?",
    "டானூப் ஆறு எங்கே முடிவடைகிறது?",
    "სად მთავრდება მდინარე დუნაი?",
)


def export_model(folder: Path) -> None:
    """Write the encoder with its tokenizer, its pooling and its prefixes."""
    config = load_config()
    encoder: Any = load_encoder("embedded:e5-small", config=config, runtime="torch")
    encoder.model.save_pretrained(folder)
    length = encoder.model.config.max_position_embeddings
    PreTrainedTokenizerFast(
        tokenizer_file=str(verified_path(E5_SMALL, E5_SMALL.files[1], config.model_cache)),
        model_max_length=length,
        model_input_names=["input_ids", "attention_mask"],
        **SPECIAL,
    ).save_pretrained(folder)
    names = ("Transformer", "Pooling", "Normalize")
    settings = {
        "modules.json": [
            {
                "idx": i,
                "name": str(i),
                "path": f"{i}_{name}" if i else "",
                "type": f"sentence_transformers.models.{name}",
            }
            for i, name in enumerate(names)
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": encoder.dimension,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
        "sentence_bert_config.json": {"max_seq_length": length, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "similarity_fn_name": "cosine",
        },
        "check.json": [
            {"text": text, "query": query.tolist(), "passage": passage.tolist()}
            for text, query, passage in zip(
                CHECKED, encoder.encode(CHECKED), encoder.encode(CHECKED, "passage"), strict=True
            )
        ],
    }
    for name, value in settings.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def export_quality(xquad: Path, folder: Path) -> None:
    """Write XQuAD: each question belongs to its own paragraph among those of its language."""
    passages, questions, relevant = [], [], []
    for language in LANGUAGES:
        articles = json.loads((xquad / f"xquad.{language}.json").read_text(encoding="utf-8"))
        paragraphs = [p for article in articles["data"] for p in article["paragraphs"]]
        for number, paragraph in enumerate(paragraphs):
            own = f"{language}-{number}"
            passages.append(Text(own, language, language, paragraph["context"]))
            for asked in paragraph["qas"]:
                question = f"{language}-{asked['id']}"
                questions.append(Text(question, language, language, asked["question"]))
                relevant.append((question, own))
    _write(folder, passages, questions, relevant)


def export_speed(data: Path, folder: Path) -> None:
    """Write passages of several languages, as convrag cuts them, with questions about them."""
    rng = random.Random(SEED)
    passages, questions, relevant = [], [], []
    for language, name in DEVELOPMENT_SETS.items():
        paragraphs = by_paragraph(data / name)
        keys = sorted(paragraphs)
        first = rng.randrange(max(1, len(keys) - SPEED_PASSAGES))
        found: list[Text] = []
        asked: list[tuple[str, str]] = []
        for number, (title, text) in enumerate(keys[first : first + SPEED_PASSAGES]):
            document = Document(f"{language}-{number}", text, "", language, title, "")
            pieces = [Text(p.id, "speed", language, p.text) for p in chunk(document)]
            found += pieces
            asked += [(question, pieces[0].id) for question in paragraphs[title, text]]
        found = found[:SPEED_PASSAGES]
        kept = {passage.id for passage in found}
        asked = [pair for pair in dict.fromkeys(asked) if pair[1] in kept]
        passages += found
        for number, (text, own) in enumerate(rng.sample(asked, min(SPEED_QUESTIONS, len(asked)))):
            questions.append(Text(f"{language}-q{number}", "speed", language, text))
            relevant.append((questions[-1].id, own))
    _write(folder, passages, questions, relevant)


def _write(
    folder: Path,
    passages: list[Text],
    questions: list[Text],
    relevant: list[tuple[str, str]],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "passages.jsonl", passages)
    write(folder / "questions.jsonl", questions)
    lines = [f"{question} 0 {passage} 1\n" for question, passage in relevant]
    (folder / "qrels.txt").write_text("".join(lines), encoding="utf-8")
    print(f"{folder}: {len(passages)} passages, {len(questions)} questions", flush=True)


def main() -> None:
    """Write all three folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work / "model", ignore_errors=True)
    export_model(arguments.work / "model")
    export_quality(arguments.data / "xquad", arguments.work / "quality")
    export_speed(arguments.data, arguments.work / "speed")


if __name__ == "__main__":
    main()
