"""Model references: the forms they have and what their parts mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote

from convrag.errors import ModelError
from convrag.models.catalog import CATALOG

ModelKind = Literal["encoder", "generator"]

_FORMS: dict[ModelKind, tuple[str, ...]] = {
    "encoder": ("packed:PATH", "hf:NAME_OR_DIR", "scripted:hash-DIMENSION"),
    "generator": (
        "hf:NAME_OR_DIR",
        "gguf:PATH[?lora=PATH&chat=1]",
        "openai:BASE_URL#MODEL",
        "scripted:PIECE|PIECE",
    ),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference taken apart: ``scheme:rest``."""

    text: str
    scheme: str
    rest: str


def known_forms(kind: ModelKind) -> str:
    """Return the references an encoder or a generator can have, for a hint."""
    embedded = tuple(name for name, model in CATALOG.items() if model.kind == kind)
    return "known: " + ", ".join(embedded + _FORMS[kind])


def parse_reference(reference: str, kind: ModelKind) -> Reference:
    """Return ``reference`` taken apart.

    Raises:
        ModelError: It has none of the forms known for ``kind``.
    """
    scheme, colon, rest = reference.partition(":")
    schemes = {form.partition(":")[0] for form in _FORMS[kind]}
    if scheme == "embedded":
        known = reference in CATALOG and CATALOG[reference].kind == kind
    else:
        known = bool(colon) and scheme in schemes and (bool(rest) or scheme == "scripted")
    if not known:
        raise ModelError(f"unknown {kind} '{reference}'", known_forms(kind))
    return Reference(reference, scheme, rest)


@dataclass(frozen=True, slots=True)
class GgufReference:
    """A GGUF file, a LoRA adapter with its scale, and whether to use the model's chat template."""

    path: Path
    lora: Path | None = None
    scale: float = 1.0
    chat: bool = False


def parse_gguf(reference: Reference) -> GgufReference:
    """Return the files a ``gguf:PATH[?lora=PATH&scale=NUMBER&chat=1]`` reference names.

    A path with a question mark of its own is written with ``%3F``.

    Raises:
        ModelError: A parameter is unknown or bad, or a file does not exist.
    """
    name, _, query = reference.rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - {"lora", "scale", "chat"})
    if unknown:
        raise ModelError(
            f"{reference.text}: unknown parameter '{unknown[0]}'", "known: lora, scale, chat"
        )
    try:
        scale = float(options.get("scale", "1"))
    except ValueError as error:
        raise ModelError(f"{reference.text}: scale must be a number") from error
    path = Path(unquote(name)).expanduser()
    lora = Path(options["lora"]).expanduser() if "lora" in options else None
    for file in (path, lora):
        if file is not None:
            _check_gguf(file)
    return GgufReference(path, lora, scale, options.get("chat") == "1")


def _check_gguf(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"{path}: no such file", "give the path of a .gguf file")
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    if magic != b"GGUF":
        raise ModelError(f"{path}: not a GGUF file", "give the path of a .gguf file")
