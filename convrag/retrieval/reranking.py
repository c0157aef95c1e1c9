"""Rerankers: models that read the question and a passage closely, for the first few passages.

They take more time than all of the search, so none runs unless the setting ``reranker`` names one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import torch
import transformers
from safetensors import SafetensorError

from convrag.config import Config
from convrag.errors import ModelError
from convrag.models.encoder_input import Kind, clean_text
from convrag.models.references import Reference
from convrag.models.registry import load_encoder
from convrag.models.threads import set_threads, thread_count
from convrag.models.torch_encoder import TorchEncoder
from convrag.models.torch_loading import load_error, quiet_transformers, snapshot
from convrag.protocols import Reranker, Vectors
from convrag.retrieval.hybrid import RERANKED
from convrag.retrieval.packing import passage_input
from convrag.types import Evidence, Passage, Query

_SURE = 2.0
"""From this lead on (logarithm of the ratio of the first two scores) reading again changes nothing:
a third of the development questions is below it, with all of the gain."""
_LATE, _DENSE = 0.8, 0.4
"""What late interaction counts, and what of the cosine it takes the place of is taken back; in
standard deviations over the passages read, beside the logarithm of the score."""
_BATCH = 8
_MAX_TOKENS = 512


class TokenEncoder(Protocol):
    """Gives a vector for each token in its context."""

    def states(self, texts: Sequence[str], kind: Kind) -> list[Vectors]:
        """Return float32 (T, D) for each text, unit norm."""
        ...


def load_reranker(reference: str, *, config: Config) -> Reranker:
    """Return the reranker that ``reference`` names.

    Args:
        reference: ``late`` (late interaction with the configured encoder) or ``hf:NAME_OR_DIR`` (a
            cross-encoder: any transformers model for sequence classification).
        config: Gives the encoder, the model cache and the threads.

    Raises:
        ModelError: The reference is unknown, or the model is missing, damaged or cannot be loaded.
    """
    if reference == "late":
        encoder = load_encoder(config.encoder, config=config, runtime="torch")
        if not isinstance(encoder, TorchEncoder):
            raise ModelError(
                f"reranker 'late': the encoder '{config.encoder}' has no vectors of tokens",
                "use embedded:e5-small or an hf: encoder, or another reranker",
            )
        return LateInteractionReranker(encoder)
    scheme, _, rest = reference.partition(":")
    if scheme != "hf" or not rest:
        raise ModelError(f"unknown reranker '{reference}'", "known: late, hf:NAME_OR_DIR")
    set_threads(thread_count(config))
    return load_cross_encoder(Reference(reference, scheme, rest))


class LateInteractionReranker:
    """Compares every token of the question with every token of a passage.

    ``MaxSim = mean over question tokens of the highest cosine with a passage token``: Khattab and
    Zaharia, "ColBERT: Efficient and Effective Passage Search via Contextualized Late Interaction
    over BERT", SIGIR 2020, with an encoder that was not trained for it. Where the first passage
    leads by far, nothing is read. Facts keep their places.
    """

    def __init__(self, encoder: TokenEncoder) -> None:
        """Take tokens' vectors from ``encoder``."""
        self._encoder = encoder
        # What stands around every question: the prefix and the special tokens.
        self._head = len(encoder.states([""], "query")[0]) - 1

    def rerank(self, query: Query, evidence: Sequence[Evidence], *, k: int) -> tuple[Evidence, ...]:
        """Return at most ``k`` of ``evidence``, best first, ranks counted anew."""
        read = _first_passages(evidence)
        if len(read) < 2 or _lead(read) >= _SURE:
            return _ranked(evidence, k)
        asked = self._encoder.states([query.text], "query")[0][self._head : -1]  # (T, D)
        if not len(asked):
            return _ranked(evidence, k)
        told = self._encoder.states([_text(e) for e in read], "passage")
        late = np.array([float((asked @ one.T).max(axis=1).mean()) for one in told])
        cosines = np.array([e.confidence for e in read])
        logs = np.array([math.log(e.score) for e in read])
        return _reordered(
            evidence, read, logs + _LATE * _standard(late) - _DENSE * _standard(cosines), k
        )


class CrossEncoderReranker:
    """Lets a transformers model for sequence classification read the question with each passage.

    A passage's score is the model's one logit, or, of two classes, how much likelier the second is.
    The order is the model's alone. Calls from several threads are not meant.

    Args:
        model: In evaluation mode.
        tokenizer: Its tokenizer.
        reference: For messages.
    """

    def __init__(self, model: Any, tokenizer: Any, reference: str) -> None:  # noqa: ANN401
        self._model = model
        self._tokenizer = tokenizer
        self._reference = reference
        limit = int(getattr(tokenizer, "model_max_length", _MAX_TOKENS))
        self._length = min(_MAX_TOKENS, limit, _positions(model.config))

    def rerank(self, query: Query, evidence: Sequence[Evidence], *, k: int) -> tuple[Evidence, ...]:
        """Return at most ``k`` of ``evidence``, best first, ranks counted anew.

        Raises:
            ModelError: The model fails, or gives values that are not finite.
        """
        read = _first_passages(evidence)
        if len(read) < 2:
            return _ranked(evidence, k)
        texts = [clean_text(_text(e)) for e in read]
        question = clean_text(query.text)
        found = [
            self._logits(question, texts[start : start + _BATCH])
            for start in range(0, len(texts), _BATCH)
        ]
        return _reordered(evidence, read, np.concatenate(found), k)

    def _logits(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """Return float64 (N,): the higher, the better the text answers."""
        try:
            encoded = self._tokenizer(
                [question] * len(texts),
                list(texts),
                truncation="longest_first",
                max_length=self._length,
                padding=True,
                return_tensors="pt",
            )
            with torch.inference_mode():
                logits = self._model(**encoded).logits.double().numpy()  # (N, C)
        except (RuntimeError, ValueError, IndexError) as error:
            raise ModelError(
                f"{self._reference}: cannot rerank: {str(error).splitlines()[0][:200]}",
                "name a model for sequence classification with one or two classes",
            ) from error
        if not np.isfinite(logits).all():
            raise ModelError(f"{self._reference}: the model gave values that are not finite")
        one = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
        return np.asarray(one, dtype=np.float64)


def load_cross_encoder(reference: Reference) -> CrossEncoderReranker:
    """Return the cross-encoder of an ``hf:`` reference. Code that comes with it is never run.

    Raises:
        ModelError: It cannot be found or loaded, or classifies into more than two classes.
    """
    folder = snapshot(reference)
    quiet_transformers()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, report = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise load_error(reference, error) from error
    classes = int(model.config.num_labels)
    if classes > 2 or any("classifier" in key for key in report["missing_keys"]):
        raise ModelError(
            f"{reference.text}: not a reranker: no trained classifier of one or two classes",
            "name a cross-encoder, such as hf:FOLDER with a BertForSequenceClassification",
        )
    return CrossEncoderReranker(model.eval(), tokenizer, reference.text)


def _positions(settings: Any) -> int:  # noqa: ANN401
    positions = int(getattr(settings, "max_position_embeddings", 0) or _MAX_TOKENS)
    # RoBERTa and its kin count positions from the padding id + 1.
    kin = "roberta" in settings.model_type or settings.model_type == "camembert"
    return positions - 2 if kin else positions


def _text(evidence: Evidence) -> str:
    item = evidence.item
    return passage_input(item.title, item.text) if isinstance(item, Passage) else ""


def _first_passages(evidence: Sequence[Evidence]) -> list[Evidence]:
    return [e for e in evidence if isinstance(e.item, Passage)][:RERANKED]


def _lead(read: Sequence[Evidence]) -> float:
    return math.log(read[0].score / read[1].score)


def _standard(values: np.ndarray) -> np.ndarray:
    deviation = float(values.std())
    return (values - values.mean()) / deviation if deviation > 0 else np.zeros_like(values)


def _reordered(
    evidence: Sequence[Evidence], read: Sequence[Evidence], values: np.ndarray, k: int
) -> tuple[Evidence, ...]:
    """Put the passages of ``read`` into the places they have among ``evidence``, by ``values``."""
    order = sorted(range(len(read)), key=lambda at: (-float(values[at]), read[at].rank))
    scores = sorted((e.score for e in read), reverse=True)
    better = iter([replace(read[at], score=score) for at, score in zip(order, scores, strict=True)])
    moved = {e.id for e in read}
    return _ranked([next(better) if e.id in moved else e for e in evidence], k)


def _ranked(evidence: Sequence[Evidence], k: int) -> tuple[Evidence, ...]:
    return tuple(replace(e, rank=rank) for rank, e in enumerate(evidence[: max(k, 0)], start=1))
