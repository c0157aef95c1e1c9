"""The one way to import an optional package."""

from __future__ import annotations

import importlib
from types import ModuleType

from convrag.errors import MissingDependencyError


def require(module: str, *, extra: str) -> ModuleType:
    """Import ``module``, or say which extra brings it.

    Args:
        module: Dotted name of the optional module.
        extra: Name of the extra of this project that installs it.

    Raises:
        MissingDependencyError: ``module`` (or something it needs) is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"the package for '{module}' is not installed",
            hint=f"install it with: pip install 'convrag[{extra}]'",
        ) from error
