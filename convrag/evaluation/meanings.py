"""What every metric means, in a line: shown once in each report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MEANINGS: Mapping[str, str] = {
    "evidence_recall": "share of the required evidence among the first pieces",
    "recall": "share of the relevant documents and facts among the first pieces",
    "mrr": "1 / place of the first relevant piece (Voorhees 1999)",
    "map": "mean precision at the places of relevant pieces",
    "ndcg": "gain by grade, less for later places, against the best order (Järvelin 2002)",
    "answer_accuracy": "answers that state what is wanted; of a wanted text half of a sentence",
    "exact_match": "answers that are a wanted one but for case, articles and punctuation",
    "f1": "words that an answer shares with a wanted one, precision and recall together",
    "answer_recall": "share of a wanted answer's words that are in the answer",
    "answer_contains": "answers in which a wanted one stands in one piece",
    "rouge_l": "longest common subsequence with a wanted sentence, F1 (Lin 2004)",
    "bleu": "n-grams shared with a wanted sentence, sentence by sentence (Papineni 2002)",
    "chrf": "character n-grams shared with a wanted sentence (Popović 2015)",
    "answer_entity_f1": "entities and values that the answer's facts name, against the wanted ones",
    "link_precision": "share of the links that are to a wanted entity",
    "link_recall": "share of the wanted entities that are linked",
    "link_f1": "precision and recall of links together",
    "entity_recall": "share of the expected entities that are linked",
    "nil_precision": "share of the names left without an entity that have none",
    "nil_recall": "share of the names of nothing in the graph that are left without an entity",
    "nil_f1": "precision and recall of names without an entity together",
    "rewrite_recovery": "what the dialogue has to supply to a follow-up and its rewrite has",
    "rewrite_rouge_l": "ROUGE-L of the rewrite against the set's",
    "rewrite_bleu": "BLEU of the rewrite against the set's, sentence by sentence",
    "abstention_precision": "share of the abstentions where nothing answers",
    "abstention_recall": "share of the unanswerable questions that were abstained from",
    "wrongly_abstained": "share of the answerable questions abstained from; less is better",
    "clarification_precision": "share of the questions back that were due",
    "clarification_recall": "share of the open questions that were asked back about",
    "citation_recall": "sentences that what they cite supports (Gao 2023), by words and numbers",
    "citation_precision": "citations that help to support their sentence (Gao 2023)",
    "attribution": "mean probability, by words, numbers and names, that a sentence is supported",
    "attribution_reader": "probability, by the reader, that the cited places alone answer",
    "language_declared": "answers that say they are in the asker's language",
    "language_detected": "answers whose own words a detector takes for the asker's language",
    "language_script": "answers in the script of the asker's language",
    "repetition": "share of 4-grams that came before in the answer; less is better",
    "answer_tokens": "words of an answer, characters where a script has no spaces",
    "evidence_tokens": "words of all evidence that was read",
}
"""By metric, without the place it is taken at (``recall`` for ``recall@5``)."""
ATTRIBUTED = (
    "A turn that went wrong is asked again with the right language, then also the right rewrite,"
    " entities, evidence and reading, as far as the script or set says what is right. The first of"
    " them with which it comes right is the stage at fault; if none helps, it is the wording."
)
INTERVALS = (
    "Intervals are 95 %, by drawing whole dialogues anew (cluster bootstrap). Differences are"
    " tested by swapping the two runs' dialogues at random; p is two-sided."
)


def meaning(metric: str) -> str:
    """Return what a metric means; empty for one that is not known."""
    return MEANINGS.get(metric.partition("@")[0], "")


def meanings(metrics: Iterable[str]) -> dict[str, str]:
    """Return what the metrics mean, those at several places once."""
    found = {name.partition("@")[0]: meaning(name) for name in metrics}
    return {name: text for name, text in found.items() if text}
