"""Settings: defaults, then ``$CONVRAG_HOME/config.toml``, then ``CONVRAG_*``, then arguments."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from convrag.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one process."""

    home: Path
    """Where indexes, sessions and converted models are kept."""
    encoder: str = "embedded:e5-small"
    generator: str = "none"
    """A model reference, or ``none``: answer with sentences and triples only."""
    threads: int = 0
    """Threads for every numeric library; 0 means one per available core."""
    k: int = 8
    """Pieces of evidence kept for an answer."""
    reranker: str = ""
    """``late``, or ``hf:NAME_OR_DIR`` for a cross-encoder; empty for none."""
    rewriter: str = "auto"
    """Makes follow-ups stand alone: ``rules`` over the graph; ``trained`` or ``trained:FILE``, on
    the words of the dialogue; ``auto``, the trained one where the graph knows nothing of what
    the dialogue is about; or a generator's reference, asked in its place."""
    theme: str = "convrag-dark"

    @property
    def thread_count(self) -> int:
        """``threads``, or the number of cores this process may use."""
        return self.threads or len(os.sched_getaffinity(0))

    @property
    def sessions_path(self) -> Path:
        """The SQLite file of the kept conversations."""
        return self.home / "sessions.sqlite"

    @property
    def indexes(self) -> Path:
        """The folder of the packs' own indexes."""
        return self.home / "indexes"

    @property
    def model_cache(self) -> Path:
        """The folder of converted and assembled models."""
        return self.home / "models"


def default_home() -> Path:
    """Return ``$CONVRAG_HOME`` or the platform's user cache directory for convrag."""
    home = os.environ.get("CONVRAG_HOME")
    return Path(home).expanduser() if home else Path(platformdirs.user_cache_dir("convrag"))


def load_config(**overrides: object) -> Config:
    """Return the settings in force; an override that is None counts as not given.

    Raises:
        ConfigError: The file is not valid TOML, or a key or value is not one convrag knows.
    """
    home = default_home()
    path = home / "config.toml"
    values: dict[str, object] = {}
    if path.is_file():
        try:
            values.update(_checked(tomllib.loads(path.read_text(encoding="utf-8")), str(path)))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {error}", "fix or remove the file") from error
    environment = {
        name: os.environ[f"CONVRAG_{name.upper()}"]
        for name in _KINDS
        if os.environ.get(f"CONVRAG_{name.upper()}")
    }
    values.update(_checked(environment, "environment variable CONVRAG_*"))
    given = {key: value for key, value in overrides.items() if value is not None}
    values.update(_checked(given, "option"))
    return Config(home=home, **values)  # type: ignore[arg-type]


_KINDS: dict[str, type] = {
    f.name: int if f.type == "int" else str for f in dataclasses.fields(Config) if f.name != "home"
}


def _checked(values: Mapping[str, object], place: str) -> dict[str, object]:
    checked: dict[str, object] = {}
    for key, value in values.items():
        if key not in _KINDS:
            raise ConfigError(f"{place}: unknown setting '{key}'", f"known: {', '.join(_KINDS)}")
        kind = _KINDS[key]
        try:
            checked[key] = kind(value)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"{place}: '{key}' must be a {kind.__name__}, not {value!r}"
            ) from error
    for key in ("threads", "k"):
        number = checked.get(key, 1)
        if isinstance(number, int) and number < (0 if key == "threads" else 1):
            raise ConfigError(f"{place}: '{key}' is too small: {number}")
    return checked
