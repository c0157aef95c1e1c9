"""The command line run in this process, with a pipeline that answers from a table."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from convrag.errors import ModelError
from convrag.events import Event, Failed, Finished, Linked, Read, Retrieved, Rewritten, TextChunk
from convrag.types import (
    Answer,
    Citation,
    Dialogue,
    Evidence,
    Filter,
    Mode,
    Passage,
    Query,
    Reading,
    Role,
    Status,
    Triple,
    Turn,
)

ANYTHING = Filter()
HOSTILE = "Vienna \x1b[31m[bold]\u202e[/x] \x07"

PASSAGE = Evidence(
    Passage("p1", HOSTILE, "Das [b]Buch\x1b]0;owned\x07", "de", "a/b.md", (0, 9), page=3),
    1.0,
    1,
    {},
)
TRIPLE = Evidence(Triple("urn:a", "urn:capital", "urn:v"), 0.5, 2, {"graph": 1})


class FakePipeline:
    """Says ``Vienna`` to everything; fails at ``boom``."""

    name = "world"
    languages = ("en", "zh")
    examples = ("What is the capital of Austria?",)

    def __init__(self, pack: str | None, index: Path | None) -> None:
        self.pack, self.index = pack, index
        self.asked: list[tuple[Dialogue, Turn]] = []
        self.filters: list[Filter] = []
        self.without: tuple[str, ...] = ()
        self.closed = False

    def respond(
        self, dialogue: Dialogue, turn: Turn, *, filter: Filter = ANYTHING
    ) -> Iterator[Event]:
        self.asked.append((dialogue, turn))
        self.filters.append(filter)
        query = Query(turn.text, turn.text, turn.language or "en", filter=filter)
        yield Rewritten(query, 0.1)
        yield Linked((), 0.1)
        yield Retrieved((PASSAGE, TRIPLE), 0.1)
        yield Read(Reading((), 1.0), 0.1)
        if turn.text == "boom":
            yield Failed(ModelError("the model broke\nbadly", "take another one"))
            return
        if turn.text == "interrupt":
            raise KeyboardInterrupt
        if turn.text == "bug":
            raise RuntimeError("a bug")
        text = "The capital is Vienna [1][2]."
        for piece in ("The capital ", "is Vienna ", "[1][2]."):
            yield TextChunk(piece)
        citations = (Citation(1, "p1", (0, 6)), Citation(2, TRIPLE.id, (0, 0)))
        answer = Answer(
            text, "en", citations, (PASSAGE, TRIPLE), query, Status.COMPLETE, Mode.GRAPH, {}
        )
        reply = Turn(turn.id + "a", Role.ASSISTANT, text, "en", turn.created)
        yield Finished(answer, dataclasses.replace(dialogue, turns=(*dialogue.turns, turn, reply)))

    def evidence_text(self, evidence: Evidence, *, language: str) -> str:
        return f"Austria: capital {HOSTILE}"

    def title(self, evidence: Evidence, *, language: str) -> str:
        assert isinstance(evidence.item, Passage)
        return evidence.item.title

    def expand_curie(self, text: str) -> str:
        return text.replace("w:", "urn:")

    def close(self) -> None:
        self.closed = True


@dataclass
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("CONVRAG_HOME", str(folder))
    for name in ("ENCODER", "GENERATOR", "THREADS", "K", "THEME", "DEBUG"):
        monkeypatch.delenv(f"CONVRAG_{name}", raising=False)
    return folder


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two bundled packs in a folder of their own."""
    folder = tmp_path / "data"
    for name, title in (("world", "The World"), ("helpdesk", "Kundendienst 客服")):
        pack = folder / "kg" / name
        (pack / "passages").mkdir(parents=True)
        (pack / "graph.ttl").touch()
        (pack / "pack.toml").write_text(
            f'title = "{title}"\nlanguages = ["en", "zh"]\ndescription = "About {name}"\n'
            '[examples]\nen = ["What?"]\nzh = ["什么？"]\n',
            encoding="utf-8",
        )
    (folder / "dialogues").mkdir()
    monkeypatch.setattr("convrag.packs._data", lambda name: folder / name)
    return folder


@pytest.fixture
def opened(home: Path, packs: Path, monkeypatch: pytest.MonkeyPatch) -> list[FakePipeline]:
    """The pipelines that commands opened; no real one is loaded."""
    made: list[FakePipeline] = []

    def open_pipeline(
        config: object,
        *,
        pack: str | None = None,
        index: Path | None = None,
        progress: Callable[[str, float], None] | None = None,
        without: Sequence[str] = (),
    ) -> FakePipeline:
        if progress:
            progress("opening", 0.5)
        made.append(FakePipeline(pack, index))
        made[-1].without = tuple(without)
        return made[-1]

    module = types.ModuleType("convrag.pipeline")
    module.open_pipeline = open_pipeline  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "convrag.pipeline", module)
    return made


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``convrag ARGS...`` and return its exit code, stdout and stderr."""
    from convrag.cli.main import main

    def go(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["convrag", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return Outcome(int(caught.value.code or 0), said.out, said.err)

    return go
