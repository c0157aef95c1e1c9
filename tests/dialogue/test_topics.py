"""What a short turn may be about: stretches of the last turns, and how much of them is shown."""

from __future__ import annotations

import pytest

from convrag.dialogue.topics import EXAMPLES, last_said, topic_prompt, topics
from convrag.types import Dialogue, Role, Turn

USER, ASSISTANT = Role.USER, Role.ASSISTANT


def dialogue(language: str, *texts: str) -> Dialogue:
    turns = tuple(
        Turn(str(n), (USER, ASSISTANT)[n % 2], text, language) for n, text in enumerate(texts)
    )
    return Dialogue("d", turns)


@pytest.mark.parametrize(
    ("language", "answer", "shown"),
    [
        ("en", "It is in Paris. Many people visit it.", "It is in Paris."),
        ("zh", "它在巴黎。很多人去看。", "它在巴黎。"),
        ("hi", "वह पेरिस में है। बहुत लोग आते हैं।", "वह पेरिस में है।"),
        ("ar", "يقع في باريس؟ نعم.", "يقع في باريس؟"),
        ("ru", "Она в Париже. Её любят.", "Она в Париже."),
        ("ja", "パリにあります。人気です。", "パリにあります。"),
        ("ko", "파리에 있습니다. 인기가 많아요.", "파리에 있습니다."),
    ],
)
def test_of_an_answer_the_first_sentence_is_shown(language: str, answer: str, shown: str) -> None:
    assert last_said(dialogue(language, "?a", answer))[-1] == (ASSISTANT, shown)


@pytest.mark.parametrize("text", ["word " * 400, "长江很长" * 100, "слово " * 300, "पानी " * 300])
def test_a_prompt_is_bounded_and_keeps_the_newest(text: str) -> None:
    long = dialogue("", *[f"{n} {text}" for n in range(9)])
    said = last_said(long)
    assert said
    assert said[-1][1].startswith("8 ")
    assert sum(len(shown) for _, shown in said) <= 480
    prompt = topic_prompt(said, text)
    assert prompt.startswith(EXAMPLES)
    assert len(prompt) < len(EXAMPLES) + 800


def test_few_turns_are_shown_and_who_said_them() -> None:
    said = last_said(dialogue("en", "Who was Ada?", "A writer.", "And Bob?", "A cook.", "Eve?"))
    assert [text for _, text in said] == ["A writer.", "And Bob?", "A cook.", "Eve?"]
    end = topic_prompt(said[-2:], "Why?").removeprefix(EXAMPLES)
    assert end == "Assistant: A cook.\nUser: Eve?\nUser: Why?\nThe user asks about:\n"


@pytest.mark.parametrize(
    ("language", "text", "within", "outside"),
    [
        ("en", "Is the Tower of London, by 1066, old?", "Tower of London", "London, by"),
        ("de", "Wo steht der Kölner Dom?", "Kölner Dom", "der"),
        ("ru", "Где стоит Зимний дворец?", "Зимний дворец", "Где"),
        ("ar", "أين يقع برج خليفة؟", "برج خليفة", "أين"),
        ("hi", "ताज महल कहाँ है?", "ताज महल", "है"),
        ("zh", "鲁迅是谁？他写了什么？", "鲁迅", "？他"),
        ("ja", "富士山はどこですか？", "富士山", "どこですか？"),
        ("ko", "세종대왕 시대는?", "세종대왕", "?"),
    ],
)
def test_topics_are_stretches_of_content_words(
    language: str, text: str, within: str, outside: str
) -> None:
    found = topics([(USER, text)], "?", language)
    assert within in found
    assert outside not in found
    assert all(topic in text and not topic[0].isdigit() for topic in found)


def test_topics_come_newest_first_once_and_never_from_the_turn() -> None:
    said = [(USER, "Is Oslo cold?"), (ASSISTANT, "OSLO lies in Norway.")]
    found = topics(said, "Where is Norway?", "en")
    assert found[0] == "OSLO"
    assert "Oslo" not in found
    assert "Norway" not in found
    assert "cold" in found


def test_long_texts_give_a_bounded_number_of_topics() -> None:
    text = " ".join(f"name{n}" for n in range(1000))
    assert len(topics([(USER, text)], "?", "en")) == 400
