"""What makes a run repeatable: hashes of what was asked and of what answered, commit, machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import convrag
from convrag.errors import IndexStoreError
from convrag.evaluation.dialogues import ScriptedDialogue
from convrag.evaluation.opening import PIPELINE, Opening
from convrag.evaluation.runner import Respondent
from convrag.evaluation.store import RunInfo
from convrag.packs import find_pack
from convrag.retrieval.storage import read_manifest

_SECONDS = 5.0


def describe(opening: Opening, dialogues: Sequence[ScriptedDialogue], *, seed: int) -> RunInfo:
    """Return what is known of a run before it begins; nothing in it names a place on the machine.

    Raises:
        ConvragError: A pack or the index cannot be read.
    """
    config = opening.config
    began = datetime.now(UTC).replace(microsecond=0)
    sources = sorted({opening.source(dialogue.pack) for dialogue in dialogues})
    kept = {"encoder", "generator", "reranker", "rewriter", "k", "threads"}
    settings = {name: str(value) for name, value in asdict(config).items() if name in kept}
    if opening.without:
        settings["without"] = ", ".join(opening.without)
    models = {} if opening.endpoint else _sources(opening, sources)
    respondent = opening.respondent
    if opening.endpoint:
        respondent, settings = f"endpoint {opening.model}", {}
    elif respondent != PIPELINE:
        respondent = f"{respondent} alone"
    return RunInfo(
        id=began.strftime("%Y%m%d-%H%M%S"),
        began=began.isoformat().replace("+00:00", "Z"),
        data=hash_dialogues(dialogues),
        dialogues={dialogue.id: len(dialogue.turns) for dialogue in dialogues},
        respondent=respondent,
        source=opening.pack or ("index" if opening.index else ""),
        settings=settings,
        models=models,
        commit=commit(),
        version=convrag.__version__,
        machine={
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": str(os.cpu_count() or 1),
            "python": platform.python_version(),
        },
        seed=seed,
    )


def encoder_of(respondent: Respondent) -> str:
    """Return the id of the encoder that a respondent searches with, its weights' hash in it."""
    holder = getattr(respondent, "index", respondent)
    return str(getattr(holder, "encoder_id", ""))


def hash_dialogues(dialogues: Iterable[ScriptedDialogue]) -> str:
    """Return the SHA-256 of the dialogues' contents, whatever files they are in."""
    digest = hashlib.sha256()
    for dialogue in dialogues:
        data = {key: value for key, value in asdict(dialogue).items() if key != "path"}
        digest.update(json.dumps(data, ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()


def commit() -> str:
    """Return the commit of convrag's sources, ``+`` after it for changes; empty for no checkout."""
    folder = Path(convrag.__file__).resolve().parent
    if not (folder.parent / ".git").exists():
        return ""
    head = _git(folder, "rev-parse", "--short=12", "HEAD")
    return f"{head}+" if head and _git(folder, "status", "--porcelain", "--", ".") else head


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - nothing in it is the user's
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the one on the path
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _sources(opening: Opening, packs: Iterable[str]) -> dict[str, str]:
    """Return the hashes of what is asked, by its name."""
    if opening.index:
        try:
            return {"index": read_manifest(opening.index).uid}
        except IndexStoreError:  # opening it says what is wrong
            return {}
    found: dict[str, str] = {}
    for name in packs:
        pack = find_pack(name)
        digest = hashlib.sha256(pack.graph.read_bytes())
        for file in sorted(pack.passages.rglob("*")):
            if file.is_file():
                digest.update(file.relative_to(pack.passages).as_posix().encode())
                digest.update(file.read_bytes())
        found[f"pack {name}"] = digest.hexdigest()[:16]
    return found
