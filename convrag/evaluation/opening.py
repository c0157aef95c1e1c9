"""What answers the dialogues of a run, opened once for each source that is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from convrag.config import Config
from convrag.evaluation.runner import Respondent

if TYPE_CHECKING:
    from collections.abc import Callable

PIPELINE = "pipeline"
"""Names the whole pipeline as what answers."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How what answers is opened; goes to other processes, so it holds nothing that is open."""

    config: Config
    pack: str | None = None
    """Asked for all dialogues; without it and an index each is asked of its own pack."""
    index: Path | None = None
    respondent: str = PIPELINE
    """:data:`PIPELINE`, or a channel of :data:`convrag.evaluation.baselines.CHANNELS`."""
    endpoint: str = ""
    """URL of an OpenAI-compatible server that answers in the pipeline's place."""
    model: str = ""
    attributed: bool = True
    """Whether the stage at fault is looked for."""
    without: tuple[str, ...] = ()
    """Parts of the pipeline to do without; see :class:`convrag.pipeline.Pipeline`."""

    def source(self, pack: str = "") -> str:
        """Return the name of the pack that is asked; empty for the index.

        Args:
            pack: Of a dialogue, asked when the opening names nothing.
        """
        return "" if self.index else self.pack or pack

    def open(self, source: str, progress: Callable[[str, float], None] | None = None) -> Respondent:
        """Return what answers questions to a pack, or to the index.

        Raises:
            ConvragError: It cannot be opened.
        """
        from convrag.evaluation import baselines
        from convrag.models.registry import load_encoder
        from convrag.pipeline import open_pipeline

        if self.endpoint:
            return baselines.Endpoint(self.endpoint, self.model)
        pipeline = open_pipeline(
            self.config,
            pack=source or None,
            index=self.index,
            progress=progress,
            without=self.without,
        )
        if self.respondent != PIPELINE:
            encoder = load_encoder(self.config.encoder, config=self.config)
            return baselines.Channel(pipeline, self.respondent, encoder)
        return pipeline


class Opened:
    """The respondents opened so far."""

    def __init__(
        self,
        opening: Opening,
        progress: Callable[[str, float], None] | None = None,
        on_open: Callable[[Respondent], None] | None = None,
    ) -> None:
        self.opening = opening
        self._progress = progress
        self._on_open = on_open
        self._by_source: dict[str, Respondent] = {}

    def of(self, source: str) -> Respondent:
        """Return what answers questions to a pack, or to the index, opened at first use."""
        if source not in self._by_source:
            self._by_source[source] = self.opening.open(source, self._progress)
            if self._on_open is not None:
                self._on_open(self._by_source[source])
        return self._by_source[source]

    def close(self) -> None:
        """Close all of them."""
        for respondent in self._by_source.values():
            respondent.close()
