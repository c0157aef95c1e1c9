"""Names in NTREX: marked by hand on the English side, brought to the translations by alignment.

A token of a translation belongs to the English token whose state in context is nearest (after
SimAlign, Jalili Sabet et al. 2020); a name is where the tokens of its English tokens are, if some
of them are nearest in both directions. Forms of one name then correct each other.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

NAMES = Path("tests/data/tagger/ntrex_names.txt")
CODES = {
    "en": "eng", "zh": "zho-CN", "ar": "arb", "hi": "hin", "ru": "rus", "ja": "jpn", "th": "tha",
    "ko": "kor", "vi": "vie", "fr": "fra", "de": "deu", "es": "spa", "pt": "por-BR",
}  # fmt: skip
UNSPACED = {"zh", "ja", "th", "ko"}
CASED = {"ru", "vi", "fr", "es", "pt"}
PROCLITICS = {"ar": "وبلفك"}
_OUTER = set(" \t\u00a0,.;:!?\"'()[]{}«»“”‘’„…-–—،؛؟。、，：；！？（）《》「」『』·|।")
Marked = tuple[int, int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """A sentence's tokens: places (T, 2), and states float16 (T, layers, D)."""

    places: np.ndarray
    states: np.ndarray

    def units(self, layer: int) -> np.ndarray:
        """Return float32 (T, D), unit norm, of one layer."""
        states = self.states[:, layer].astype(np.float32)
        return states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-9)


def sentences(data: Path, language: str) -> list[str]:
    """Return NTREX's sentences in ``language``; the same numbers translate each other."""
    side = "src" if language == "en" else "ref"
    path = data / "ntrex" / f"newstest2019-{side}.{CODES[language]}.txt"
    packed = path.with_name(path.name + ".gz")
    raw = gzip.decompress(packed.read_bytes()) if packed.is_file() else path.read_bytes()
    return [line.strip() for line in raw.decode("utf-8").split("\n")][: len(documents(data))]


def documents(data: Path) -> list[str]:
    """Return the document of each sentence."""
    lines = (data / "ntrex" / "DOCUMENT_IDS.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t")[0].strip() for line in lines]


def training_part(data: Path) -> list[bool]:
    """Return which sentences are of the first 90 % of the documents; others are for development."""
    owners = documents(data)
    order = list(dict.fromkeys(owners))
    kept = set(order[: int(len(order) * 0.9)])
    return [owner in kept for owner in owners]


def marked_english(data: Path) -> list[list[Marked]]:
    """Return the names of each English sentence, from the list made by hand."""
    names: dict[str, dict[str, str]] = defaultdict(dict)
    part = ""
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            part = line[1:-1]
        elif line and not line.startswith("#"):
            kind, _, listed = line.partition(":")
            names[part].update((name.strip(), kind) for name in listed.split("|") if name.strip())
    found = []
    for owner, text in zip(documents(data), sentences(data, "en"), strict=True):
        own = {**names["*"], **names.get(owner, {})}
        longest_first = sorted(own, key=lambda name: (-len(name), name))
        pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
        hits = re.finditer(pattern, text.replace("’", "'"))
        found.append([(*m.span(), own[m[0]]) for m in hits if own[m[0]] != "none"])
    return found


def projected(
    language: str,
    texts: Sequence[str],
    tokens: Sequence[Tokens],
    english: tuple[Sequence[str], Sequence[Tokens], Sequence[Sequence[Marked]]],
    *,
    layer: int,
) -> list[list[Marked | None]]:
    """Return where each English name is in the translation; None where that is not found."""
    sources, read, names = english
    common = Counter(word for text in texts for word in text.split() if word == word.lower())
    stops = {word for word, _ in common.most_common(60)}
    found: list[list[Marked | None]] = []
    for text, own, other, marked in zip(texts, tokens, read, names, strict=True):
        spans = _aligned(marked, other, own, layer) if marked and len(own.places) else []
        spans = spans or [None] * len(marked)
        found.append([_cleaned(language, text, span, stops) for span in spans])
    wanted = [
        [source[start:end] for start, end, _ in marked]
        for source, marked in zip(sources, names, strict=True)
    ]
    _corrected(language, texts, found, wanted, names)
    return found


def _aligned(
    marked: Sequence[Marked], source: Tokens, target: Tokens, layer: int
) -> list[Marked | None]:
    alike = source.units(layer) @ target.units(layer).T  # (S, T)
    back, forth = alike.argmax(axis=0), alike.argmax(axis=1)
    taken = np.zeros(len(target.places), dtype=bool)
    found: list[Marked | None] = []
    for start, end, kind in marked:
        own = [j for j, (a, b) in enumerate(source.places) if a < end and b > start]
        sure = [int(forth[j]) for j in own if back[forth[j]] == j]
        runs = _runs(np.isin(back, own))
        weight = {t: float(alike[own, t].max()) for t in sure}
        if not sure:
            found.append(None)
            continue
        first, last = max(
            runs, key=lambda run: sum(w for t, w in weight.items() if run[0] <= t <= run[1])
        )
        hits = sum(first <= t <= last for t in sure)
        if 2 * hits < len(sure) or taken[first : last + 1].any():
            found.append(None)
            continue
        taken[first : last + 1] = True
        place = (int(target.places[first][0]), int(target.places[last][1]))
        fits = place[1] - place[0] <= 3 * (end - start) + 12
        found.append((*place, kind) if fits else None)
    return found


def _runs(inside: np.ndarray) -> list[tuple[int, int]]:
    """Return first and last of each run of True; one False between does not end a run."""
    runs: list[tuple[int, int]] = []
    for at in np.flatnonzero(inside).tolist():
        if runs and at - runs[-1][1] <= 2:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs


def _cleaned(language: str, text: str, span: Marked | None, stops: set[str]) -> Marked | None:
    """Return the span without function words and brackets, grown to whole words."""
    if span is None:
        return None
    start, end, kind = span
    start, end = _without(text, start, end)
    if language not in UNSPACED:
        while start > 0 and text[start - 1] not in _OUTER:
            start -= 1
        while end < len(text) and text[end] not in _OUTER:
            end += 1
    bracket = re.search(r"[（(]", text[start:end])
    if bracket and bracket.start() > 0:
        end = start + bracket.start()
    while True:
        front = re.match(r"(\S+)\s+", text[start:end])
        rear = re.search(r"\s+(\S+)$", text[start:end])
        if front and front[1] in stops:
            start += front.end()
        elif rear and rear[1] in stops:
            end -= len(rear[0])
        else:
            break
    start, end = _without(text, start, end)
    form = text[start:end]
    if not form or (language in CASED | {"de", "en"} and form[0].isalpha() and form.islower()):
        return None
    return start, end, kind


def _without(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _OUTER:
        start += 1
    while end > start and text[end - 1] in _OUTER:
        end -= 1
    return start, end


def _corrected(
    language: str,
    texts: Sequence[str],
    found: list[list[Marked | None]],
    wanted: Sequence[Sequence[str]],
    names: Sequence[Sequence[Marked]],
) -> None:
    """Let the forms that a name has elsewhere fill gaps, complete fragments and cut surplus."""
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for text, spans, asked in zip(texts, found, wanted, strict=True):
        for span, name in zip(spans, asked, strict=True):
            if span:
                forms[name][text[span[0] : span[1]]] += 1
    every = Counter(form for counts in forms.values() for form in counts)
    for text, spans, asked, marked in zip(texts, found, wanted, names, strict=True):
        for j, name in enumerate(asked):
            others = [s for k, s in enumerate(spans) if s and k != j]
            better = _better(language, text, spans[j], forms[name], others)
            if better:
                spans[j] = (*better, marked[j][2])
            span = spans[j]
            if span and text[span[0]] in PROCLITICS.get(language, ""):
                bare = text[span[0] + 1 : span[1]]
                if every[bare]:
                    spans[j] = (span[0] + 1, span[1], span[2])


def _better(
    language: str, text: str, span: Marked | None, forms: Counter[str], others: Iterable[Marked]
) -> tuple[int, int] | None:
    """Return the place of a more frequent form of the same name, if it is where ``span`` is."""
    now = text[span[0] : span[1]] if span else ""
    taken = list(others)
    best: tuple[int, int, int] | None = None
    for form, count in sorted(forms.items()):
        if form == now or len(form) < 2:
            continue
        if span:
            longer = now in form and (count >= 2 or len(now) == 1) and len(form) <= len(now) + 8
            shorter = form in now and count >= max(2, 2 * forms[now])
            if not shorter and not (longer and language in UNSPACED):
                continue
        elif count < 2:
            continue
        for hit in re.finditer(re.escape(form), text):
            apart = span is not None and (hit.end() <= span[0] or span[1] <= hit.start())
            if apart or any(hit.start() < o[1] and o[0] < hit.end() for o in taken):
                continue
            if best is None or count > best[0]:
                best = (count, *hit.span())
    return best[1:] if best else None
