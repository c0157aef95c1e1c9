"""The one error tree: every deliberate failure says where it happened and what to do next."""

from __future__ import annotations


class ConvragError(Exception):
    """Root of every error convrag raises on purpose.

    Args:
        message: What went wrong and where (file:line, key or name), one line.
        hint: What the user can do about it, one line; empty when nothing helps.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(ConvragError):
    """The request itself cannot be met: unknown pack, missing path, bad option."""

    exit_code = 2


class ConfigError(ConvragError):
    """A setting is unknown or has a bad value."""

    exit_code = 2


class DocumentError(ConvragError):
    """A document cannot be read as text."""

    exit_code = 3


class GraphError(ConvragError):
    """A graph file is not valid RDF, or a graph operation names an unknown term."""

    exit_code = 3


class IndexStoreError(ConvragError):
    """An index is missing, damaged, locked, or was made with another encoder."""

    exit_code = 4


class ModelError(ConvragError):
    """A model is unknown, missing, damaged, or failed to run."""

    exit_code = 5


class MissingDependencyError(ConvragError):
    """An optional package is not installed."""

    exit_code = 5


class DialogueError(ConvragError):
    """A scripted dialogue file is not valid."""

    exit_code = 3


class DatasetError(ConvragError):
    """A file of a data set does not have the set's format."""

    exit_code = 3


class RunError(ConvragError):
    """A kept evaluation run is damaged, or cannot be gone on with."""

    exit_code = 4


class SessionError(ConvragError):
    """A stored session is missing or damaged."""

    exit_code = 4
