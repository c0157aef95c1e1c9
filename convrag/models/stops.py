"""Stop strings in streamed text, also where one is spread over several pieces."""

from __future__ import annotations

from collections.abc import Sequence


class StopFilter:
    """Lets text through up to the first stop string, holding back what may become one.

    Args:
        stops: Strings generation ends before; empty ones are ignored.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether a stop string was met; nothing comes through after it."""
        return self._stopped

    def feed(self, piece: str) -> str:
        """Return what of the text so far is now sure to be no part of a stop string."""
        if self._stopped:
            return ""
        text = self._held + piece
        # The one complete first counts, so that the pieces' borders change nothing.
        found = [(at + len(stop), at) for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self._stopped, self._held = True, ""
            return text[: min(found)[1]]
        keep = self._longest_start(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """Return the text still held back: the stream ended, so it is no stop string."""
        rest, self._held = self._held, ""
        return rest

    def _longest_start(self, text: str) -> int:
        """Length of the longest end of ``text`` that a stop string begins with."""
        longest = max((len(stop) - 1 for stop in self._stops), default=0)
        for size in range(min(longest, len(text)), 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stops):
                return size
        return 0
