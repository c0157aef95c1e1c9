"""Kept runs: a folder each, with what was run and how in one file and every turn in another.

Turns are written dialogue by dialogue, one line each and one that ends the dialogue, so that an
interrupted run is gone on with where it stopped. A dialogue without that line was not asked.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from convrag.errors import RunError, UsageError
from convrag.evaluation.records import ScoredTurn, from_json, to_json
from convrag.files import replace_file

SCHEMA = "convrag.run/1"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ABOUT = "run.json"
_TURNS = "turns.jsonl"
_END = "end"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What was run, on what, and how; what two runs with the same numbers have the same of."""

    id: str
    began: str
    """UTC, ISO 8601, to the second."""
    data: str
    """SHA-256 of the dialogues or the set, in order."""
    dialogues: Mapping[str, int]
    """How many turns each dialogue has, in the order in which they are asked."""
    respondent: str
    """What answers: ``pipeline``, a retriever's name, or a model behind an endpoint."""
    source: str = ""
    """The pack or index asked; empty where each dialogue is asked of its own pack."""
    settings: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    """Ids of the models, with the hash of their weights where they have one."""
    commit: str = ""
    """Of convrag's sources, where they are a checkout; ``+`` after it for changed files."""
    version: str = ""
    machine: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    finished: bool = False

    @property
    def turns(self) -> int:
        """How many turns the dialogues have; of branches not all are asked."""
        return sum(self.dialogues.values())

    def same_work(self, other: RunInfo) -> bool:
        """Return whether turns of the other run can stand in this one."""
        return _work(self) == _work(other)


def _work(info: RunInfo) -> tuple[object, ...]:
    settings = {name: value for name, value in info.settings.items() if name != "threads"}
    models = {name: value for name, value in info.models.items() if name != "encoder"}
    return info.data, dict(info.dialogues), info.respondent, info.source, models, settings


class RunStore:
    """The kept runs of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self) -> tuple[RunInfo, ...]:
        """Return all runs, newest first; a folder without a readable run is left out."""
        found = []
        for path in self._folder.glob(f"*/{_ABOUT}"):
            try:
                found.append(_read_info(path))
            except RunError:
                continue
        return tuple(sorted(found, key=lambda info: (info.began, info.id), reverse=True))

    def open(self, name: str) -> KeptRun:
        """Return the run of this id, or the newest one when ``name`` is ``last``.

        Raises:
            UsageError: There is no such run.
            RunError: Its files are damaged.
        """
        if name == "last":
            runs = self.list()
            if not runs:
                raise UsageError("no run is kept", "make one with: convrag eval PATHS")
            name = runs[0].id
        path = self._folder / name / _ABOUT
        if not _ID.fullmatch(name) or not path.is_file():
            raise UsageError(f"there is no run '{name}'", "list them with: convrag eval runs")
        return KeptRun(path.parent, _read_info(path))

    def newest(self, info: RunInfo, *, since: str = "") -> KeptRun | None:
        """Return the newest run of the same work; None when there is none.

        Args:
            info: Says what the work is.
            since: When it began at the earliest, as runs say it.

        Raises:
            RunError: Its files are damaged.
        """
        found = (run for run in self.list() if run.same_work(info) and run.began >= since)
        return next((self.open(run.id) for run in found), None)

    def remove(self, name: str) -> None:
        """Delete the run of this id with all its turns.

        Raises:
            UsageError: There is no such run.
        """
        if (
            name == "last"
            or not _ID.fullmatch(name)
            or not (self._folder / name / _ABOUT).is_file()
        ):
            raise UsageError(f"there is no run '{name}'", "list them with: convrag eval runs")
        shutil.rmtree(self._folder / name)

    def create(self, info: RunInfo) -> KeptRun:
        """Return a new run without turns; a number is put after an id that is taken."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name, number = info.id, 1
        while True:
            folder = self._folder / name
            try:
                folder.mkdir()
                break
            except FileExistsError:
                number += 1
                name = f"{info.id}-{number}"
        run = KeptRun(folder, RunInfo(**{**_fields(info), "id": name}))
        run.save()
        return run


class KeptRun:
    """One run: written while it goes on, read afterwards."""

    def __init__(self, folder: Path, info: RunInfo) -> None:
        self._folder = folder
        self.info = info

    def add(self, dialogue: str, turns: Sequence[ScoredTurn]) -> None:
        """Keep all turns of one dialogue; they are on disk when this returns."""
        with (self._folder / _TURNS).open("a", encoding="utf-8") as file:
            file.write(_lines(dialogue, turns))
            file.flush()
            os.fsync(file.fileno())

    def turns(self) -> tuple[ScoredTurn, ...]:
        """Return the turns of the dialogues that were asked to the end, in the run's order.

        Raises:
            RunError: A line before the last one is no scored turn.
        """
        return tuple(turn for turns in self._ended().values() for turn in turns)

    def clean(self) -> frozenset[str]:
        """Return the dialogues asked to the end, after all else was taken out of the file.

        Raises:
            RunError: A line before the last one is no scored turn.
        """
        kept = self._ended()
        replace_file(self._folder / _TURNS, (_lines(name, kept[name]).encode() for name in kept))
        return frozenset(kept)

    def _ended(self) -> dict[str, list[ScoredTurn]]:
        """Return the turns of the dialogues that were asked to the end, in the run's order."""
        ended: dict[str, list[ScoredTurn]] = {}
        open_: list[ScoredTurn] = []
        for line in self._read():
            if isinstance(line, str):
                ended[line] = [turn for turn in open_ if turn.dialogue == line]
                open_ = []
            else:
                open_.append(line)
        return {name: ended[name] for name in self.info.dialogues if name in ended}

    def check_encoder(self, encoder: str) -> None:
        """Note which encoder is searched with.

        Raises:
            RunError: Turns were kept that were searched with another one.
        """
        known = self.info.models.get("encoder", "")
        if not encoder or encoder == known:
            return
        if known:
            raise RunError(
                f"the run {self.info.id} was made with the encoder {known}, not {encoder}",
                "begin a new run without --resume",
            )
        models = {**self.info.models, "encoder": encoder}
        self.info = RunInfo(**{**_fields(self.info), "models": models})
        self.save()

    def finish(self) -> None:
        """Note that every dialogue was asked."""
        self.info = RunInfo(**{**_fields(self.info), "finished": True})
        self.save()

    def save(self) -> None:
        """Write what is known of the run."""
        data = {"schema": SCHEMA, **asdict(self.info)}
        text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
        replace_file(self._folder / _ABOUT, [text.encode()])

    def _read(self) -> Iterator[ScoredTurn | str]:
        """Yield the turns, and the name of a dialogue where it ends."""
        path = self._folder / _TURNS
        if not path.is_file():
            return
        lines = path.read_bytes().split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                data = json.loads(line.decode("utf-8"))
                yield str(data[_END]) if _END in data else from_json(data)
            except (ValueError, TypeError, UsageError) as error:
                if number == len(lines):  # no line end: it was being written when the run stopped
                    return
                raise RunError(
                    f"{path.name}:{number}: {error}", "this run is damaged; make it anew"
                ) from error


def _lines(dialogue: str, turns: Sequence[ScoredTurn]) -> str:
    values = [*(to_json(turn) for turn in turns), {_END: dialogue}]
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _fields(info: RunInfo) -> dict[str, Any]:
    return {name: getattr(info, name) for name in RunInfo.__dataclass_fields__}


def _read_info(path: Path) -> RunInfo:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        schema = data.pop("schema", "")
        info = RunInfo(**data)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise RunError(f"{path}: no readable run: {error}", "make the run anew") from error
    if schema != SCHEMA:
        raise RunError(
            f"{path}: the schema is '{schema}', not '{SCHEMA}'",
            "read it with the version that wrote it",
        )
    return info
