"""Files of scripted dialogues, read and checked against ``dialogue.schema.json``."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from convrag.errors import DialogueError


def read_dialogue(path: Path) -> dict[str, Any]:
    """Return what one YAML file holds.

    Raises:
        DialogueError: The file cannot be read, is not YAML, or breaks the schema; file and line
            are named.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data: dict[str, Any] = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise DialogueError(f"{path}: cannot be read: {error}", "save it as UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise DialogueError(f"{place}: {problem}", "correct the YAML there") from error
    _reject_duplicate_keys(node, path)
    _check(data, node, path)
    return data


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a dialogue file."""
    file = importlib.resources.files("convrag.evaluation") / "dialogue.schema.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def _reject_duplicate_keys(root: yaml.Node | None, path: Path) -> None:
    pending, visited = [root], set[int]()
    while pending:
        node = pending.pop()
        if id(node) in visited:  # an alias may point back at a node it is in
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    place = f"{path}:{key.start_mark.line + 1}"
                    raise DialogueError(
                        f"{place}: '{key.value}' is given twice", "keep one of them"
                    )
                seen.add(key.value)
                pending.append(value)


def _check(data: object, node: yaml.Node | None, path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    errors = sorted(
        validator.iter_errors(data),
        key=lambda error: (_line(node, error.absolute_path), error.message),
    )
    if not errors:
        return
    error = errors[0]
    place = ".".join(str(part) for part in error.absolute_path) or "the file"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    raise DialogueError(
        f"{path}:{_line(node, error.absolute_path)}: {place}: {_problem(error)}{more}",
        "the schema is convrag/evaluation/dialogue.schema.json",
    )


def _problem(error: jsonschema.ValidationError) -> str:
    if error.validator == "not":
        return "an abstained turn has no answer: remove 'answer' or 'abstain'"
    text = " ".join(error.message.split())
    return text if len(text) <= 160 else text[:157] + "..."


def _line(root: yaml.Node | None, path: Sequence[str | int]) -> int:
    """Return the 1-based line where the value at ``path`` starts, or the closest one above it."""
    line, node = 1, root
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == part]
            if not pairs:
                break
            line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
