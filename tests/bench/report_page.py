"""How long a browser takes from opening a report of many turns to having drawn it.

python -m tests.bench.report_page RUN [--turns 1000] [--times 5]
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from convrag.config import load_config
from convrag.evaluation.report import make_report
from convrag.evaluation.report_html import report_page
from convrag.evaluation.store import RunStore

DRAWN = (
    "<script>document.body.offsetHeight;"
    "document.title = `drawn ${performance.now()}`</script></body>"
)
"""Ends the page: asks for its layout and says how many milliseconds went by since it was opened."""


def page_of(run: str, count: int) -> str:
    """Return the report over a kept run's turns, taken again and again until there are enough."""
    turns = RunStore(load_config().home / "runs").open(run).turns()
    times = -(-count // len(turns))
    many = [
        replace(turn, id=f"{turn.id}-{n}", dialogue=f"{turn.dialogue}-{n}")
        for n in range(times)
        for turn in turns
    ]
    return report_page(make_report(many[:count]))


def milliseconds(browser: str, page: Path, profile: Path) -> float:
    """Return the time from the start of the navigation until everything is laid out."""
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
         "--dump-dom", page.as_uri()],
        capture_output=True, check=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    found = re.search(r"<title>drawn ([\d.]+)", done.stdout)
    if found is None:
        raise SystemExit("the page was not drawn")
    return float(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", default="last")
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args()
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("no Chromium on this machine")
    text = page_of(arguments.run, arguments.turns)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(text.replace("</body>", DRAWN), encoding="utf-8")
        taken = [
            milliseconds(browser, page, Path(folder) / "profile") for _ in range(arguments.times)
        ]
    print(
        f"{arguments.turns} turns, {len(text.encode()) / 1e6:.1f} MB: drawn after"
        f" {statistics.median(taken):.0f} ms (median of {len(taken)},"
        f" {min(taken):.0f} to {max(taken):.0f})"
    )


if __name__ == "__main__":
    main()
