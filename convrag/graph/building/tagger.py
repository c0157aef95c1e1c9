"""Finds names of people, places, organisations and other things in running text of any language.

A small head reads the states that the encoder has for a text's tokens: a hidden layer over a token
and its neighbours scores the tags, and a linear-chain conditional random field (Lafferty, McCallum
and Pereira 2001) chooses the best sequence of them. The encoder is used as it is, so that its pass
over a passage could serve both.
"""

from __future__ import annotations

import json
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from convrag.errors import ModelError
from convrag.protocols import Vectors
from convrag.text.scripts import UNSPACED, script_of
from convrag.types import Span

if TYPE_CHECKING:
    from convrag.models.torch_encoder import TextTokens

SHIPPED = Path(__file__).with_name("tagger.npz")
"""The head that comes with convrag, trained for one encoder."""
KINDS = ("person", "place", "organisation", "other")
TAGS = 1 + 2 * len(KINDS)
"""0 is outside of names; 1 + 2k begins a name of kind k, and 2 + 2k goes on with it."""
SURE = 0.8
"""From this score on, all that was found in the sentences marked by hand for development was (part
of) a name; of the names, 95 of 100 were found in Latin script and 82 in others."""
FORBIDDEN = -1e4
"""Score of a step that no sequence may take."""
_TEXTS = 64
_PROCLITICS = {
    "ar": frozenset({"و", "ف", "ب", "ل", "ك", "وب", "ول", "فب", "فل"}),
    "he": frozenset("ובלמהשכ") | {"וב", "ול", "ומ", "וה", "שב"},
}
"""What is written as one word with the name after it."""
_INNER = "-‐‑\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_TOUCHING = UNSPACED | {"hangul"}
"""Scripts in which what follows a name is often written to it."""


@dataclass(frozen=True, slots=True)
class TaggedSpan:
    """A name in a text: where, of which of ``KINDS``, and how sure that it is a name, 0 to 1."""

    span: Span
    kind: str
    score: float


class TokenEncoder(Protocol):
    """An encoder that gives a text's tokens in context."""

    @property
    def id(self) -> str:
        """Reference and content hash of the weights."""
        ...

    def tokens(self, texts: Sequence[str], *, layer: int) -> list[TextTokens]:
        """Return each text's own tokens with their states and places."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The trained weights; ``about`` says for which encoder and layer, and from which data."""

    about: Mapping[str, Any]
    mean: Vectors  # (D,) of the states
    scale: Vectors  # (D,)
    hidden: Vectors  # (3 D, H): the token before, the token, the token after
    hidden_bias: Vectors  # (H,)
    out: Vectors  # (H, TAGS)
    out_bias: Vectors  # (TAGS,)
    start: Vectors  # (TAGS,)
    steps: Vectors  # (TAGS, TAGS): from a tag to the next

    def scores(self, states: Vectors) -> Vectors:
        """Return float64 (T, TAGS), the score of each tag at each token of ``states`` (T, D)."""
        padded = np.zeros((len(states) + 2, len(self.mean)), dtype=np.float32)
        padded[1:-1] = (states - self.mean) / self.scale
        near = np.concatenate([padded[:-2], padded[1:-1], padded[2:]], axis=1)  # (T, 3 D)
        inner = np.maximum(near @ self.hidden + self.hidden_bias, 0.0)  # (T, H)
        scores: Vectors = (inner @ self.out + self.out_bias).astype(np.float64)
        return scores

    def best(self, scores: Vectors) -> list[int]:
        """Return the tags of the best sequence (Viterbi); ``scores`` is (T, TAGS), T at least 1."""
        total = self.start + scores[0]
        came: list[np.ndarray] = []
        for here in scores[1:]:
            paths = total[:, None] + self.steps
            came.append(paths.argmax(axis=0))
            total = paths.max(axis=0) + here
        tags = [int(total.argmax())]
        for before in reversed(came):
            tags.append(int(before[tags[-1]]))
        return tags[::-1]

    def inside(self, scores: Vectors) -> Vectors:
        """Return float64 (T,), how probable it is that a token belongs to a name."""
        forward, backward = np.zeros_like(scores), np.zeros_like(scores)  # (T, TAGS)
        forward[0] = self.start + scores[0]
        for at in range(1, len(scores)):
            forward[at] = _log_sum(forward[at - 1][:, None] + self.steps, 0) + scores[at]
        for at in range(len(scores) - 2, -1, -1):
            backward[at] = _log_sum(self.steps + (scores[at + 1] + backward[at + 1])[None], 1)
        both = forward + backward
        inside: Vectors = 1.0 - np.exp(both[:, 0] - _log_sum(both, 1))
        return inside.clip(0.0, 1.0)


def read_head(path: Path) -> Head:
    """Return the head that ``write_head`` wrote to ``path``.

    Raises:
        ModelError: The file is missing or damaged.
    """
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            arrays = {f.name: file[f.name].astype(np.float32) for f in fields(Head)[1:]}
        head = Head(about, **arrays)
        _check(head)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: not a readable tagger: {error}", "reinstall convrag") from error
    return head


def _check(head: Head) -> None:
    """Raise ValueError unless the weights fit together."""
    width, inner = len(head.mean), len(head.hidden_bias)
    shapes = {
        "scale": (width,),
        "hidden": (3 * width, inner),
        "out": (inner, TAGS),
        "out_bias": (TAGS,),
        "start": (TAGS,),
        "steps": (TAGS, TAGS),
    }
    if any(getattr(head, name).shape != shape for name, shape in shapes.items()):
        raise ValueError("its weights are of other shapes")
    if not all(np.isfinite(getattr(head, field.name)).all() for field in fields(Head)[1:]):
        raise ValueError("its weights are not finite")
    if int(head.about["layer"]) < 1 or not isinstance(head.about["encoder"], str):
        raise ValueError("it does not say for which layer and encoder it is")


def write_head(path: Path, head: Head) -> None:
    """Write a head, values as float16; the same values give the same file."""
    arrays = {f.name: getattr(head, f.name).astype("<f2") for f in fields(Head)[1:]}
    about = np.array(json.dumps(dict(head.about), ensure_ascii=False, sort_keys=True))
    with path.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, about=about, **arrays)


class EntityTagger:
    """Tags texts with an encoder and a head that was trained for it."""

    def __init__(self, encoder: TokenEncoder, head: Head) -> None:
        """Tag with ``head`` over the states of ``encoder``."""
        self._encoder, self._head = encoder, head
        self._layer = int(head.about["layer"])

    @classmethod
    def load(cls, encoder: Any) -> EntityTagger:  # noqa: ANN401  any encoder may be tried
        """Return a tagger with the shipped head.

        Raises:
            ModelError: The head was trained for another encoder, the encoder does not give tokens,
                or the shipped file is damaged.
        """
        head = read_head(SHIPPED)
        if not hasattr(encoder, "tokens"):
            raise ModelError(
                f"{encoder.id}: this runtime gives no tokens in context, which names are found by",
                "load the encoder with the torch runtime",
            )
        if encoder.id != head.about["encoder"]:
            raise ModelError(
                f"the tagger is trained for {head.about['encoder']}, not for {encoder.id}",
                "use the embedded encoder, or index without the tagger",
            )
        return cls(encoder, head)

    def tag(self, texts: Sequence[str], languages: Sequence[str]) -> list[tuple[TaggedSpan, ...]]:
        """Return the names in each text, in reading order, without overlap.

        Args:
            texts: Sentences or passages.
            languages: Of each text, which says what may be written to the front of a name.

        Raises:
            ModelError: The encoder gave values that are not finite.
        """
        found: list[tuple[TaggedSpan, ...]] = []
        for first in range(0, len(texts), _TEXTS):
            some = texts[first : first + _TEXTS]
            read = self._encoder.tokens(some, layer=self._layer)
            own = languages[first : first + len(some)]
            for text, language, tokens in zip(some, own, read, strict=True):
                found.append(names_in(text, language, tokens.states, tokens.spans, self._head))
        return found


def names_in(
    text: str, language: str, states: Vectors, spans: Sequence[Span], head: Head
) -> tuple[TaggedSpan, ...]:
    """Return the names in a text whose tokens have ``states`` (T, D) at ``spans``, T places."""
    proclitics = _PROCLITICS.get(language, frozenset())
    return _whole_words(text, _runs(states, spans, head), proclitics)


def _runs(states: Vectors, spans: Sequence[Span], head: Head) -> list[TaggedSpan]:
    """Return the runs of tokens that are names."""
    if not len(spans):
        return []
    scores = head.scores(states)
    tags = head.best(scores)
    if not any(tags):
        return []
    inside = head.inside(scores)
    names: list[TaggedSpan] = []
    at = 0
    while at < len(tags):
        stop = at + 1
        if tags[at]:
            while stop < len(tags) and tags[stop] and tags[stop] % 2 == 0:
                stop += 1
            kind = KINDS[(tags[at] - 1) // 2]
            score = float(np.exp(np.log(inside[at:stop] + 1e-12).mean()))
            names.append(TaggedSpan((spans[at][0], spans[stop - 1][1]), kind, min(score, 1.0)))
        at = stop
    return names


def _log_sum(values: Vectors, axis: int) -> Vectors:
    """Return log sum exp along ``axis``."""
    most = values.max(axis=axis, keepdims=True)
    total: Vectors = np.log(np.exp(values - most).sum(axis=axis, keepdims=True)) + most
    return total.squeeze(axis)


def _whole_words(
    text: str, names: Sequence[TaggedSpan], proclitics: frozenset[str]
) -> tuple[TaggedSpan, ...]:
    """Return the names grown to whole words; those that then share a word become one."""
    grown: list[TaggedSpan] = []
    for name in names:
        span = _grown(text, name.span, proclitics)
        if grown and span[0] < grown[-1].span[1]:
            last = grown.pop()
            surer = last if last.score >= name.score else name
            span = (last.span[0], max(last.span[1], span[1]))
            grown.append(TaggedSpan(span, surer.kind, surer.score))
        else:
            grown.append(TaggedSpan(span, name.kind, name.score))
    return tuple(name for name in grown if name.span[0] < name.span[1])


def _grown(text: str, span: Span, proclitics: frozenset[str]) -> Span:
    """Return ``span`` grown to where words begin and end.

    Where a script does not show that, runs of katakana are kept whole, and the rest stays.
    """
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        return start, end
    first = start
    while first > 0 and _joined(text[first - 1], text[first], _TOUCHING - {"hangul"}):
        first -= 1
    before = text[first:start]
    if before not in proclitics:
        # The article is of the name, what is written before the article is not.
        outside = before[:1] in proclitics and text.startswith("ال", first + 1)
        start = first + 1 if outside else first
    while end < len(text) and _joined(text[end - 1], text[end], _TOUCHING):
        end += 1
    while end > start + 1 and text[end - 1] in _INNER:
        end -= 1
    return start, end


def _joined(before: str, after: str, touching: frozenset[str]) -> bool:
    """Return whether two neighbouring characters are of one word."""
    scripts = {script_of(before), script_of(after)} - {""}
    if "katakana" in scripts or "ー" in (before, after):
        return all(script_of(char) == "katakana" or char in "ー・" for char in (before, after))
    if scripts & touching:
        return False
    return all(
        char.isalnum() or char in _INNER or unicodedata.category(char)[0] == "M"
        for char in (before, after)
    )
