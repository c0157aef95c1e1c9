"""Models without weights: an encoder that hashes and a generator that replays."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from convrag.errors import ModelError
from convrag.models.encoder_input import Kind, clean_text
from convrag.models.references import Reference, known_forms
from convrag.models.stops import StopFilter
from convrag.protocols import CancelToken, Prompt, Vectors

_GRAM = 3


class HashEncoder:
    """Encodes by hashed character trigrams: texts that share letters have similar vectors.

    Args:
        dimension: Length of a vector, 8 to 4096.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension

    @classmethod
    def from_reference(cls, reference: Reference) -> HashEncoder:
        """Return the encoder of ``scripted:hash-DIMENSION``.

        Raises:
            ModelError: The reference has another form.
        """
        name, _, digits = reference.rest.partition("-")
        if name == "hash" and digits.isascii() and digits.isdigit() and 8 <= int(digits) <= 4096:
            return cls(int(digits))
        raise ModelError(f"unknown encoder '{reference.text}'", known_forms("encoder"))

    @property
    def id(self) -> str:
        """The reference; there are no weights to hash."""
        return f"scripted:hash-{self._dimension}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> Vectors:
        """Return float32 (N, D), unit norm, in the order of ``texts``; ``kind`` changes nothing."""
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)  # (N, D)
        for row, text in zip(vectors, texts, strict=True):
            for gram in _grams(text):
                digest = hashlib.blake2b(gram.encode("utf-8"), digest_size=8).digest()
                number = int.from_bytes(digest, "little")
                row[(number >> 1) % self._dimension] += 1.0 if number & 1 else -1.0
            norm = float(np.linalg.norm(row))
            if norm == 0.0:  # signs can cancel out
                row[0] = norm = 1.0
            row /= norm
        return vectors


def _grams(text: str) -> Iterator[str]:
    folded = f" {unicodedata.normalize('NFKC', clean_text(text)).casefold().strip()} "
    for start in range(max(1, len(folded) - _GRAM + 1)):
        yield folded[start : start + _GRAM]


class ScriptedGenerator:
    """Replays the same pieces for every prompt, under the prompt's stops and token limit.

    Args:
        pieces: What to yield; one piece counts as one token.
        reference: The generator's id.
    """

    def __init__(self, pieces: Sequence[str], reference: str = "scripted:") -> None:
        self._pieces = tuple(pieces)
        self._reference = reference
        self.prompts: list[Prompt] = []
        """The prompts seen so far, oldest first."""

    @classmethod
    def from_reference(cls, reference: Reference) -> ScriptedGenerator:
        """Return the generator of ``scripted:PIECE|PIECE``; an empty script says nothing."""
        pieces = reference.rest.split("|") if reference.rest else []
        return cls(pieces, reference.text)

    @property
    def id(self) -> str:
        """The model's reference."""
        return self._reference

    def stream(self, prompt: Prompt, *, cancel: CancelToken) -> Iterator[str]:
        """Yield the pieces; end early when cancelled, at a stop or at the limit."""
        self.prompts.append(prompt)
        stops = StopFilter(prompt.stop)
        for piece in self._pieces[: prompt.max_tokens]:
            if cancel.cancelled:
                return
            if text := stops.feed(piece):
                yield text
            if stops.stopped:
                return
        if not cancel.cancelled and (rest := stops.finish()):
            yield rest
