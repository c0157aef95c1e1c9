from __future__ import annotations

import importlib.metadata
import json

import pytest

from convrag.cli import doctor

MODELS = doctor._models


@pytest.fixture(autouse=True)
def fast(packs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing real weights is the registry's test, not this one's."""
    monkeypatch.setattr(doctor, "_models", lambda config: iter(()))
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["torch<3,>=2.6", "numpy"])


def test_all_well_exits_zero_and_names_what_is_there(run, home) -> None:
    done = run("doctor")
    for word in ("python", "threads", "torch", "text encoding", str(home), "pack world"):
        assert word in done.out
    assert done.code == 0, done.out


def test_json_has_the_same_findings(run, home) -> None:
    data = json.loads(run("doctor", "--json").out)
    assert {item["mark"] for item in data} <= {"ok", "note", "FAIL"}
    assert all(item["remedy"] for item in data if item["mark"] != "ok")


def test_a_missing_package_has_a_remedy(run, home, monkeypatch) -> None:
    real = importlib.metadata.version
    requires = ["faiss-cpu<2,>=1.12", 'peft<1,>=0.21; extra == "train"']

    def version(name: str) -> str:
        if name in ("faiss-cpu", "peft"):
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: requires)
    done = run("doctor")
    assert done.code == 1
    assert "FAIL  faiss-cpu: not installed\n      -> pip install 'faiss-cpu<2,>=1.12'" in done.out
    assert "note  peft: not installed\n      -> " in done.out
    assert "convrag[train]" in done.out


def test_a_home_that_cannot_be_written_fails(run, tmp_path, monkeypatch) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    monkeypatch.setenv("CONVRAG_HOME", str(blocker / "home"))
    done = run("doctor")
    assert done.code == 1
    assert "CONVRAG_HOME" in done.out


def test_packs_that_are_missing_or_broken_fail(run, home, packs) -> None:
    (packs / "kg" / "world" / "graph.ttl").unlink()
    (packs / "kg" / "helpdesk" / "pack.toml").write_text("=", encoding="utf-8")
    done = run("doctor")
    assert done.code == 1
    assert done.out.count("FAIL  pack ") == 2


@pytest.mark.parametrize(
    ("reference", "installed", "verified", "code", "said"),
    [
        ("embedded:e5-small", True, False, 1, "FAIL  model embedded:e5-small: SHA-256 is wrong"),
        ("embedded:e5-small", False, None, 1, "FAIL  model embedded:e5-small: not installed"),
        ("embedded:smollm2", False, None, 0, "note  model embedded:smollm2: not installed"),
        ("embedded:smollm2", True, True, 0, "ok    model embedded:smollm2: SHA-256 is right"),
    ],
)
def test_a_model_matters_when_it_is_used(
    run, home, monkeypatch, reference, installed, verified, code, said
) -> None:
    from convrag.models.status import ModelStatus

    remedy = "" if verified else "pip install it"
    status = ModelStatus(reference, "p", installed, verified, None, "MIT", remedy)
    monkeypatch.setattr("convrag.models.status.model_status", lambda config: (status,))
    monkeypatch.setattr(doctor, "_models", MODELS)
    done = run("doctor")
    assert said in done.out
    assert done.code == code
