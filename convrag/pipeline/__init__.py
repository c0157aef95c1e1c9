"""One turn, one way: rewrite, link, retrieve, read, answer; every step is an event."""

from convrag.pipeline.opening import open_pipeline
from convrag.pipeline.stages import Pipeline
from convrag.pipeline.turn import ANSWERABLE

__all__ = ["ANSWERABLE", "Pipeline", "open_pipeline"]
