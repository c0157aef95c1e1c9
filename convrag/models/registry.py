"""From a model reference to a model that is ready to run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from convrag.config import Config
from convrag.errors import ModelError
from convrag.models.catalog import CATALOG, E5_SMALL
from convrag.models.engine import EngineEncoder, engine_library
from convrag.models.installed import assembled_path, verified_path
from convrag.models.references import Reference, parse_gguf, parse_reference
from convrag.models.threads import set_threads, thread_count
from convrag.models.verify import file_sha256
from convrag.protocols import Encoder, Generator

Runtime = Literal["auto", "engine", "torch"]


def load_encoder(reference: str, *, config: Config, runtime: Runtime = "auto") -> Encoder:
    """Return the encoder ``reference`` names.

    Args:
        reference: ``embedded:e5-small``, ``packed:PATH``, ``hf:NAME_OR_DIR`` or
            ``scripted:hash-64``.
        config: Gives the model cache and the threads.
        runtime: Of packed weights: ``engine`` starts at once and is best for queries, ``torch``
            encodes many passages faster. ``auto`` is the engine where it can run.

    Raises:
        ModelError: The reference is unknown, or the model is missing, damaged or cannot be loaded.
    """
    parsed = parse_reference(reference, "encoder")
    set_threads(thread_count(config))
    if parsed.scheme == "scripted":
        from convrag.models.scripted import HashEncoder

        return HashEncoder.from_reference(parsed)
    if parsed.scheme == "hf":
        if runtime == "engine":
            raise ModelError(f"{reference}: the C engine runs packed weights only", "use torch")
        from convrag.models.torch_loading import load_hf_encoder

        return load_hf_encoder(parsed, config)
    return _load_packed(parsed, config, runtime)


def load_generator(reference: str, *, config: Config) -> Generator:
    """Return the generator ``reference`` names.

    Args:
        reference: ``embedded:gemma3-270m``, ``embedded:smollm2``, ``hf:NAME_OR_DIR``,
            ``gguf:PATH[?lora=PATH&chat=1]``, ``openai:BASE_URL#MODEL`` or ``scripted:PIECE|PIECE``.
        config: Gives the model cache and the threads.

    Raises:
        ModelError: The reference is unknown, or the model is missing, damaged or cannot be loaded.
        MissingDependencyError: The optional package that runs it is not installed.
    """
    parsed = parse_reference(reference, "generator")
    threads = thread_count(config)
    set_threads(threads)
    if parsed.scheme == "scripted":
        from convrag.models.scripted import ScriptedGenerator

        return ScriptedGenerator.from_reference(parsed)
    if parsed.scheme == "openai":
        from convrag.models.openai_api import load_openai

        return load_openai(parsed)
    if parsed.scheme == "hf":
        from convrag.models.hf_generator import load_hf_generator

        return load_hf_generator(parsed)
    from convrag.models.llamacpp import LlamaCppGenerator

    if parsed.scheme == "gguf":
        files = parse_gguf(parsed)
        return LlamaCppGenerator(
            files.path,
            reference=reference,
            threads=threads,
            lora=files.lora,
            scale=files.scale,
            chat=files.chat,
        )
    model = CATALOG[reference]
    path = assembled_path(model, config.model_cache)
    return LlamaCppGenerator(path, reference=reference, threads=threads, chat=model.chat)


def _load_packed(parsed: Reference, config: Config, runtime: Runtime) -> Encoder:
    cache = config.model_cache
    if parsed.scheme == "embedded":
        path = verified_path(E5_SMALL, E5_SMALL.files[0], cache)
        digest, dimension = E5_SMALL.sha256, 384
    else:
        from convrag.models.packed import read_header

        path = Path(parsed.rest).expanduser()
        # The engine trusts the file it maps, so a file of unknown origin is checked whole first.
        dimension = read_header(path).hidden
        digest = file_sha256(path, cache)
    encoder_id = f"{parsed.text}@{digest[:8]}"
    if runtime == "engine" or (runtime == "auto" and engine_library() is not None):
        return EngineEncoder(
            path, encoder_id=encoder_id, threads=thread_count(config), dimension=dimension
        )
    from convrag.models.torch_loading import load_packed_encoder

    tokenizer = verified_path(E5_SMALL, E5_SMALL.files[1], cache)
    return load_packed_encoder(path, tokenizer, encoder_id=encoder_id, digest=digest, config=config)


__all__ = ["Runtime", "load_encoder", "load_generator"]
