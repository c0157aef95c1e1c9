"""Models: encoders and generators by reference, from packaged weights, files or servers."""

from __future__ import annotations

from convrag.models.registry import Runtime, load_encoder, load_generator

__all__ = ["Runtime", "load_encoder", "load_generator"]
