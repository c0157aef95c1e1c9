from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from convrag.errors import SessionError, UsageError
from convrag.types import (
    Answer,
    Conclusion,
    Dialogue,
    DialogueState,
    Evidence,
    Filter,
    Inference,
    Literal,
    Turn,
)
from convrag.wire import (
    JSON_SCHEMA,
    answer_from_json,
    answer_to_json,
    escape_markdown,
    filter_words,
    parse_filter,
    plain_evidence_text,
    split_words,
    state_from_json,
    state_to_json,
    turn_from_json,
    turn_to_json,
)
from tests.conversation_values import (
    SCRIPTS,
    answers,
    evidences,
    exchange,
    filters,
    passage_evidence,
    states,
    triple_evidence,
    turns,
)

VALIDATOR = jsonschema.Draft202012Validator(JSON_SCHEMA)


def part(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/$defs/{name}", "$defs": JSON_SCHEMA["$defs"]}
    )


def through_text(value: dict[str, object]) -> dict[str, object]:
    return json.loads(json.dumps(value, allow_nan=False))  # type: ignore[no-any-return]


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(JSON_SCHEMA)


@given(answers)
def test_answers_survive_and_fit_the_schema(answer: Answer) -> None:
    data = through_text(answer_to_json(answer, evidence_text=plain_evidence_text))
    VALIDATOR.validate(data)
    assert answer_from_json(data) == answer


@given(turns)
def test_turns_survive_and_fit_the_schema(turn: Turn) -> None:
    data = through_text(turn_to_json(turn))
    part("turn").validate(data)
    assert turn_from_json(data) == turn


@given(states)
def test_states_survive_and_fit_the_schema(state: DialogueState) -> None:
    data = through_text(state_to_json(state))
    part("state").validate(data)
    assert state_from_json(data) == state


@pytest.mark.parametrize("question", SCRIPTS)
def test_text_in_every_script_survives(question: str) -> None:
    _, _, answer = exchange(Dialogue("d"), question, f"{question} [1]")
    data = through_text(answer_to_json(answer, evidence_text=plain_evidence_text))
    assert answer_from_json(data) == answer


def test_a_triple_carries_its_words_and_a_passage_its_text() -> None:
    _, _, answer = exchange(Dialogue("d"), "q", "a [1][2]")
    data = answer_to_json(answer, evidence_text=lambda e: "Kenya's capital is Nairobi")
    assert [e["text"] for e in data["evidence"]] == [
        "Nairobi is the capital of Kenya. It lies at 1,795 m.",
        "Kenya's capital is Nairobi",
    ]
    assert plain_evidence_text(triple_evidence()) == "kenya: capital nairobi"


def test_every_field_of_a_conclusion_is_carried() -> None:
    said = Conclusion(
        Inference.RANKING,
        ("urn:a", Literal("5", "urn:int")),
        "urn:p",
        most=False,
        measured=(("urn:a", Literal("湖", "", "zh")),),
        lacking=("urn:b",),
        count=3,
        holds=False,
        difference=Literal("1"),
        place=2,
    )
    plain = Conclusion(Inference.LIST)
    changed = {
        f.name for f in dataclasses.fields(said) if getattr(said, f.name) != getattr(plain, f.name)
    }
    assert changed == {f.name for f in dataclasses.fields(said)}, "a new field is missing here"
    evidence = dataclasses.replace(triple_evidence(), conclusion=said, sources=("a", "b"))
    _, _, answer = exchange(Dialogue("d"), "q", "a")
    answer = dataclasses.replace(answer, evidence=(evidence,))
    data = through_text(answer_to_json(answer, evidence_text=plain_evidence_text))
    VALIDATOR.validate(data)
    assert answer_from_json(data).evidence[0] == evidence


@pytest.mark.parametrize("question", SCRIPTS)
def test_answers_of_the_first_form_are_read(question: str) -> None:
    _, _, answer = exchange(Dialogue("d"), question, f"{question} [1]")
    data = through_text(answer_to_json(answer, evidence_text=plain_evidence_text))
    data["schema"] = "convrag.answer/1"
    for evidence in data["evidence"]:  # type: ignore[attr-defined]
        del evidence["confidence"]
    read = answer_from_json(data)
    assert read.text == answer.text
    assert [e.item for e in read.evidence] == [e.item for e in answer.evidence]


def test_states_of_earlier_versions_are_read() -> None:
    full = DialogueState(last_question="q", language="en", topic=2, turn=7, years=(1990,))
    data = through_text(state_to_json(full))
    known = ("focus", "last_question", "last_links", "language", "topic")
    early = {key: data[key] for key in known}
    part("state").validate(early)
    assert state_from_json(early) == DialogueState(last_question="q", language="en", topic=2)


def test_another_schema_is_refused_with_its_name() -> None:
    with pytest.raises(SessionError, match="convrag.answer/9"):
        answer_from_json({"schema": "convrag.answer/9"})


@pytest.mark.parametrize(
    ("key", "value"),
    [("status", "done"), ("text", 3), ("citations", [{}]), ("evidence", [{"kind": "x"}])],
)
def test_a_damaged_answer_is_a_session_error(key: str, value: object) -> None:
    _, _, answer = exchange(Dialogue("d"), "q", "a")
    data = answer_to_json(answer, evidence_text=plain_evidence_text) | {key: value}
    with pytest.raises(SessionError, match="not readable"):
        answer_from_json(data)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)


HOSTILE = (
    "[click](https://bad.example) ![x](y.png) <script>alert(1)</script>",
    "# Heading",
    "Title\n=====",
    "Title\n-----",
    "    code by blanks",
    "```\nfence",
    "~~~\nfence",
    "1. one\n2) two\n- three\n+ four\n* five",
    "> quote",
    "[a]: https://bad.example\n[a]",
    "[1](cite:1) [2] [^1]",
    "<https://bad.example> https://bad.example www.bad.example me@bad.example",
    "a **b** _c_ `d` ~~e~~ &amp; &lt;b&gt;",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "***\n---\n___",
    "back\\slash \\[1\\] trailing  \nnext\\",
    "<b>bold</b> <!-- c --> <?php ?> <![CDATA[x]]>",
)


def shown(markdown: str) -> str:
    """Return the text that a permissive reader shows; fail on anything but paragraphs of text."""
    reader = MarkdownIt("gfm-like").enable(["linkify", "table", "strikethrough"])
    lines: list[str] = []
    for token in reader.parse(markdown):
        assert token.type in ("paragraph_open", "paragraph_close", "inline"), token.type
        for child in token.children or ():
            assert child.type in ("text", "text_special", "softbreak"), child.type
            lines.append("\n" if child.type == "softbreak" else child.content)
        if token.type == "paragraph_close":
            lines.append("\n")
    return "".join(lines)


def meant(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("text", HOSTILE + SCRIPTS)
def test_escaped_text_shows_as_it_is_and_does_nothing(text: str) -> None:
    assert meant(shown(escape_markdown(text))) == meant(text)


@given(st.text(st.sampled_from("\\`*_{}[]()<>#+-.!|~&:=@/ \n1a文ع"), max_size=40))
def test_any_mix_of_marks_does_nothing(text: str) -> None:
    assert meant(shown(escape_markdown(text))) == meant(text)


def test_prose_stays_readable() -> None:
    prose = "Nairobi (Kenya): 4.4 million people - the largest city."
    assert escape_markdown(prose) == prose


@given(evidences)
def test_plain_words_never_fail(evidence: Evidence) -> None:
    assert isinstance(plain_evidence_text(evidence), str)


def test_plain_words_of_a_passage_are_its_text() -> None:
    assert plain_evidence_text(passage_evidence("x y")) == "x y"


@given(filters)
def test_a_filter_is_what_its_words_say(wanted: Filter) -> None:
    assert parse_filter(split_words(filter_words(wanted))) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], Filter()),
        (["language=DE", "language=zh"], Filter(languages=("de", "zh"))),
        (["source=手册/*.pdf", "Tag = गारंटी"], Filter(sources=("手册/*.pdf",), tags=("गारंटी",))),
        (["tag=ضمان", "tag=гарантия", "tag=ضمان"], Filter(tags=("ضمان", "гарантия"))),
        (["document=a=b"], Filter(documents=("a=b",))),
        (["after=2024", "before=2024-05"], Filter(after="2024", before="2024-05")),
        (["after=2024-02-29"], Filter(after="2024-02-29")),
    ],
)
def test_filters_are_read(words: list[str], wanted: Filter) -> None:
    assert parse_filter(words) == wanted


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["colour=red"], "no key 'colour'", "language, source, document, tag, after, before"),
        (["保修"], "it has no '='", "KEY=VALUE"),
        (["tag="], "there is no value", "tag=warranty"),
        (["language=german"], "'german' is no language code", "two letters"),
        (["after=2023-02-29"], "is no day", "2024-05-31"),
        (["before=٢٠٢٤"], "is no day", "2024-05-31"),
        (["after=2024", "after=2025"], "given twice", "once"),
    ],
)
def test_a_bad_filter_names_the_remedy(words: list[str], said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_filter(words)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_quotation_must_end() -> None:
    with pytest.raises(UsageError, match="does not end"):
        split_words("tag='a b")
