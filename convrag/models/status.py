"""What of the embedded models is installed and sound, for ``convrag doctor``."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from convrag.config import Config
from convrag.errors import ModelError
from convrag.models.catalog import CATALOG, EmbeddedModel
from convrag.models.engine import engine_library
from convrag.models.installed import locate, missing_files
from convrag.models.verify import file_sha256


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One embedded model. ``verified`` is None when it is not installed; ``remedy`` is empty when
    nothing is amiss."""

    reference: str
    package: str
    installed: bool
    verified: bool | None
    path: Path | None
    licence: str
    remedy: str


def model_status(config: Config) -> tuple[ModelStatus, ...]:
    """Return the state of every embedded model, in the catalogue's order; no model is loaded."""
    return tuple(_status(model, config.model_cache) for model in CATALOG.values())


def _status(model: EmbeddedModel, cache: Path) -> ModelStatus:
    if missing_files(model):
        return ModelStatus(
            model.reference, model.package, False, None, None, model.licence, model.remedy
        )
    paths = [path for file in model.files if (path := locate(file)) is not None]
    try:
        verified = all(
            file_sha256(path, cache) == file.sha256
            for path, file in zip(paths, model.files, strict=True)
        )
    except ModelError:
        verified = False
    remedy = _runtime_remedy(model) if verified else model.remedy
    return ModelStatus(
        model.reference, model.package, True, verified, paths[0], model.licence, remedy
    )


def _runtime_remedy(model: EmbeddedModel) -> str:
    """Return what to do when the weights are sound but what runs them is not there."""
    if model.kind == "encoder":
        if engine_library() is None:
            return (
                "the C engine cannot run here (it needs AVX2): torch is used, which starts slower"
            )
        return ""
    if importlib.util.find_spec("xllamacpp") is None:
        return "pip install 'convrag[llamacpp]'"
    return ""
