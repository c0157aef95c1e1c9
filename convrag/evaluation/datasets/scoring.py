"""What a turn of a data set is measured by: only what the set says anything of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from convrag.evaluation.datasets.values import AskedTurn
from convrag.evaluation.languages import detected_right, own_words
from convrag.evaluation.matching import plain_answer
from convrag.evaluation.metrics import answers, linking, ranking
from convrag.evaluation.metrics.overlap import bleu, chrf, rouge_l
from convrag.evaluation.metrics.wording import content_terms, recovered, token_count
from convrag.evaluation.runner import Respondent, TurnRun
from convrag.evaluation.scoring import ON_THE_WAY, item_id
from convrag.evaluation.wording_measures import WORDING, wording_measures
from convrag.text.segment import sentences
from convrag.types import Answer, Evidence, Link, Literal, Status, Triple

DEPTHS = (1, 5, 10)
"""Places among which evidence is looked for."""
METRICS = (
    *(f"recall@{k}" for k in DEPTHS),
    *(f"{name}@{DEPTHS[-1]}" for name in ("mrr", "map", "ndcg")),
    *("answer_accuracy", "exact_match", "f1", "answer_recall", "answer_contains"),
    *("rouge_l", "bleu", "chrf", "answer_entity_f1"),
    *(f"{of}_{name}" for of in ("link", "nil") for name in ("precision", "recall", "f1")),
    *("rewrite_recovery", "rewrite_rouge_l", "rewrite_bleu"),
    *("abstention_precision", "abstention_recall", "wrongly_abstained"),
    *("language_declared", "language_detected"),
    *WORDING,
)
"""All that a turn of a set may be measured by."""
_SENTENCE = 5
"""Tokens from which on a wanted answer is compared as a sentence too."""
_NAMED = 3
"""Things that a remark lists."""
_MOST = 0.5
"""Share of the content words of a wanted sentence from which on an answer says what it says."""
_FEWEST = 3
"""Content words that a sentence must have to be looked for in this way."""

Metrics = dict[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """A turn's metrics, what they count where that is not 1, and what is not as expected."""

    run: TurnRun
    metrics: Mapping[str, float]
    weights: Mapping[str, float]
    problems: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    only_on_the_way: bool = False
    """Whether the set says nothing of the answer, only of what comes before it."""

    @property
    def wrong(self) -> bool:
        """Whether the answer is not as expected, or what the set asks for in its place."""
        return any(self.only_on_the_way or kind not in ON_THE_WAY for kind in self.kinds)

    @property
    def found_all(self) -> bool | None:
        """Whether all that answers was found; None when the set does not name it."""
        recall = self.metrics.get(f"recall@{DEPTHS[-1]}")
        return None if recall is None else "evidence missing" not in self.kinds

    @property
    def clarified(self) -> bool:
        """Whether it was asked back what is meant."""
        return self.run.answer is not None and self.run.answer.status is Status.CLARIFYING

    @property
    def should_clarify(self) -> bool | None:
        """None: no set says that a question is open."""
        return None


def measured(asked: AskedTurn, run: TurnRun, *, respondent: Respondent) -> Measured:
    """Return how one turn went.

    Args:
        asked: The question and what is wanted.
        run: What came.
        respondent: What was asked; words the evidence.
    """
    language = run.dialogue.language
    metrics: Metrics = {}
    weights: Metrics = {}
    if asked.relevant:
        metrics |= retrieval(found_ids(run.evidence), asked.relevant)
    if asked.rewrites:
        metrics |= rewriting(run.query.text if run.query else "", asked, language)
    for name, counts in _linking(asked, run.links).items():
        metrics |= {f"{name}_{of}": value for of, value in counts.scores.items()}
        weights |= {f"{name}_{of}": under for of, (_, under) in counts.parts.items() if under}
    answer = run.answer
    if answer is not None and answer.status is not Status.FAILED:
        metrics |= _answering(asked, answer, language)
    metrics |= wording_measures(run, respondent)
    problems = tuple(_problems(asked, run, metrics))
    silent = not (asked.answers or asked.answer_entities) and asked.answerable is None
    return Measured(
        run,
        metrics,
        weights,
        tuple(text for _, text in problems),
        tuple(dict.fromkeys(kind for kind, _ in problems)),
        silent,
    )


def _linking(asked: AskedTurn, links: Sequence[Link]) -> dict[str, linking.Counts]:
    """Return counts of links, by span where the set marks spans, and of names without an entity."""
    if asked.mentions:
        return {
            "link": linking.same_mentions(links, asked.mentions),
            "nil": linking.nil_mentions(links, asked.mentions),
        }
    if not asked.entities:
        return {}
    linked = (link.entity_id for link in links if link.entity_id is not None)
    return {"link": linking.same_entities(linked, asked.entities)}


def found_ids(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Return the documents and triples in the order of the evidence, each once."""
    return tuple(dict.fromkeys(map(item_id, evidence)))


def retrieval(found: Sequence[str], relevant: Mapping[str, float]) -> Metrics:
    """Return recall at :data:`DEPTHS`, and MRR, MAP and nDCG at the deepest of them."""
    last = DEPTHS[-1]
    return {
        **{f"recall@{k}": ranking.recall(found, relevant, k) for k in DEPTHS},
        f"mrr@{last}": ranking.reciprocal_rank(found, relevant, last),
        f"map@{last}": ranking.average_precision(found, relevant, last),
        f"ndcg@{last}": ranking.ndcg(found, relevant, last),
    }


def rewriting(rewritten: str, asked: AskedTurn, language: str) -> Metrics:
    """Return how close a rewrite is to those of the set, and what it brought back."""
    found = {
        "rewrite_rouge_l": rouge_l(rewritten, asked.rewrites).f1,
        "rewrite_bleu": bleu(rewritten, asked.rewrites, language),
    }
    share = recovered(rewritten, asked.question, asked.rewrites, language)
    return found if share is None else {**found, "rewrite_recovery": share}


def answer_quality(text: str, wanted: Sequence[str], language: str) -> Metrics:
    """Return how close an answer's plain text is to the wanted ones; against none if there is none.

    ``answer_recall`` and ``answer_contains`` say whether the wanted answer is in a longer one;
    ``answer_accuracy`` whether it is stated (see :func:`states`).
    """
    found = {
        "exact_match": answers.exact_match(text, wanted, language),
        "f1": answers.f1(text, wanted, language),
    }
    if not wanted:
        return found
    found["answer_recall"] = answers.overlap(text, wanted, language)[1]
    found["answer_contains"] = answers.contains(text, wanted, language)
    found["answer_accuracy"] = float(states(text, wanted, language))
    long = [each for each in wanted if token_count(each) >= _SENTENCE]
    if long:
        found["rouge_l"] = rouge_l(text, long).f1
        found["bleu"] = bleu(text, long, language)
        found["chrf"] = chrf(text, long)
    return found


def states(text: str, wanted: Sequence[str], language: str) -> bool:
    """Return whether a text has a wanted answer in one piece, or says one of its sentences.

    It says a sentence when it has at least half of the sentence's content words.
    """
    if answers.contains(text, wanted, language):
        return True
    own = content_terms(text, language)
    parts = (each[a:b] for each in wanted for a, b in sentences(each, language))
    said = (content_terms(part, language) for part in parts)
    return any(len(own & words) >= _MOST * len(words) for words in said if len(words) >= _FEWEST)


def _answering(asked: AskedTurn, answer: Answer, language: str) -> Metrics:
    abstained = answer.status is Status.ABSTAINED
    text = "" if abstained else plain_answer(answer.text)
    metrics: Metrics = {}
    if asked.answers or asked.answerable is False:
        metrics |= answer_quality(text, asked.answers, asked.answer_language or language)
    if asked.answer_entities and not abstained:
        named = linking.same_entities(answer_terms(answer), asked.answer_entities)
        metrics["answer_entity_f1"] = named.scores["f1"]
    elif asked.answer_entities:
        metrics["answer_entity_f1"] = 0.0
    if asked.answerable is False:
        metrics["abstention_recall"] = float(abstained)
    elif asked.answerable:
        metrics["wrongly_abstained"] = float(abstained)
    if abstained and asked.answerable is not None:
        metrics["abstention_precision"] = float(not asked.answerable)
    metrics["language_declared"] = float(answer.language == language)
    detected = detected_right(own_words(answer.text), language)
    if detected is not None:
        metrics["language_detected"] = float(detected)
    return metrics


def answer_terms(answer: Answer) -> Iterator[str]:
    """Yield what the cited facts answer with: an entity's id or a plain value."""
    by_id = {e.id: e for e in answer.evidence}
    for citation in answer.citations:
        evidence = by_id.get(citation.evidence_id)
        if evidence is None or not isinstance(evidence.item, Triple):
            continue
        backward = len(evidence.via) > 2 and evidence.via[2] == "inverse"
        term = evidence.item.subject if backward else evidence.item.object
        yield term.value if isinstance(term, Literal) else term


def _problems(asked: AskedTurn, run: TurnRun, metrics: Metrics) -> Iterator[tuple[str, str]]:
    """Yield kind and remark of what is not as expected, those of the answer first."""
    if run.error is not None:
        yield "failed", f"failed: {run.error}"
    if run.answer is not None and run.answer.status is Status.CLARIFYING and asked.answerable:
        yield "asked back", "asked back what is meant"
    if metrics.get("wrongly_abstained"):
        yield "abstained", "abstained, though it can be answered"
    if metrics.get("abstention_recall") == 0:
        yield "not abstained", "should have abstained"
    if metrics.get("answer_accuracy") == 0 and not metrics.get("wrongly_abstained"):
        yield "wrong answer", f"answer has none of: {'; '.join(asked.answers[:_NAMED])}"
    if metrics.get("language_declared") == 0 or metrics.get("language_detected") == 0:
        yield "wrong language", f"language '{run.dialogue.language}' expected"
    if metrics.get(f"recall@{DEPTHS[-1]}", 1.0) < 1:
        missing = [name for name in asked.relevant if name not in found_ids(run.evidence)]
        if missing:
            yield "evidence missing", f"evidence not found: {_listed(missing)}"
    if metrics.get("link_recall", 1.0) < 1:
        linked = {link.entity_id for link in run.links}
        named = asked.entities or tuple(filter(None, asked.mentions.values()))
        yield "entity missing", f"not linked: {_listed([e for e in named if e not in linked])}"
    if metrics.get("rewrite_recovery") == 0:
        yield "wrong rewrite", f"rewrite lacks words of: {asked.rewrites[0]}"


def _listed(ids: Sequence[str]) -> str:
    """Return the first of some ids, percent-encoded names in them in letters."""
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return "; ".join(unquote(name) for name in ids[:_NAMED]) + more
