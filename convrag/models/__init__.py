"""Models: encoders and generators by reference, from packaged weights, files or servers."""

from __future__ import annotations

from convrag.models.registry import Runtime, load_encoder, load_generator
from convrag.models.status import ModelStatus, model_status
from convrag.models.threads import set_threads

__all__ = [
    "ModelStatus",
    "Runtime",
    "load_encoder",
    "load_generator",
    "model_status",
    "set_threads",
]
