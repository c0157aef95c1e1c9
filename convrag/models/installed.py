"""Where the files of the embedded models lie, found without importing their packages."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from convrag.errors import ModelError
from convrag.models.catalog import EmbeddedModel, WeightFile
from convrag.models.files import replacing
from convrag.models.verify import verify_file

_BLOCK = 1 << 20


def package_folder(module: str) -> Path | None:
    """Return the folder of an installed top-level package, or None. The package is not imported."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def locate(file: WeightFile) -> Path | None:
    """Return where an installed file lies, or None when its package or the file is missing."""
    folder = package_folder(file.module)
    if folder is None:
        return None
    path = folder / file.path
    return path if path.is_file() else None


def missing_files(model: EmbeddedModel) -> tuple[WeightFile, ...]:
    """Return the files of ``model`` that are not installed."""
    return tuple(file for file in model.files if locate(file) is None)


def verified_path(model: EmbeddedModel, file: WeightFile, cache: Path) -> Path:
    """Return where ``file`` lies, after its hash was found right.

    Raises:
        ModelError: The file is missing, unreadable or damaged.
    """
    path = locate(file)
    if path is None:
        raise ModelError(
            f"{model.reference}: '{file.path}' of package '{file.module}' is not installed",
            model.remedy,
        )
    verify_file(path, file.sha256, cache, model.remedy)
    return path


def assembled_path(model: EmbeddedModel, cache: Path) -> Path:
    """Return the model as one verified file, put together from its parts at first use.

    Raises:
        ModelError: A part is missing or damaged, or the cache cannot be written.
    """
    if len(model.files) == 1:
        return verified_path(model, model.files[0], cache)
    target = cache / model.file_name
    if target.is_file():
        try:
            verify_file(target, model.sha256, cache, model.remedy)
        except ModelError:
            target.unlink(missing_ok=True)  # a damaged copy in our own cache is simply made anew
        else:
            return target
    parts = []
    for file in model.files:
        part = locate(file)
        if part is None:
            raise ModelError(
                f"{model.reference}: '{file.path}' of package '{file.module}' is not installed",
                model.remedy,
            )
        parts.append(part)
    _concatenate(model, parts, target)
    return target


def _concatenate(model: EmbeddedModel, parts: list[Path], target: Path) -> None:
    digest = hashlib.sha256()
    with replacing(target) as temporary:
        with temporary.open("wb") as output:
            for part in parts:
                with part.open("rb") as stream:
                    while block := stream.read(_BLOCK):
                        digest.update(block)
                        output.write(block)
        if digest.hexdigest() != model.sha256:
            raise ModelError(
                f"{model.reference}: the installed parts do not make the pinned file", model.remedy
            )
