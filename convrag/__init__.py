"""convrag: conversational, knowledge-graph-augmented retrieval in many languages, offline.

Names are loaded on first use, so that ``import convrag`` is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convrag.errors import ConvragError as ConvragError
    from convrag.pipeline import Pipeline as Pipeline
    from convrag.types import Answer as Answer
    from convrag.types import Dialogue as Dialogue
    from convrag.types import Passage as Passage
    from convrag.types import Triple as Triple

__version__ = "0.1.0"

_HOMES = {
    "Answer": "convrag.types",
    "ConvragError": "convrag.errors",
    "Dialogue": "convrag.types",
    "Passage": "convrag.types",
    "Pipeline": "convrag.pipeline",
    "Triple": "convrag.types",
}

__all__ = ["Answer", "ConvragError", "Dialogue", "Passage", "Pipeline", "Triple", "__version__"]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'convrag' has no attribute '{name}'")
