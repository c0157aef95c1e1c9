"""Install the project into the running environment: ``python .ci/install.py [EXTRA ...]``.

On Linux a plain ``pip install torch`` may bring a CUDA build of several GB, useless without an
NVIDIA device. So torch is resolved first, from metadata alone, and such a build is refused unless
asked for.

    TORCH_INDEX=URL     take torch from this package index (PyTorch's CPU wheel index, for one)
    TORCH_WHEEL=PATH    take torch from this wheel
    ALLOW_CUDA=1        take the CUDA build although there is no NVIDIA device
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "-q", "--no-input")
CUDA = re.compile(r"(nvidia|cuda|triton)([-_.]|$)")


def torch_requirement(pyproject: Path) -> str:
    """Return the project's own requirement on torch, like ``torch>=2.6``."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    dependencies: list[str] = project["dependencies"]
    return next(item for item in dependencies if re.match(r"torch\b(?![-_])", item))


def torch_choice(report: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
    """Return the version of torch that pip chose (empty: none) and the CUDA packages it brings."""
    version, cuda = "", []
    items = report.get("install", [])
    for item in items if isinstance(items, list) else []:
        name = str(item["metadata"]["name"]).lower()
        if name == "torch":
            version = str(item["metadata"]["version"])
        elif CUDA.match(name):
            cuda.append(name)
    return version, tuple(sorted(cuda))


def has_nvidia_device() -> bool:
    """Return whether a driver shows an NVIDIA device on this machine."""
    return Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None


def torch_arguments(environment: Mapping[str, str], requirement: str, *, gpu: bool) -> list[str]:
    """Return pip arguments that pin torch to the build this machine is to have.

    Raises:
        SystemExit: pip would bring a CUDA build that nothing here can use, or cannot resolve torch.
    """
    if wheel := environment.get("TORCH_WHEEL"):
        if not Path(wheel).is_file():
            sys.exit(f"error: TORCH_WHEEL={wheel}: no such file\nhint: give the path of a wheel")
        return [wheel]
    if index := environment.get("TORCH_INDEX"):
        say(f"installing {requirement} from TORCH_INDEX")
        run([*PIP, "--index-url", index, requirement])
        return []
    answer = run([*PIP, "--dry-run", "--report", "-", requirement])
    version, cuda = torch_choice(json.loads(answer))
    if cuda and not gpu and environment.get("ALLOW_CUDA") != "1":
        sys.exit(
            f"error: pip would install torch {version} built for CUDA with {len(cuda)} packages for"
            " GPUs (several GB), and this machine has no NVIDIA device\n"
            "hint: give the index of CPU wheels named on PyTorch's install page with"
            " TORCH_INDEX=URL, or a wheel with TORCH_WHEEL=PATH, or take it all with ALLOW_CUDA=1"
        )
    return [f"torch=={version}"] if version else []


def run(command: Sequence[str]) -> str:
    """Return what ``command`` wrote to stdout; its errors go to the terminal.

    Raises:
        SystemExit: It failed, with its own exit code.
    """
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise SystemExit(done.returncode)
    return done.stdout


def say(line: str) -> None:
    """Show one line of what is being done."""
    sys.stderr.write(line + "\n")


def main(extras: Sequence[str]) -> None:
    """Install the project, editable, with ``extras``."""
    torch = []
    try:
        importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        requirement = torch_requirement(ROOT / "pyproject.toml")
        torch = torch_arguments(os.environ, requirement, gpu=has_nvidia_device())
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    say(f"installing convrag with {', '.join([*extras, *torch]) or 'no extras'} (minutes, once)")
    run([*PIP, *torch, "--editable", target])


if __name__ == "__main__":
    main(sys.argv[1:])
