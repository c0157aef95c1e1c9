"""Turns with chosen words put in, in many scripts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from convrag.dialogue.context import Context
from convrag.dialogue.rendering import chosen_runs, rendered
from convrag.dialogue.tagging import DELETE, KEEP, REPLACE, Tagging
from convrag.text.segment import words

CHIANG_MAI = ["เ", "ชี", "ย", "ง", "ใ", "ห", "ม่"]


def tagged(
    texts: Sequence[str], chosen: Sequence[str], edits: dict[str, int] | None = None
) -> tuple[Context, Tagging]:
    """Return a context whose tokens are words, those of ``chosen`` likely and with ``edits``."""
    places, terms, rows = [(0, (0, 0))], [0.0], [[1.0, 0.0, 0.0]]
    last = len(texts) - 1
    for number, text in enumerate(texts):
        for span in words(text):
            word = text[span[0] : span[1]]
            kind = (edits or {}).get(word, KEEP) if number == last else KEEP
            places.append((number, span))
            terms.append(0.9 if number < last and word in chosen else 0.02)
            rows.append([0.95 if place == kind else 0.025 for place in range(3)])
    size = len(places)
    context = Context(tuple(texts), (0,) * size, (0,) * size, tuple(places))
    return context, Tagging(1.0, np.array(terms, np.float32), np.array(rows, np.float32))


def write(
    language: str,
    texts: Sequence[str],
    chosen: Sequence[str],
    edits: dict[str, int] | None = None,
) -> str:
    context, tagging = tagged(texts, chosen, edits)
    runs = chosen_runs(context, tagging, 0.5, language)
    return rendered(context, tagging, runs, 0.8, language)


@pytest.mark.parametrize(
    ("language", "texts", "chosen", "written"),
    [
        ("en", ["See the Tower of York.", "Old?"], ["Tower", "York"], "Old (Tower of York)?"),
        ("de", ["Wie lang ist die Donau?", "Und die Tiefe?"], ["Donau"], "Und die Tiefe (Donau)?"),
        ("fr", ["Où est la Seine ?", "Quelle longueur ?"], ["Seine"], "Quelle longueur (Seine) ?"),
        ("es", ["¿Dónde está Lima?", "¿Y la población?"], ["Lima"], "¿Y la población (Lima)?"),
        ("ru", ["Где Волга?", "А длина?"], ["Волга"], "А длина (Волга)?"),
        ("ar", ["أين بغداد؟", "كم عدد السكان؟"], ["بغداد"], "كم عدد السكان (بغداد)؟"),
        ("hi", ["गंगा कहाँ है?", "वह कितनी लंबी है?"], ["गंगा"], "वह कितनी लंबी है (गंगा)?"),
        ("zh", ["长江在哪里？", "有多长？"], ["长", "江"], "有多长 (长江)？"),
        ("ja", ["富士山はどこ？", "高さは？"], list("富士山"), "高さは (富士山)？"),
        ("ko", ["서울 어디?", "인구는요?"], ["서울"], "인구는요 (서울)?"),
        ("th", ["เชียงใหม่อยู่ไหน", "ไกลไหม"], CHIANG_MAI, "ไกลไหม (เชียงใหม่)"),
        ("en", ["Is A-7 loud?", "Is B-9 quiet?", "Price?"], ["A-7", "B-9"], "Price (A-7, B-9)?"),
        ("en", ["Is A-7 loud?", "What does A-7 cost?"], ["A-7"], "What does A-7 cost?"),
        ("en", ["Is A-7 loud?", "Thanks!"], [], "Thanks!"),
    ],
)  # fmt: skip
def test_chosen_words_follow_the_turn(
    language: str, texts: list[str], chosen: list[str], written: str
) -> None:
    assert write(language, texts, chosen) == written


@pytest.mark.parametrize(
    ("language", "texts", "chosen", "reference", "written"),
    [
        ("en", ["Where is Oslo?", "How big is it?"], ["Oslo"], "it", "How big is Oslo?"),
        ("en", ["Where is Oslo?", "What is its area?"], ["Oslo"], "its", "What is Oslo's area?"),
        ("zh", ["长江在哪里？", "它有多长？"], ["长", "江"], "它", "长江有多长？"),
        ("de", ["Wo ist Rom?", "Wie alt ist es?"], ["Rom"], "es", "Wie alt ist es (Rom)?"),
        ("ru", ["Где Рим?", "Какой он?"], ["Рим"], "он", "Какой он (Рим)?"),
        ("pt", ["Onde fica o Porto?", "Ele é frio?"], ["Porto"], "Ele", "Ele é frio (Porto)?"),
    ],
)
def test_a_name_stands_in_for_the_pronoun_where_it_keeps_its_form(
    language: str, texts: list[str], chosen: list[str], reference: str, written: str
) -> None:
    assert write(language, texts, chosen, {reference: REPLACE}) == written


@pytest.mark.parametrize(
    ("language", "said", "chosen", "name"),
    [
        ("en", "Harborline is led by Samuel Ashdown.", "Ashdown", "Samuel Ashdown"),
        ("de", "Die Firma leitet Lukas Rosenthal.", "Lukas", "Lukas Rosenthal"),
        ("fr", "La ville s'appelle Saint Denis.", "Denis", "Saint Denis"),
        ("ru", "Автор — Вера Орлова.", "Вера", "Вера Орлова"),
        ("vi", "Giám đốc là Phạm Ngọc Lan.", "Ngọc", "Phạm Ngọc Lan"),
        ("es", "La dirige Inés Peñalver.", "Peñalver", "Inés Peñalver"),
        ("en", "In Rome people speak Italian.", "Rome", "Rome"),
        ("hi", "नेता विक्रम मेहरा हैं।", "विक्रम", "विक्रम"),
        ("ja", "代表は桐生です", "桐", "桐"),
    ],
)
def test_a_name_is_put_in_whole(language: str, said: str, chosen: str, name: str) -> None:
    assert write(language, [said, "?!1"], [chosen]) == f"?!1 ({name})"


def test_a_false_start_goes() -> None:
    gone = {"Rome": DELETE, "no": DELETE, "wait": DELETE}
    texts = ["Hello", "How old is Rome, no wait, Oslo?"]
    assert write("en", texts, [], gone) == "How old is Oslo?"


def test_a_turn_is_not_emptied() -> None:
    texts = ["Hello", "Rome or Oslo?"]
    assert write("en", texts, [], {"Rome": DELETE, "or": DELETE, "Oslo": DELETE}) == texts[1]


def test_words_said_twice_are_put_in_once() -> None:
    texts = ["Where is Oslo?", "OSLO is in Norway.", "How big is it?"]
    assert write("en", texts, ["Oslo", "OSLO"]).lower() == "how big is it (oslo)?"
