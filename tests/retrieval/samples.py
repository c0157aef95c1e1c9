"""Documents in many scripts, and an encoder that needs no model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np

from convrag.retrieval.index import Index
from convrag.types import Document

TEXTS = {
    "en": "The capital of France is Paris. The river Seine flows through it.",
    "zh": "北京是中华人民共和国的首都。长江是中国最长的河流。",
    "es": "La capital de España es Madrid. El río Manzanares cruza la ciudad.",
    "de": "Die Hauptstadt von Österreich ist Wien. Die Donau fließt durch die Stadt.",
    "ar": "عاصمة مصر هي القاهرة. يمر نهر النيل عبر المدينة.",
    "hi": "भारत की राजधानी नई दिल्ली है। यमुना नदी इसके पास बहती है।",
    "ru": "Столица России — Москва. Через город течёт река Москва.",
    "ja": "日本の首都は東京です。隅田川が市内を流れています。",
    "pt": "A capital de Portugal é Lisboa. O rio Tejo atravessa a região.",
    "th": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
}
QUESTIONS = {
    "en": "Which river flows through Paris?",
    "zh": "中国最长的河流是什么?",
    "es": "¿Qué río cruza Madrid?",
    "de": "Wie heißt die Hauptstadt Österreichs?",
    "ar": "ما هي عاصمة مصر؟",
    "hi": "भारत की राजधानी क्या है?",
    "ru": "Какая река течёт через Москву?",
    "ja": "日本の首都はどこですか?",
    "pt": "Que rio atravessa Lisboa?",
    "th": "เมืองหลวงของประเทศไทย",
}


class HashingEncoder:
    """Vectors of hashed character bigrams: alike texts get alike vectors, everywhere the same."""

    def __init__(self, name: str = "hashing:1", dimension: int = 64) -> None:
        self.id = name
        self.dimension = dimension
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str], kind: str = "query") -> np.ndarray:
        if kind == "passage":
            self.encoded.extend(texts)
        out = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(out, texts, strict=True):
            for left, right in zip(f" {text}", text, strict=False):
                digest = hashlib.blake2b((left + right).encode(), digest_size=4).digest()
                row[int.from_bytes(digest, "big") % self.dimension] += 1
            row /= np.linalg.norm(row) or 1.0
        return out


def document(
    name: str, text: str, language: str = "en", title: str | None = None, **more: object
) -> Document:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    title = name if title is None else title
    return Document(name, text, title, language, f"{name}.txt", digest, **more)


def corpus() -> list[Document]:
    return [document(f"doc-{code}", text, code, "") for code, text in TEXTS.items()]


def many(count: int) -> list[Document]:
    codes = sorted(TEXTS)
    return [
        document(f"{n:03d}", f"{TEXTS[codes[n % len(codes)]]} ({n})", codes[n % len(codes)])
        for n in range(count)
    ]


def dump(index: Index) -> list[str]:
    """Everything an index means, without the numbers that only say in which order it came."""
    connection = index.connection
    rows = [
        ("document", *row)
        for row in connection.execute(
            "SELECT id, source, title, language, content_hash, text, pages, date FROM documents"
        )
    ]
    rows += [("tag", *row) for row in connection.execute("SELECT * FROM document_tags")]
    rows += [
        ("passage", *row[:-1], row[-1].hex())
        for row in connection.execute(
            "SELECT id, document_id, text, title, language, source, first, last, page, input_hash,"
            " vector FROM passages JOIN vectors USING (number)"
        )
    ]
    rows += [
        ("entity", *row)
        for row in connection.execute(
            "SELECT id, position, entity_id FROM passage_entities JOIN passages USING (number)"
        )
    ]
    counts = connection.execute(
        "SELECT (SELECT count(*) FROM vectors), (SELECT count(*) FROM passage_entities)"
    )
    rows += [("counts", *row) for row in counts]
    rows.append(("terms", len(index.terms.numbers())))
    return sorted(json.dumps(row, ensure_ascii=False) for row in rows)
