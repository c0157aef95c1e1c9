"""One dialogue file asked in several ways: with other values, and by askers of other manners."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convrag.errors import DialogueError

_PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def variants(data: Mapping[str, Any], path: Path) -> Iterator[dict[str, Any]]:
    """Yield one dialogue's data for each case and persona, with an id of its own.

    ``${name}`` stands for a value of ``variables`` or of the case. A text that is nothing else
    becomes the value itself, so that a number stays one.

    Args:
        data: What the file holds.
        path: The file, for errors.

    Raises:
        DialogueError: A value is not given, is not of the kind that stands there, or a turn has no
            wording for a persona.
    """
    cases = data.get("cases") or [{}]
    personas = data.get("personas") or [""]
    for number, case in enumerate(cases, start=1):
        values = {**data.get("variables", {}), **case}
        for persona in personas:
            name = "-".join(
                [data["id"], *([str(number)] if "cases" in data else []), *filter(None, [persona])]
            )
            filled = _filled({"title": data["title"], "turns": data["turns"]}, values, path)
            turns = [_worded(item, persona, path) for item in filled["turns"]]
            yield {**data, **filled, "id": name, "turns": turns, "persona": persona}


def _filled(value: Any, values: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        filled = {key: _filled(item, values, path) for key, item in value.items()}
        for key in ("value", "tolerance"):
            if key in filled and not isinstance(filled[key], int | float):
                raise DialogueError(
                    f"{path}: '{filled[key]}' is no number", "give it without quotes"
                )
        return filled
    if isinstance(value, list):
        return [_filled(item, values, path) for item in value]
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    if whole:
        return _value(whole[1], values, path)
    return _PLACE.sub(lambda found: str(_value(found[1], values, path)), value)


def _value(name: str, values: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401 - JSON
    if name not in values:
        known = ", ".join(sorted(values)) or "none"
        raise DialogueError(
            f"{path}: no value is given for '${{{name}}}'",
            f"put it into 'variables' or every one of 'cases'; given: {known}",
        )
    return values[name]


def _worded(item: Mapping[str, Any], persona: str, path: Path) -> dict[str, Any]:
    """Return the turn as the persona words it; of branches all their turns."""
    if "branches" in item:
        branches = [
            {**branch, "turns": [_worded(turn, persona, path) for turn in branch["turns"]]}
            for branch in item["branches"]
        ]
        return {**item, "branches": branches}
    user = item["user"]
    if isinstance(user, dict):
        if persona not in user:
            raise DialogueError(
                f"{path}: a turn has no wording for the persona '{persona}'",
                "list in 'personas' those that every turn is worded for",
            )
        user = user[persona]
    return {**item, "user": str(user)}
