"""Labels worked by hand, in many scripts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from convrag.dialogue.context import Context
from convrag.text.segment import words
from convrag.training.examples import Example, exchange
from convrag.training.labels import DELETE, REPLACE, Labels, label


def labelled(
    language: str,
    said: str,
    turn: str,
    rewrite: str,
    kind: str = "reference",
    needs: Sequence[str] = (),
) -> tuple[Labels, list[str], dict[str, int]]:
    """Return the labels, the words of the history that are terms, and the edited words."""
    example = Example(
        "x", language, exchange([(said, "")]), turn, rewrite, kind, "s", needs=tuple(needs)
    )
    places = [(n, span) for n, text in enumerate((said, turn)) for span in words(text)]
    blank = (0,) * len(places)
    context = Context((said, turn), blank, blank, tuple(places))
    found = label(example, context)
    texts = [context.texts[n][a:b] for n, (a, b) in places]
    terms = [text for text, term in zip(texts, found.terms, strict=True) if term == 1]
    edits = {text: tag for text, tag in zip(texts, found.tags, strict=True) if tag > 0}
    return found, terms, edits


@pytest.mark.parametrize(
    ("language", "said", "turn", "rewrite", "needs", "terms", "edits"),
    [
        ("en", "Where is Oslo?", "Is it big?", "Is Oslo big?", (), ["Oslo"], {"it": REPLACE}),
        ("en", "Tell me of rivers.", "How long?", "How long is a river?", (), ["rivers"], {}),
        ("de", "Wo liegt Bonn?", "Ist es alt?", "Ist Bonn alt?", (), ["Bonn"], {"es": REPLACE}),
        ("ru", "Где Омск?", "А население?", "А население в городе Омск?", ("Омск",), ["Омск"], {}),
        ("zh", "长江在哪里？", "有多长？", "长江有多长？", ("长江",), ["长", "江"], {}),
        ("ja", "富士山はどこ？", "高さは？", "富士山の高さは？", (), list("富士山"), {}),
        ("ar", "أين بغداد؟", "كم عدد السكان؟", "كم عدد سكان بغداد؟", ("بغداد",), ["بغداد"], {}),
        ("hi", "पटना कहाँ है?", "आबादी?", "पटना की आबादी?", ("पटना",), ["पटना"], {}),
    ],
)  # fmt: skip
def test_words_of_the_full_turn_are_found_in_the_history(
    language: str,
    said: str,
    turn: str,
    rewrite: str,
    needs: tuple[str, ...],
    terms: list[str],
    edits: dict[str, int],
) -> None:
    found, marked, edited = labelled(language, said, turn, rewrite, needs=needs)
    assert found.gate == 1
    assert marked == terms
    assert edited == edits


def test_a_standalone_turn_needs_nothing() -> None:
    found, terms, edits = labelled("en", "Where is Oslo?", "Hi Oslo", "Hi Oslo", "standalone")
    assert (found.gate, terms, edits) == (0, [], {})


def test_a_false_start_is_taken_away() -> None:
    found, terms, edits = labelled(
        "en", "Where is Rome?", "How old is Rome no wait Oslo?", "How old is Oslo?", "restart"
    )
    assert (found.gate, terms) == (0, [])
    assert edits == {"Rome": DELETE, "no": DELETE, "wait": DELETE}


def test_where_the_history_has_nothing_of_it_the_gate_is_not_known() -> None:
    found, terms, _ = labelled("en", "Where is Rome?", "Who?", "Who painted the Mona Lisa?")
    assert (found.gate, terms) == (-1, [])


def test_a_turn_that_is_only_worded_otherwise_needs_nothing() -> None:
    found, terms, _ = labelled("en", "Where is Rome?", "Is there a zoo?", "Is there any zoo?")
    assert (found.gate, terms) == (0, [])
