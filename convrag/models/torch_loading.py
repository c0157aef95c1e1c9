"""Loads what :class:`TorchEncoder` runs: converted packed weights, or a transformers encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from convrag.config import Config
from convrag.errors import ModelError
from convrag.models.encoder_input import Kind
from convrag.models.files import replacing
from convrag.models.packed import PackedModel, read_packed
from convrag.models.packed_bert import bert_from_state, to_bert
from convrag.models.references import Reference
from convrag.models.threads import thread_count
from convrag.models.torch_encoder import TorchEncoder, Window
from convrag.models.verify import file_sha256

_E5_PREFIXES: dict[Kind, str] = {"query": "query: ", "passage": "passage: "}
_MAX_WINDOW = 512
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "config.json", "tokenizer.json")


def load_packed_encoder(
    path: Path, tokenizer: Path, *, encoder_id: str, digest: str, config: Config
) -> TorchEncoder:
    """Return the packed weights as a torch encoder; converted once, then loaded from the cache.

    Args:
        path: The packed file.
        tokenizer: Its ``tokenizer.json``.
        encoder_id: The id to carry, the same as in the C engine.
        digest: SHA-256 of ``path``, the key of the converted weights.
        config: Gives the model cache and the threads.

    Raises:
        ModelError: A file is damaged, or the cache cannot be written.
    """
    packed = read_packed(path)
    header = packed.header
    return TorchEncoder(
        _converted(packed, config.model_cache / f"bert-{digest[:16]}.safetensors"),
        PackedTokenizer(tokenizer, header.positions),
        encoder_id=encoder_id,
        dimension=header.hidden,
        prefixes=_E5_PREFIXES,
        threads=thread_count(config),
    )


def _converted(packed: PackedModel, cached: Path) -> Any:  # noqa: ANN401
    if cached.is_file():
        try:
            return bert_from_state(packed.header, load_file(cached))
        except (SafetensorError, RuntimeError, OSError):
            cached.unlink(missing_ok=True)  # damaged: converted anew
    model = to_bert(packed)
    with replacing(cached) as temporary:
        save_file(dict(model.state_dict()), temporary)
    # The mapped copy needs half the memory of the one just made.
    return bert_from_state(packed.header, load_file(cached))


class PackedTokenizer:
    """Cuts texts into windows the way the C engine does: no overlap, each with its own ends.

    Args:
        path: A ``tokenizer.json``.
        length: Tokens of a window, special tokens included.

    Raises:
        ModelError: The file is no tokenizer.
    """

    pad_id = 1

    def __init__(self, path: Path, length: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises nothing narrower
            raise ModelError(f"{path}: not a tokenizer: {error}") from error
        self._tokenizer.enable_truncation(length, stride=0)

    def windows(self, texts: Sequence[str], *, spans: bool = False) -> list[Window]:
        """Return the windows of all texts, at least one for each, in order."""
        read = self._tokenizer.encode_batch if spans else self._tokenizer.encode_batch_fast
        found = []
        for text, encoding in enumerate(read(list(texts))):
            for part in (encoding, *encoding.overflowing):
                places = part.offsets if spans else ()
                found.append(Window(text, part.ids, max(1, len(part.ids) - 2), places))
        return found


class HfTokenizer:
    """Cuts texts into windows with a transformers tokenizer.

    Args:
        tokenizer: The tokenizer; one without the fast backend keeps only a text's first window.
        length: Tokens of a window, special tokens included.
    """

    def __init__(self, tokenizer: Any, length: int) -> None:  # noqa: ANN401
        self._tokenizer = tokenizer
        self._length = length
        self.pad_id = tokenizer.pad_token_id or 0

    def windows(self, texts: Sequence[str], *, spans: bool = False) -> list[Window]:
        """Return the windows of all texts, at least one for each, in order.

        Raises:
            ModelError: ``spans`` were asked for, and the tokenizer is not a fast one.
        """
        fast = bool(self._tokenizer.is_fast)
        if spans and not fast:
            raise ModelError("this encoder's tokenizer does not say where in a text a token is")
        encoded = self._tokenizer(
            list(texts),
            truncation=True,
            max_length=self._length,
            return_overflowing_tokens=fast,
            return_attention_mask=False,
            return_offsets_mapping=spans,
        )
        owners = encoded["overflow_to_sample_mapping"] if fast else range(len(texts))
        places = encoded["offset_mapping"] if spans else [()] * len(owners)
        return [
            # A tokenizer without special tokens gives nothing for an empty text.
            Window(int(text), ids or [self.pad_id], max(1, len(ids)), place or [(0, 0)] * spans)
            for text, ids, place in zip(owners, encoded["input_ids"], places, strict=True)
        ]


def load_hf_encoder(reference: Reference, config: Config) -> TorchEncoder:
    """Return a transformers encoder (the encoder half of an encoder-decoder) with mean pooling.

    A model on disk is used as it is; otherwise the model hub is asked. Code that comes with a
    model is never run.

    Raises:
        ModelError: The model cannot be found or loaded.
    """
    folder = snapshot(reference)
    quiet_transformers()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = transformers.AutoModel.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        ).eval()
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise load_error(reference, error) from error
    settings = model.config
    if getattr(settings, "is_encoder_decoder", False):
        model = model.get_encoder()
    digest = _folder_digest(folder, config.model_cache)
    return TorchEncoder(
        model,
        HfTokenizer(tokenizer, _window_length(tokenizer, settings)),
        encoder_id=f"{reference.text}@{digest[:8]}",
        dimension=int(getattr(settings, "hidden_size", 0) or settings.d_model),
        prefixes=_prefixes(reference.rest, folder),
        threads=thread_count(config),
    )


def snapshot(reference: Reference) -> Path:
    """Return the folder of an ``hf:`` model: the one named, the cached one, or a fresh download.

    Raises:
        ModelError: There is none, and the model hub cannot give it.
    """
    folder = Path(reference.rest).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelError(f"{folder}: not a model folder (it has no config.json)")
        return folder
    from huggingface_hub import snapshot_download

    patterns = ["*.json", "*.safetensors", "*.model", "*.txt"]
    for local in (True, False):
        try:
            return Path(
                snapshot_download(reference.rest, allow_patterns=patterns, local_files_only=local)
            )
        except (OSError, ValueError, RuntimeError) as error:
            failure = error
    raise load_error(reference, failure) from failure


def load_error(reference: Reference, error: BaseException) -> ModelError:
    """Return the error for a transformers model that does not load, on one line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return ModelError(
        f"{reference.text}: cannot be loaded: {lines[0][:200]}",
        "name a folder with config.json, *.safetensors and a tokenizer, as hf:FOLDER",
    )


def quiet_transformers() -> None:
    """Keep transformers from drawing progress bars and notes over the terminal."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def _window_length(tokenizer: Any, settings: Any) -> int:  # noqa: ANN401
    limits = [_MAX_WINDOW, int(tokenizer.model_max_length)]
    positions = getattr(settings, "max_position_embeddings", None)
    if positions:
        # RoBERTa and its kin count positions from pad_token_id + 1.
        offset = 2 if "roberta" in settings.model_type or settings.model_type == "camembert" else 0
        limits.append(int(positions) - offset)
    return min(limits)


def _prefixes(name: str, folder: Path) -> dict[Kind, str]:
    """Return what the model wants before a text: as its own file says, or the custom of E5."""
    try:
        text = (folder / "config_sentence_transformers.json").read_text(encoding="utf-8")
        prompts = json.loads(text).get("prompts") or {}
    except (OSError, ValueError, AttributeError):
        prompts = {}
    if isinstance(prompts, dict) and isinstance(prompts.get("query"), str):
        passage = prompts.get("passage", prompts.get("document", ""))
        return {"query": prompts["query"], "passage": passage if isinstance(passage, str) else ""}
    return dict(_E5_PREFIXES) if "e5" in name.lower() else {"query": "", "passage": ""}


def _folder_digest(folder: Path, cache: Path) -> str:
    digest = hashlib.sha256()
    for pattern in _WEIGHTS:
        for path in sorted(folder.glob(pattern)):
            digest.update(f"{path.name} {file_sha256(path, cache)}\n".encode())
    return digest.hexdigest()
