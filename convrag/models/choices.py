"""A grammar of llama.cpp (GBNF) that lets a model write one of given texts and nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence


def choice_grammar(choices: Sequence[str]) -> str:
    """Return the grammar of ``choices``, each ended by a line break.

    What several of them begin with is one rule: the sampler's time grows with the rules that are
    open at once.

    Args:
        choices: At least one; of one line each.

    Raises:
        ValueError: There are none, or one is empty or has a line break.
    """
    texts = sorted(set(choices))
    if not texts or not all(texts) or any("\n" in text for text in texts):
        raise ValueError("choices are texts of one line, at least one")
    rules: list[str] = []
    top = _rule([f"{text}\n" for text in texts], rules)
    return "\n".join([f"root ::= {top}", *rules, ""])


def _rule(texts: Sequence[str], rules: list[str]) -> str:
    """Add the rule of sorted ``texts``, none a start of another, and return its name."""
    place = len(rules)
    rules.append("")
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(text[0], []).append(text)
    branches = []
    for group in groups.values():
        start = os.path.commonprefix(group)
        rest = [text[len(start) :] for text in group]
        after = f" {_rule(rest, rules)}" if len(group) > 1 else ""
        branches.append(f"{_quoted(start)}{after}")
    rules[place] = f"r{place} ::= {' | '.join(branches)}"
    return f"r{place}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
