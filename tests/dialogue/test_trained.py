"""The trained rewriter with the weights that come with the package."""

from __future__ import annotations

import subprocess
import sys

import pytest

from convrag.dialogue.trained import TrainedRewriter, load_parts
from convrag.models.catalog import E5_SMALL
from convrag.models.installed import locate
from convrag.types import Dialogue, DialogueState, Query, Role, Turn

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def rewriter() -> TrainedRewriter:
    packed = locate(E5_SMALL.files[0])
    assert packed is not None
    return TrainedRewriter(lambda: load_parts(packed))


def ask(rewriter: TrainedRewriter, language: str, *said: str) -> Query:
    turns = tuple(
        Turn(str(n), Role.USER if n % 2 == 0 else Role.ASSISTANT, text)
        for n, text in enumerate(said[:-1])
    )
    dialogue = Dialogue("d", turns, DialogueState(language=language))
    return rewriter.rewrite(Turn("t", Role.USER, said[-1], language), dialogue)


@pytest.mark.parametrize(
    ("language", "said", "name"),
    [
        ("en", ("When was the Bauhaus founded?", "In 1919.", "Who founded it?"), "Bauhaus"),
        ("zh", ("敦煌在哪个省？", "在甘肃省。", "它有多少人口？"), "敦煌"),
        ("es", ("¿Dónde está Cuenca?", "En Ecuador.", "¿Cuántos habitantes tiene?"), "Cuenca"),
        ("fr", ("Où se trouve Colmar ?", "En Alsace.", "Et la population ?"), "Colmar"),
        ("de", ("Wo liegt Görlitz?", "An der Neiße.", "Wie viele Einwohner hat es?"), "Görlitz"),
        ("ar", ("أين تقع تدمر؟", "في سوريا.", "متى تأسست؟"), "تدمر"),
        ("hi", ("हम्पी कहाँ है?", "कर्नाटक में।", "उसकी स्थापना कब हुई?"), "हम्पी"),
        ("ru", ("Где находится Суздаль?", "В России.", "Когда его основали?"), "Суздаль"),
        ("ja", ("金沢はどこにありますか？", "石川県です。", "人口は？"), "金沢"),
        ("pt", ("Onde fica Óbidos?", "Em Portugal.", "Quantos habitantes tem?"), "Óbidos"),
        ("ko", ("경주는 어디에 있나요?", "경상북도에 있습니다.", "인구는 얼마나 되나요?"), "경주"),
        ("it", ("Dove si trova Matera?", "In Basilicata.", "Quanti abitanti ha?"), "Matera"),
    ],
)
def test_the_second_turn_gets_what_the_first_named(
    rewriter: TrainedRewriter, language: str, said: tuple[str, ...], name: str
) -> None:
    found = ask(rewriter, language, *said)
    assert name in found.text
    assert found.original == said[-1]
    assert found.language == language
    assert not found.standalone
    assert 0 < found.confidence <= 1


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("Where is Colmar?", "In Alsace.", "What is the capital of Norway?")),
        ("zh", ("敦煌在哪个省？", "在甘肃省。", "挪威的首都是哪里？")),
        ("es", ("¿Dónde está Cuenca?", "En Ecuador.", "¿Cuál es la capital de Noruega?")),
        ("fr", ("Où se trouve Colmar ?", "En Alsace.", "Quelle est la capitale de la Norvège ?")),
        ("de", ("Wo liegt Görlitz?", "An der Neiße.", "Was ist die Hauptstadt von Norwegen?")),
        ("ar", ("أين تقع تدمر؟", "في سوريا.", "ما هي عاصمة النرويج؟")),
        ("hi", ("हम्पी कहाँ है?", "कर्नाटक में।", "नॉर्वे की राजधानी क्या है?")),
        ("ru", ("Где находится Суздаль?", "В России.", "Какая столица у Норвегии?")),
        ("ja", ("金沢はどこにありますか？", "石川県です。", "ノルウェーの首都はどこですか？")),
        ("pt", ("Onde fica Óbidos?", "Em Portugal.", "Qual é a capital da Noruega?")),
        ("en", ("Where is Colmar?", "In Alsace.", "Thanks, that helps!")),
    ],
)
def test_a_turn_that_stands_alone_stays_as_it_is(
    rewriter: TrainedRewriter, language: str, said: tuple[str, ...]
) -> None:
    found = ask(rewriter, language, *said)
    assert found.text == said[-1]
    assert found.standalone


def test_any_text_is_survived(rewriter: TrainedRewriter) -> None:
    for text in ("", " ", "?", "\0", "\ud800x", "</s> it?", "它" * 5000, "🙂 it?", "<b>it</b>"):
        found = ask(rewriter, "en", "Where is " + text, text, text or "it?")
        assert found.original == (text or "it?").strip()


def test_no_torch_is_loaded() -> None:
    code = (
        "import sys\n"
        "from convrag.pipeline.follow_ups import load_learned\n"
        "from convrag.config import load_config\n"
        "from convrag.types import *\n"
        "learned = load_learned(load_config(rewriter='trained'))\n"
        "said = (Turn('0', Role.USER, 'Where is Colmar?'),)\n"
        "learned.rewriter.rewrite(Turn('t', Role.USER, 'How old is it?'), Dialogue('d', said))\n"
        "print(sorted({'torch', 'transformers', 'tokenizers'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "[]"
