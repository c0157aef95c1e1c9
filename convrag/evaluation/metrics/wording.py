"""How a text is worded: how much it repeats, how long it is, and what a rewrite brought back."""

from __future__ import annotations

from collections.abc import Iterable

from convrag.evaluation.metrics.overlap import rouge_tokens
from convrag.text.analysis import query_terms


def repetition(text: str, n: int = 4) -> float:
    """Return the share (0..1) of n-grams that came before in the text (seq-rep-n).

    ``1 - unique / all`` n-grams (Welleck et al., "Neural Text Generation with Unlikelihood
    Training", ICLR 2020); 0 for a text of fewer than ``n`` tokens.
    """
    tokens = rouge_tokens(text)
    grams = [tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def token_count(text: str) -> int:
    """Return the number of words, in scripts without spaces of characters."""
    return len(rouge_tokens(text))


def recovered(rewritten: str, question: str, wanted: Iterable[str], language: str) -> float | None:
    """Return the share (0..1) of the words that a rewrite had to bring back and did.

    These are the content words, by stem, of the wanted rewrite that the question lacks: what the
    dialogue has to supply. Of several wanted rewrites the best counts (compare "new words" F1 in
    Liu et al., "Incomplete Utterance Rewriting as Semantic Segmentation", EMNLP 2020).

    Returns:
        None when no wanted rewrite has words beyond the question's.
    """
    known, own = content_terms(question, language), content_terms(rewritten, language)
    lacking = [words for text in wanted if (words := content_terms(text, language) - known)]
    return max((len(words & own) / len(words) for words in lacking), default=None)


def content_terms(text: str, language: str) -> set[str]:
    """Return the content words of a text by their stems, pairs of characters in unspaced scripts.

    Words that carry no meaning of their own are not among them.
    """
    return {term for term in query_terms(text, language) if term[0] in "wbi"}
