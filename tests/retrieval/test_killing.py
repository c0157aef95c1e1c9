"""A process that is killed at any moment leaves a sound index with all that was committed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.retrieval.killing import WORK, ordeal


@pytest.mark.parametrize("what", WORK)
def test_a_killed_process_leaves_a_sound_index(tmp_path: Path, what: str):
    ordeal(tmp_path / "索引 index", what, random.Random(f"20 {what}"))  # noqa: S311 (moments)
