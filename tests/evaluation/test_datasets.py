"""Data sets in their published formats: minimal files, the real ones, and malformed rows."""

from __future__ import annotations

import copy
import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from convrag.errors import DatasetError, UsageError
from convrag.evaluation.datasets.files import json_entries
from convrag.evaluation.datasets.lines import schema
from convrag.evaluation.datasets.loading import LOADERS, load
from convrag.evaluation.datasets.values import AskedTurn, Dataset
from convrag.types import Literal
from tests.evaluation import dataset_files as files

SHARED = Path(__file__).parents[3] / "shared" / "data"


def turns_of(dataset: Dataset) -> list[AskedTurn]:
    return [turn for conversation in dataset.conversations() for turn in conversation.turns]


def documents_of(dataset: Dataset) -> dict[str, str]:
    return {item.id: item.text for item in dataset.documents()}


def check_relevant(dataset: Dataset) -> None:
    """Whatever is relevant must be there to be found."""
    known = {item.id for item in dataset.documents()} | {item.id for item in dataset.triples()}
    wanted = {item for turn in turns_of(dataset) for item in turn.relevant}
    assert wanted <= known


def test_squad_gives_paragraphs_and_questions(tmp_path: Path) -> None:
    dataset = load("squad", files.write(tmp_path / "dev.json.gz", files.SQUAD))
    (paragraph,) = dataset.documents()
    assert (paragraph.title, paragraph.language) == ("Nile River", "en")
    long, dug = turns_of(dataset)
    assert (long.id, long.answers, long.answerable, long.kind) == ("q1", ("6,650 km",), True, "how")
    assert long.relevant == {paragraph.id: 1.0}
    assert (dug.answers, dug.answerable, dug.relevant) == ((), False, {})


def test_mlqa_names_the_languages_of_texts_and_questions(tmp_path: Path) -> None:
    path = files.write(tmp_path / "test-context-de-question-hi.json", files.MLQA)
    dataset = load("mlqa", path)
    assert [item.language for item in dataset.documents()] == ["de"]
    assert [item.language for item in dataset.conversations()] == ["hi"]
    assert {turn.answer_language for turn in turns_of(dataset)} == {"de"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Nil ist der längste Fluss und fließt durch Ägypten und den Sudan.", "de"),
        ("ナイル川はアフリカを流れる川です。", "ja"),
        ("尼罗河是世界上最长的河流之一，流经埃及。", "zh"),
        ("나일강은 아프리카에 있는 강이다.", "ko"),
        ("نهر النيل هو أطول أنهار العالم ويمر في مصر.", "ar"),
        ("Нил — река в Африке, одна из самых длинных.", "ru"),
        ("แม่น้ำไนล์เป็นแม่น้ำในแอฟริกา", "th"),
    ],
)
def test_a_file_without_a_language_is_read_for_it(tmp_path: Path, text: str, language: str) -> None:
    data = copy.deepcopy(files.SQUAD)
    data["data"][0]["paragraphs"][0]["context"] = text  # type: ignore[index]
    folder = tmp_path / "set"
    files.write(folder / "a.json", data)
    files.write(folder / "b.json", data)
    dataset = load("squad", folder)
    assert {item.language for item in dataset.documents()} == {language}
    assert len(documents_of(dataset)) == 2
    assert {item.language for item in load("squad", folder, language="fi").documents()} == {"fi"}


def test_natural_questions_simplified(tmp_path: Path) -> None:
    dataset = load("nq", files.write(tmp_path / "nq-dev.jsonl.gz", files.NQ_SIMPLIFIED))
    assert documents_of(dataset) == {
        "5655-0-8": "The Nile ends in Egypt .",
        "5655-8-14": "It is long .",
    }
    (turn,) = turns_of(dataset)
    assert (turn.id, turn.answers, turn.relevant) == ("5655", ("Egypt",), {"5655-0-8": 1.0})


def test_natural_questions_of_dpr_and_open(tmp_path: Path) -> None:
    dpr = load("nq", files.write(tmp_path / "nq-dev.json", files.NQ_DPR))
    (turn,) = turns_of(dpr)
    assert turn.answers == ("Umm Kulthum", "أم كلثوم")
    assert turn.relevant == {"7": 1.0}
    assert sorted(documents_of(dpr).values()) == ["Fairuz sang another.", "Umm Kulthum sang it."]
    check_relevant(dpr)
    (turn,) = turns_of(load("nq", files.write(tmp_path / "NQ-open.jsonl", files.NQ_OPEN)))
    assert (turn.answers, turn.relevant, turn.kind) == (("Gustave Eiffel",), {}, "who")


def test_triviaqa_with_and_without_evidence_files(tmp_path: Path) -> None:
    dataset = load("triviaqa", files.write(tmp_path / "qa" / "web-dev.json", files.TRIVIA))
    (turn,) = turns_of(dataset)
    assert turn.answers == ("Nile", "The Nile", "النيل")
    assert documents_of(dataset) == {"http://example.org/cairo": "Cairo lies on the Nile."}
    evidence = tmp_path / "evidence" / "wikipedia" / "Nile.txt"
    evidence.parent.mkdir(parents=True)
    evidence.write_text("The Nile is a river.", encoding="utf-8")
    assert documents_of(dataset)["Nile.txt"] == "The Nile is a river."
    check_relevant(dataset)


def test_canard_finds_replies_in_the_next_turn(tmp_path: Path) -> None:
    dataset = load("canard", files.write(tmp_path / "dev.json", files.CANARD))
    assert [c.id for c in dataset.conversations()] == ["C_1", "C_2"]
    first, second, third = turns_of(dataset)
    assert (first.reply, second.reply, third.reply) == ("The Mothers", "", "")
    assert second.rewrites == ("When did The Mothers disband?",)
    assert documents_of(dataset) == {"C_1-1": "The Mothers"}
    check_relevant(dataset)


def test_qrecc_as_published_and_as_in_the_shared_task(tmp_path: Path) -> None:
    dataset = load("qrecc", files.write(tmp_path / "test.json", files.QRECC))
    first, second = turns_of(dataset)
    assert (first.relevant, first.answerable) == ({"4_1": 1.0}, True)
    assert (second.rewrites, second.answerable) == (("When did Goethe write Faust?",), False)
    check_relevant(dataset)
    (turn,) = turns_of(load("qrecc", files.write(tmp_path / "scai.json", files.SCAI)))
    assert (turn.rewrites, turn.answers) == (("Is the Nile wet?",), ("Yes, all of it.",))


def test_topiocqa_takes_gold_passages_or_rationales(tmp_path: Path) -> None:
    dataset = load("topiocqa", files.write(tmp_path / "dev.json", files.TOPIOCQA))
    assert [len(c.turns) for c in dataset.conversations()] == [2, 1]
    first, second, third = turns_of(dataset)
    assert first.answers == ("A river", "A long river")
    assert (second.answerable, second.answers, second.relevant) == (False, (), {})
    assert third.relevant == {"wiki:1": 1.0}
    assert list(documents_of(dataset)) == ["1_1", "wiki:1"]
    check_relevant(dataset)


def test_coqa_has_several_answers_a_question(tmp_path: Path) -> None:
    dataset = load("coqa", files.write(tmp_path / "coqa.json", files.COQA))
    color, owner = turns_of(dataset)
    assert (color.answers, color.reply) == (("white", "White."), "white")
    assert (owner.answers, owner.answerable, owner.relevant) == ((), False, {})
    check_relevant(dataset)


def test_quac_leaves_the_mark_for_no_answer_out(tmp_path: Path) -> None:
    dataset = load("quac", files.write(tmp_path / "val.json", files.QUAC))
    (section,) = dataset.documents()
    assert (section.title, section.text) == (
        "Frank Zappa: Disbandment",
        "In 1969 Zappa broke up the band.",
    )
    when, why = turns_of(dataset)
    assert (when.answers, when.reply) == (("In 1969", "1969"), "In 1969")
    assert (why.answers, why.answerable, why.reply) == ((), False, "")


def test_cast_has_rewrites_inside_or_beside(tmp_path: Path) -> None:
    dataset = load("cast", files.write(tmp_path / "2021.json", files.CAST))
    first, second = turns_of(dataset)
    assert first.relevant == {"MARCO_D5-7": 1.0}
    assert second.rewrites == ("Is lobular carcinoma deadly?",)
    check_relevant(dataset)
    old = [{"number": 31, "turn": [{"number": 2, "raw_utterance": "Is it treatable?"}]}]
    path = files.write(tmp_path / "2019" / "topics.json", old)
    beside = path.parent / "evaluation_topics_annotated_resolved_v1.0.tsv"
    beside.write_text("31_2\tIs throat cancer treatable?\n", encoding="utf-8")
    (turn,) = turns_of(load("cast", path))
    assert turn.rewrites == ("Is throat cancer treatable?",)


def test_ikat_has_what_users_say_of_themselves(tmp_path: Path) -> None:
    dataset = load("ikat", files.write(tmp_path / "topics.json", files.IKAT))
    (turn,) = turns_of(dataset)
    assert (turn.id, turn.relevant) == ("9-1_1", {"9-1#1": 1.0})
    assert documents_of(dataset)["9-1#2"] == "I own a dog."
    check_relevant(dataset)


def test_mtrag_scores_only_the_last_turn_of_a_task(tmp_path: Path) -> None:
    path = files.write(tmp_path / "generation_tasks" / "reference.jsonl.gz", files.MTRAG)
    before, asked = turns_of(load("mtrag", path))
    assert (before.scored, before.reply) == (False, "It is a country.")
    assert (asked.question, asked.relevant, asked.answers) == (
        "And its capital?",
        {"d1": 1.0},
        ("Lima.",),
    )
    qrels = tmp_path / "retrieval_tasks" / "qrels" / "govt.tsv"
    qrels.parent.mkdir(parents=True)
    qrels.write_text("query-id\tcorpus-id\tscore\nt<::>2\td9\t2\n", encoding="utf-8")
    assert turns_of(load("mtrag", path))[1].relevant == {"d9": 2.0}


def test_mtrag_retrieval_tasks_have_rewrites_beside_them(tmp_path: Path) -> None:
    row = {"_id": "a<::>2", "text": "|user|: where do they play\n|user|: and abroad?"}
    path = files.write(tmp_path / "fiqa_questions.jsonl", [row])
    files.write(tmp_path / "fiqa_rewrite.jsonl", [{"_id": "a<::>2", "text": "|user|: Cardinals?"}])
    before, asked = turns_of(load("mtrag", path))
    assert (before.question, before.scored) == ("where do they play", False)
    assert (asked.question, asked.rewrites) == ("and abroad?", ("Cardinals?",))


def test_mtrag_passages_may_stand_beside_the_tasks(tmp_path: Path) -> None:
    task = {
        "task_id": "t<::>1",
        "input": [{"speaker": "user", "text": "Its capital?"}],
        "contexts": [{"document_id": "d1"}],
        "targets": [{"text": "Lima."}],
        "Answerability": ["ANSWERABLE"],
    }
    data = {
        "tasks": [task],
        "documents": [{"document_id": "d1", "text": "Lima is the capital.", "title": "Peru"}],
    }
    dataset = load("mtrag", files.write(tmp_path / "subset.json.gz", data))
    (asked,) = turns_of(dataset)
    assert (asked.answers, asked.relevant, asked.answerable) == (("Lima.",), {"d1": 1.0}, True)
    assert documents_of(dataset) == {"d1": "Lima is the capital."}


def test_questions_of_several_files_and_repeated_ids_stay_apart(tmp_path: Path) -> None:
    for name in ("xquad.en.json", "xquad.de.json"):
        files.write(tmp_path / "set" / name, files.SQUAD)
    conversations = list(load("xquad", tmp_path / "set").conversations())
    assert [c.id for c in conversations] == [
        f"xquad.{language}.json-{name}" for language in ("de", "en") for name in ("q1", "q2")
    ]
    rows = copy.deepcopy(files.SQUAD)
    rows["data"] *= 2  # type: ignore[operator]
    twice = list(load("squad", files.write(tmp_path / "dev.json", rows)).conversations())
    assert [c.id for c in twice] == ["q1", "q2", "q1-2", "q2-2"]
    assert [c.turns[0].id for c in twice] == ["q1", "q2", "q1-2", "q2-2"]


def test_kdconv_makes_a_graph_of_what_turns_say(tmp_path: Path) -> None:
    path = files.write(tmp_path / "dev.json", files.KDCONV)
    files.write(tmp_path / "kb_travel.json", {"天坛": [["天坛", "门票", "34元"]]})
    dataset = load("kdconv", path)
    (turn,) = turns_of(dataset)
    assert turn.answers == ("60元", "天坛", "北京", "知道，门票60元，附近有天坛。")
    assert documents_of(dataset) == {"故宫#Information": "故宫是皇宫。"}
    check_relevant(dataset)
    triples = list(dataset.triples())
    objects = [t.object.value for t in triples if isinstance(t.object, Literal)]
    assert "34元" in objects
    assert "天坛" in objects  # its name; as a value it is the entity
    assert {t.object for t in triples if not isinstance(t.object, Literal)} == {
        next(t.subject for t in triples if t.object == Literal("天坛", "", "zh"))
    }


def test_crosswoz_finds_the_facts_a_reply_states(tmp_path: Path) -> None:
    path = files.write(tmp_path / "val.json.zip", files.CROSSWOZ)
    files.write(tmp_path / "database" / "attraction_db.json", files.PLACES)
    dataset = load("crosswoz", path)
    (turn,) = turns_of(dataset)
    assert (turn.kind, turn.answers, len(turn.relevant)) == ("request", ("60",), 1)
    check_relevant(dataset)


def test_qald_has_a_question_in_each_language(tmp_path: Path) -> None:
    path = files.write(tmp_path / "qald.json", files.QALD)
    english, ukrainian = load("qald", path).conversations()
    assert (english.language, ukrainian.language) == ("en", "uk")
    (turn,) = english.turns
    assert turn.answers == ("Mountain Time Zone",)
    assert turn.answer_entities == ("http://dbpedia.org/resource/Mountain_Time_Zone",)
    assert turn.entities == ("http://dbpedia.org/resource/Salt_Lake_City",)
    assert [c.language for c in load("qald", path, language="uk").conversations()] == ["uk"]


def test_own_lines_hold_documents_facts_and_turns(tmp_path: Path) -> None:
    dataset = load("jsonl", files.write(tmp_path / "own.jsonl", files.LINES))
    assert [(c.language, len(c.turns)) for c in dataset.conversations()] == [("pt", 2), ("en", 1)]
    assert [turn.relevant for turn in turns_of(dataset)] == [{"d1": 1.0}, {"d1": 2.0}, {}]
    assert [triple.object for triple in dataset.triples()] == [Literal("6650"), "urn:x:egypt"]
    assert turns_of(dataset)[2].answerable is False


def test_the_schema_of_own_lines_says_what_is_read(tmp_path: Path) -> None:
    check = Draft202012Validator(schema()).is_valid
    assert all(map(check, files.LINES))
    fields = set(schema()["properties"])
    assert {name for row in files.LINES for name in row} <= fields
    for wrong in ({"answers": ["x"]}, {"document": "d"}, {"question": " "}, []):
        assert not check(wrong)
        with pytest.raises(DatasetError):
            path = files.write(tmp_path / "own.jsonl", [wrong])
            dataset = load("jsonl", path)
            _ = list(dataset.documents()), turns_of(dataset)


# --- what is malformed ----------------------------------------------------------------------------


def _broken(value: Any, path: tuple[str | int, ...], new: Any = None) -> Any:
    changed = copy.deepcopy(value)
    at = changed
    for step in path[:-1]:
        at = at[step]
    if new is None:
        del at[path[-1]]
    else:
        at[path[-1]] = new
    return changed


PARAGRAPH = ("data", 0, "paragraphs", 0)
BROKEN = [
    ("squad", files.SQUAD, (*PARAGRAPH, "context"), None, ":4: paragraphs[0].context is missing"),
    ("squad", files.SQUAD, (*PARAGRAPH, "qas", 0, "question"), None, "qas[0].question is missing"),
    ("squad", files.SQUAD, (*PARAGRAPH, "qas", 1, "id"), True, "qas[1].id must be a text"),
    ("squad", files.SQUAD, ("data", 0, "paragraphs"), "x", "paragraphs must be a list"),
    ("squad", files.SQUAD, ("data", 0), 3, "the row must be an object"),
    ("squad", files.SQUAD, ("data",), None, "has no 'data'"),
    ("coqa", files.COQA, ("data", 0, "answers", 1), None, "questions[1].turn_id 2 has no answer"),
    ("quac", files.QUAC, (*PARAGRAPH, "qas", 0, "answers"), None, "qas[0].answers is missing"),
    ("triviaqa", files.TRIVIA, ("Data", 0, "Answer", "Value"), None, "Answer.Value is missing"),
    ("nq", files.NQ_DPR, (0, "answers"), [], "answers is missing"),
    ("canard", files.CANARD, (1, "Question_no"), "two", "Question_no must be a whole number"),
    ("qrecc", files.QRECC, (1, "Rewrite"), None, ":12: Rewrite is missing"),
    ("topiocqa", files.TOPIOCQA, (2, "Gold_passage"), [], "Gold_passage must be an object"),
    ("cast", files.CAST, (0, "turn", 1, "raw_utterance"), "", "turn[1].raw_utterance is empty"),
    ("ikat", files.IKAT, (0, "turns", 0, "utterance"), None, "turns[0].utterance is missing"),
    ("kdconv", files.KDCONV, (0, "messages", 1, "attrs", 0, "name"), None, "name is missing"),
    ("crosswoz", files.CROSSWOZ, ("11", "messages", 1, "dialog_act"), {"a": 1}, "list of lists"),
    ("qald", files.QALD, ("questions", 0, "question", 0, "language"), None, "language is missing"),
]


@pytest.mark.parametrize(("name", "value", "path", "new", "problem"), BROKEN)
def test_a_malformed_row_is_named(tmp_path: Path, name, value, path, new, problem) -> None:
    file = files.write(tmp_path / "set.json", _broken(value, path, new))
    with pytest.raises(DatasetError) as caught:
        turns_of(load(name, file))
    assert problem in caught.value.message
    assert "set.json" in caught.value.message
    assert caught.value.hint


LINE_ERRORS = [
    ("jsonl", '{"question": "?"}\n{"question": "?"\n', ":2: no JSON"),
    ("jsonl", '{"question": "?"}\n\n{"answers": ["x"]}\n', ":3: question is missing"),
    ("jsonl", '{"question": "?", "answerable": "no"}\n', "answerable must be true or false"),
    ("jsonl", '{"question": "?", "relevant": {"d": "x"}}\n', "relevant.d must be a whole number"),
    ("jsonl", '{"question": "?", "id": "a"}\n{"question": "?", "id": "a"}', ":2: id 'a' is given"),
    (
        "jsonl",
        "".join(f'{{"question": "?", "dialogue": "{name}"}}\n' for name in "aba"),
        ":3: dialogue 'a' ended before another",
    ),
    (
        "jsonl",
        '{"question": "Нил?", "mentions": [{"start": 0, "end": 5}]}',
        ":1: mentions[0].end must be after",
    ),
    ("jsonl", '{"question": "?", "relevant": {"d": NaN}}', "relevant.d must be a whole number"),
    ("jsonl", "[" * 100_000, ":1: JSON nested too deep"),
    ("canard", '[{"a": ' + "[" * 100_000 + "]" * 100_000 + "}]", ":1: JSON nested too deep"),
    ("jsonl", f'{{"question": {"9" * 5000}}}', ":1: a number of too many digits"),
    ("mtrag", '{"task_id": "1", "input": []}\n', "must end with what the user says"),
    ("nq", '{"example_id": 1, "question_text": "x"}\n', ":1: document_text is missing"),
    ("canard", '[{"QuAC_dialog_id": "a",\n "Question_no": 1,\n', ":1: the file ends within"),
    ("canard", '[{"a": 1}\n {"b": 2}]', "',' is due, not '{'"),
    ("canard", '[{"a": 1},\n {"b": x}]', ":2: no JSON"),
    ("squad", "", "'{' is due, not the end of the file"),
]


@pytest.mark.parametrize(("name", "text", "problem"), LINE_ERRORS)
def test_a_broken_line_is_named(tmp_path: Path, name: str, text: str, problem: str) -> None:
    path = tmp_path / ("set.json" if text.startswith("[") else "set.jsonl")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        turns_of(load(name, path, language="en"))
    assert problem in caught.value.message


@pytest.mark.parametrize("data", [b"\x1f\x8b\x08\x00broken", b"PK\x03\x04broken"])
def test_a_damaged_archive_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / ("set.json.gz" if data.startswith(b"\x1f") else "set.json.zip")
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="cannot be read"):
        turns_of(load("canard", path))


def test_text_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes('{"question": "Größe"}'.encode("latin-1"))
    with pytest.raises(DatasetError, match=r"set.jsonl:1: no UTF-8 text"):
        turns_of(load("jsonl", path))
    packed = tmp_path / "set.jsonl.gz"
    packed.write_bytes(gzip.compress('{"question": "Größe"}\n\n"大小"\n'.encode() + b"\xff\n"))
    with pytest.raises(DatasetError, match=r"set.jsonl.gz:(1|3|4): "):
        turns_of(load("jsonl", packed))


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"question": "lone \\ud800 half", "answers": ["\\udfff", "\\ud83d\\ude00"]}')
    (turn,) = turns_of(load("jsonl", path))
    assert (turn.question, turn.answers) == ("lone \ufffd half", ("\ufffd", "😀"))


@pytest.mark.parametrize(("name", "path"), [("squat", "."), ("nq", "gone.json"), ("nq", ".")])
def test_a_wrong_request_is_refused(name: str, path: str) -> None:
    with pytest.raises(UsageError):
        load(name, Path(path))


# --- streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("indent", [None, 1])
def test_rows_are_read_whatever_lies_in_strings(tmp_path: Path, indent: int | None) -> None:
    rows = [{"q": 'a "quoted" \\ ]}[{ 文\n', "n": [1, [2, {"x": None}]]}, {}, [], "s", 4.5, True]
    path = files.write(tmp_path / "rows.json", {"meta": {"a": [1]}, "data": rows}, indent=indent)
    assert [value for _, _, value in json_entries(path, "data")] == rows
    whole = files.write(tmp_path / "object.json", {"a": 1, "b": {"c": "}"}}, indent=indent)
    assert [(key, value) for _, key, value in json_entries(whole)] == [("a", 1), ("b", {"c": "}"})]


def test_lines_are_counted_across_pieces(tmp_path: Path) -> None:
    rows = [{"text": "é" * 70_000, "n": n} for n in range(12)]
    path = files.write(tmp_path / "rows.json", rows)
    found = list(json_entries(path))
    assert [value["n"] for _, _, value in found] == list(range(12))
    assert [line for line, _, _ in found] == [2 + 4 * n for n in range(12)]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    row = json.dumps({"Question": "x" * 1000})
    with path.open("w", encoding="utf-8") as file:
        file.write("[" + ",\n".join([row] * 20_000) + "]")
    tracemalloc.start()
    count = sum(1 for _ in json_entries(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 4_000_000 < path.stat().st_size


# --- the real files -------------------------------------------------------------------------------

REAL = [
    ("xquad", "xquad/xquad.ar.json", 240, 1190, "ar"),
    ("xquad", "xquad/xquad.th.json", 240, 1190, "th"),
    ("xquad", "xquad/xquad.zh.json", 240, 1190, "zh"),
    ("squad", "jaquad/dev", 1431, 3939, "ja"),
    ("squad", "korquad", 964, 5774, "ko"),
    ("squad", "heq/val v1.1.json.gz", 239, 1501, "he"),
    ("squad", "persianqa", 93, 930, "fa"),
    ("squad", "cmrc2018/cmrc2018_trial.json.gz", 256, 1000, "zh"),
    ("canard", "canard/dev.json.gz", 2497, 3430, "en"),
    ("cast", "trec_cast/2019/data/evaluation/evaluation_topics_v1.0.json", 0, 479, "en"),
    ("cast", "trec_cast/2020/2020_manual_evaluation_topics_v1.0.json", 0, 216, "en"),
    ("cast", "trec_cast/2021/2021_manual_evaluation_topics_v1.0.json", 234, 239, "en"),
    ("ikat", "trec_ikat/2023/data/2023_test_topics.json", 262, 332, "en"),
    ("ikat", "trec_ikat/2024/data/2024_test_topics.json", 288, 218, "en"),
    ("mtrag", "mtrag/mtragun-human/generation_tasks/reference.jsonl.gz", 1152, 2191, "en"),
    (
        "mtrag",
        "mtrag/mtrag-human/evaluations/reference_subset_with_human_evaluations.json.gz",
        *(350, 740, "en"),
    ),
    ("kdconv", "kdconv/film/dev.json.gz", 205, 1928, "zh"),
    ("kdconv", "kdconv/travel/test.json.gz", 1154, 1406, "zh"),
    ("crosswoz", "crosswoz/val.json.zip", 0, 4229, "zh"),
    ("qald", "qald_10/qald_10.json.gz", 0, 1564, "en"),
    ("qald", "qald_9_plus/qald_9_plus_test_dbpedia.json.gz", 0, 1504, "hy"),
    ("qald", "qald_series/qald-5_train.json.gz", 0, 2140, "ro"),
    ("qald", "qald_series/qald-9-train-multilingual.json.gz", 0, 4373, "hi"),
]


@pytest.mark.parametrize(("name", "path", "documents", "turns", "language"), REAL)
def test_real_files_are_read_whole(
    name: str, path: str, documents: int, turns: int, language: str
) -> None:
    if not SHARED.is_dir():
        pytest.skip("the data sets are not beside the checkout (../shared/data)")
    dataset = load(name, SHARED / path)
    found = list(dataset.documents())
    conversations = list(dataset.conversations())
    asked = [turn for conversation in conversations for turn in conversation.turns]
    assert (len(found), len(asked)) == (documents, turns)
    assert len({item.id for item in found}) == documents
    assert len({turn.id for turn in asked}) == turns
    assert language in {conversation.language for conversation in conversations}
    if documents:
        check_relevant(dataset)


def test_every_set_has_a_loader_under_its_name() -> None:
    assert set(LOADERS) == {
        "squad", "xquad", "mlqa", "nq", "triviaqa", "canard", "qrecc", "cast", "ikat", "mtrag",
        "coqa", "quac", "topiocqa", "kdconv", "crosswoz", "qald", "jsonl",
    }  # fmt: skip
