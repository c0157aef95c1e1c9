"""What convrag itself says, in the asker's language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources


def phrase(kind: str, language: str) -> str:
    """Return the phrase in ``language``, in English where there is no translation.

    Raises:
        KeyError: There is no such kind of phrase.
    """
    wordings = _phrases()[kind]
    return wordings.get(language, wordings["en"])


@cache
def _phrases() -> dict[str, dict[str, str]]:
    text = (
        resources.files("convrag.generation").joinpath("phrases.toml").read_text(encoding="utf-8")
    )
    return tomllib.loads(text)
