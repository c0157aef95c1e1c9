"""Dialogues whose turns are to be made to stand alone, with what is known of each turn."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrag.types import Dialogue, DialogueState, Document, Role, Turn

LANGUAGE = "en"
"""All of the sets are English."""
MTRAG_PARTS = ("clapnq", "cloud", "fiqa", "govt")


@dataclass(frozen=True, slots=True)
class Case:
    """One turn of a user with what was said before.

    Attributes:
        id: Of the turn, unique in its set.
        dialogue: The turns before.
        turn: The turn.
        human: The turn made to stand alone by the set's makers; "" where they give none.
        relevant: Ids of the documents that answer it; empty where the set has no documents.
        kind: What the set says about the turn, such as "Follow-up"; "" where it says nothing.
    """

    id: str
    dialogue: Dialogue
    turn: Turn
    human: str = ""
    relevant: frozenset[str] = frozenset()
    kind: str = ""

    @property
    def number(self) -> int:
        """Which turn of the user it is, from 1."""
        return 1 + sum(turn.role is Role.USER for turn in self.dialogue.turns)


@dataclass(frozen=True, slots=True)
class DialogueSet:
    """Turns, and the documents to search for them, none where only rewrites are compared."""

    name: str
    cases: tuple[Case, ...]
    documents: tuple[Document, ...] = ()


def case(
    name: str,
    dialogue: str,
    said: Iterable[tuple[bool, str]],
    *,
    human: str = "",
    relevant: Iterable[str] = (),
    kind: str = "",
) -> Case:
    """Return the case whose dialogue and turn are ``said``.

    Args:
        name: Its id.
        dialogue: The dialogue's id.
        said: Whether the user said it, and the text, oldest first; the last one is the turn.
        human: The turn made to stand alone by a person.
        relevant: Ids of documents.
        kind: Of turn.
    """
    turns = [
        Turn(f"{name}-{place}", Role.USER if user else Role.ASSISTANT, text, LANGUAGE)
        for place, (user, text) in enumerate(said)
    ]
    before = Dialogue(dialogue, tuple(turns[:-1]), DialogueState(language=LANGUAGE))
    return Case(name, before, turns[-1], human, frozenset(relevant), kind)


def mtrag_un(data: Path) -> DialogueSet:
    """Return the turns of MTRAG-UN that have relevant passages, and its passages. Held out."""
    folder = data / "mtrag" / "mtragun-human"
    judged = _judged(folder / "retrieval_tasks" / "qrels" / f"{part}.tsv" for part in MTRAG_PARTS)
    tasks = [
        json.loads(line)
        for line in _text(folder / "generation_tasks" / "reference.jsonl.gz").splitlines()
    ]
    texts = {c["document_id"]: c["text"] for task in tasks for c in task["contexts"]}
    cases = [_task(task, judged[task["task_id"]]) for task in tasks if task["task_id"] in judged]
    return DialogueSet("MTRAG-UN", tuple(cases), documents_of(texts))


def mtrag(data: Path) -> DialogueSet:
    """Return the tasks of MTRAG whose passages are there, with a model's rewrite of the turn."""
    folder = data / "mtrag" / "mtrag-human"
    name = "reference_subset_with_human_evaluations.json.gz"
    content = json.loads(_text(folder / "evaluations" / name))
    texts = {d["document_id"]: d["text"] for d in content["documents"]}
    parts = [folder / "retrieval_tasks" / part for part in MTRAG_PARTS]
    judged = _judged(part / "qrels" / "dev.tsv" for part in parts)
    rewrites = {}
    for part in parts:
        for line in _text(part / f"{part.name}_rewrite.jsonl").splitlines():
            row = json.loads(line)
            rewrites[row["_id"]] = row["text"].removeprefix("|user|:").strip()
    cases = []
    for task in content["tasks"]:
        relevant = judged.get(task["task_id"], set()) & texts.keys()
        if relevant:
            cases.append(_task(task, relevant, rewrites[task["task_id"]]))
    return DialogueSet("MTRAG", tuple(cases), documents_of(texts))


def cast_2021(data: Path) -> DialogueSet:
    """Return CAsT 2021, each turn answered by the passage that comes with it. Held out."""
    path = data / "trec_cast" / "2021" / "2021_manual_evaluation_topics_v1.0.json"
    topics = json.loads(_text(path))
    keys = {"said": "raw_utterance", "answer": "passage", "human": "manual_rewritten_utterance"}
    return _answered("CAsT 2021", _topics(topics, "turn", keys))


def ikat(data: Path, year: int) -> DialogueSet:
    """Return iKAT, each turn answered by its own response among all. 2024 is held out."""
    path = data / "trec_ikat" / f"{year}" / "data" / f"{year}_test_topics.json"
    topics = json.loads(_text(path))
    keys = {"said": "utterance", "answer": "response", "human": "resolved_utterance"}
    return _answered(f"iKAT {year}", _topics(topics, "turns", keys))


def cast_baselines(data: Path, year: int) -> tuple[DialogueSet, dict[str, dict[str, str]]]:
    """Return CAsT 2019 or 2020, users' turns alone, and the rewrites of each system by turn id."""
    systems: dict[str, dict[str, str]] = {}
    said: dict[str, str] = {}
    for path in sorted((data / "cast_rewrite_baselines" / str(year)).glob("*.tsv")):
        system = path.stem.partition("_")[2]
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        systems[system] = {row["id"]: row["query"] for row in rows}
        if system == "Original":
            said = {row["id"]: row["query"] for row in rows}
    cases = []
    before: dict[str, list[tuple[bool, str]]] = {}
    for name, text in said.items():
        topic = name.partition("_")[0]
        turns = before.setdefault(topic, [])
        turns.append((True, text))
        cases.append(case(name, topic, turns, human=systems["Human"][name]))
    return DialogueSet(f"CAsT {year}", tuple(cases)), systems


def well_formed(data: Path) -> list[tuple[str, float]]:
    """Return queries with the share of people who found them well-formed questions."""
    rows = _text(data / "query_wellformedness" / "dev.tsv").splitlines()
    return [(text, float(rating)) for text, _, rating in (row.partition("\t") for row in rows)]


def documents_of(texts: Mapping[str, str]) -> tuple[Document, ...]:
    """Return the texts as documents under their ids, in the order of the ids."""
    return tuple(Document(i, texts[i], "", LANGUAGE, i, i) for i in sorted(texts))


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What the user said, what was answered, and the turn made to stand alone."""

    topic: str
    number: int
    said: str
    answer: str
    human: str


def _topics(
    topics: Iterable[Mapping[str, Any]], turns: str, keys: Mapping[str, str]
) -> Iterator[list[_Exchange]]:
    for topic in topics:
        yield [
            _Exchange(
                str(topic["number"]),
                place,
                turn[keys["said"]].strip(),
                turn[keys["answer"]].strip(),
                turn[keys["human"]].strip(),
            )
            for place, turn in enumerate(topic[turns], start=1)
        ]


def _answered(name: str, topics: Iterable[list[_Exchange]]) -> DialogueSet:
    """Return the set whose documents are the answers; those with the same text are one."""
    texts: dict[str, str] = {}
    own: dict[str, str] = {}
    cases = []
    for topic in topics:
        before: list[tuple[bool, str]] = []
        for turn in topic:
            turn_id = f"{turn.topic}_{turn.number}"
            document = own.setdefault(turn.answer, turn_id)
            texts[document] = turn.answer
            said = [*before, (True, turn.said)]
            cases.append(case(turn_id, turn.topic, said, human=turn.human, relevant=[document]))
            before += [(True, turn.said), (False, turn.answer)]
    return DialogueSet(name, tuple(cases), documents_of(texts))


def _task(task: Mapping[str, Any], relevant: Iterable[str], human: str = "") -> Case:
    said = [(turn["speaker"] == "user", turn["text"].strip()) for turn in task["input"]]
    kind = next(iter(task["Multi-Turn"]), "")
    name, dialogue = task["task_id"], task["task_id"].partition("<::>")[0]
    return case(name, dialogue, said, human=human, relevant=relevant, kind=kind)


def _judged(files: Iterable[Path]) -> dict[str, set[str]]:
    """Return the ids of relevant documents by turn."""
    judged: dict[str, set[str]] = {}
    for file in files:
        for line in _text(file).splitlines()[1:]:
            query, document, score = line.split("\t")
            if int(score) > 0:
                judged.setdefault(query, set()).add(document)
    return judged


def _text(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")


LOADERS: Mapping[str, Callable[[Path], DialogueSet]] = {
    "mtrag": mtrag,
    "ikat2023": lambda data: ikat(data, 2023),
    "mtrag-un": mtrag_un,
    "cast2021": cast_2021,
    "ikat2024": lambda data: ikat(data, 2024),
}
"""Sets with documents."""
HELD_OUT = frozenset({"mtrag-un", "cast2021", "ikat2024"})
"""To be looked at only when nothing is left to choose."""
