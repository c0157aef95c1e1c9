"""The grammar that holds a model to given texts: it accepts these and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrag.models.choices import choice_grammar

LINE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12)


def accepted(grammar: str) -> set[str]:
    """Return every text that the grammar allows, worked out from its rules."""
    rules: dict[str, str] = dict(line.split(" ::= ", 1) for line in grammar.splitlines())

    def expand(name: str) -> set[str]:
        found: set[str] = set()
        for literal, rest in re.findall(r'"((?:\\.|[^"\\])*)"(?: (r\d+))?', rules[name]):
            text = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), literal)
            found |= {text + end for end in (expand(rest) if rest else {""})}
        return found

    assert rules["root"] == "r0"
    return expand("r0")


@given(st.lists(LINE, min_size=1, max_size=20))
def test_the_grammar_accepts_the_choices_and_nothing_else(choices: list[str]) -> None:
    assert accepted(choice_grammar(choices)) == {f"{choice}\n" for choice in choices}


def test_choices_in_many_scripts_share_what_they_begin_with() -> None:
    choices = ["Oslo", "Oslo fjord", "长江", "长江大桥", "बेरूत", "بيروت", "Омск", "서울", 'a "b\\c"']
    grammar = choice_grammar(choices)
    assert accepted(grammar) == {f"{choice}\n" for choice in choices}
    assert grammar.count("Oslo") == grammar.count("长江") == 1


@pytest.mark.parametrize("choices", [[], [""], ["a", "b\nc"]])
def test_choices_that_are_no_lines_are_refused(choices: list[str]) -> None:
    with pytest.raises(ValueError, match="one line"):
        choice_grammar(choices)
