from __future__ import annotations

import importlib
import sys
import types
from dataclasses import dataclass, replace
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Report:
    added: int = 2
    updated: int = 1
    unchanged: int = 3
    deleted: int = 0
    passages: int = 20
    triples: int = 7
    refusals: tuple[object, ...] = ()
    duplicates: int = 0


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Calls of the index builder; nothing is built. ``outcome`` of the module is what it gives."""
    calls: list[dict[str, object]] = []
    module = importlib.import_module("convrag.indexing")
    monkeypatch.setattr(module, "outcome", Report(), raising=False)

    def build_index(paths: list[Path], into: Path, encoder: object, **options: object) -> object:
        calls.append({"paths": paths, "into": into, "encoder": encoder, **options})
        options["progress"]("Bücher/河.md\x1b[31m", 0.5)  # type: ignore[operator]
        if isinstance(module.outcome, BaseException):
            raise module.outcome
        return module.outcome

    monkeypatch.setattr(module, "build_index", build_index)
    monkeypatch.setattr(
        "convrag.models.registry.load_encoder", lambda reference, **_: f"encoder {reference}"
    )
    return calls


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "河 über.md"
    path.write_text("多瑙河", encoding="utf-8")
    return path


def test_the_summary_is_on_stdout_and_progress_on_stderr(run, built, document, home) -> None:
    done = run("index", str(document))
    assert done.code == 0
    assert done.out.startswith("2 added, 1 updated, 3 unchanged, 0 deleted, 0 refused: 20 passages")
    assert "Bücher/河.md" in done.err
    assert "\x1b" not in done.err
    assert f"convrag chat --index {home / 'documents'}" in done.err
    assert built[0]["paths"] == [document]
    assert built[0]["into"] == home / "documents"
    assert built[0]["encoder"] == "encoder embedded:e5-small"


def test_options_reach_the_builder(run, built, document, tmp_path) -> None:
    into = tmp_path / "mine"
    run("index", str(document), "--into", str(into), "--rebuild", "--languages", "DE,zh ja")
    assert built[0]["into"] == into
    assert built[0]["title"] == "mine"
    assert built[0]["rebuild"] is True
    assert built[0]["languages"] == ("de", "zh", "ja")


def test_refusals_are_listed(run, built, document) -> None:
    refusal = types.SimpleNamespace(source="图.bin", reason="not text", hint="")
    sys.modules["convrag.indexing"].outcome = replace(Report(), refusals=(refusal,))  # type: ignore[attr-defined]
    done = run("index", str(document))
    assert done.code == 0
    assert "refused: 图.bin: not text" in done.err


def test_what_libraries_log_stays_out_of_the_way(run, built, document, monkeypatch) -> None:
    import logging

    module = sys.modules["convrag.indexing"]
    build = module.build_index  # type: ignore[attr-defined]

    def noisy(*arguments: object, **options: object) -> object:
        logging.getLogger("pypdf._reader").warning("invalid pdf header")
        return build(*arguments, **options)

    monkeypatch.setattr(module, "build_index", noisy)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    assert "pdf header" not in run("index", str(document)).err


def test_nothing_indexed_is_an_error(run, built, document) -> None:
    refusal = types.SimpleNamespace(source="x.bin", reason="not text", hint="")
    sys.modules["convrag.indexing"].outcome = Report(0, 0, 0, 0, 0, 0, (refusal,))  # type: ignore[attr-defined]
    done = run("index", str(document))
    assert done.code == 3
    assert "refused: x.bin: not text" in done.err
    assert done.out == ""


def test_a_graph_alone_is_enough(run, built, document) -> None:
    sys.modules["convrag.indexing"].outcome = Report(0, 0, 0, 0, 0, 12)  # type: ignore[attr-defined]
    assert run("index", str(document)).code == 0


def test_an_interrupt_says_how_to_go_on(run, built, document) -> None:
    sys.modules["convrag.indexing"].outcome = KeyboardInterrupt()  # type: ignore[attr-defined]
    done = run("index", str(document))
    assert done.code == 130
    assert "goes on from there" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "arguments", [("nowhere.md",), (), ("{}", "--languages", "english"), ("{}", "--threads", "-1")]
)
def test_a_bad_request_is_refused_at_once(run, built, document, arguments) -> None:
    done = run("index", *(argument.format(document) for argument in arguments))
    assert done.code == 2
    assert built == []
