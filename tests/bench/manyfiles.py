"""Ten thousand small documents through the command line: speed and memory, at first and later.

    python -m tests.bench.manyfiles [--files N] [--encoder REF]

The hash encoder takes hardly any time, so what is measured is everything else: reading, cutting,
storing, looking up. Memory is the largest resident size of the process.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SENTENCES = {
    "en": "the harbour ferry sails from an island at dawn with cargo and letters",
    "de": "die Fähre legt im Hafen der Insel bei Morgengrauen mit Fracht ab",
    "zh": "渡轮 黎明 时 从 港口 出发 运送 货物 和 信件",
    "ru": "паром отходит из гавани острова на рассвете с грузом и письмами",
    "ar": "تغادر العبارة ميناء الجزيرة عند الفجر مع البضائع والرسائل",
    "hi": "नौका द्वीप के बंदरगाह से भोर में माल और पत्रों के साथ निकलती है",
    "ja": "フェリー は 夜明け に 島 の 港 を 出ます",
}


def write(folder: Path, files: int) -> None:
    """Write ``files`` texts of about 80 words, one in a hundred a copy of another."""
    chance = random.Random(20)
    text = ""
    languages = tuple(SENTENCES)
    for number in range(files):
        language = languages[number % len(languages)]
        place = folder / f"{number // 500:03}"
        place.mkdir(parents=True, exist_ok=True)
        if number % 100 != 99 or not text:
            gap = "" if language in ("zh", "ja") else " "
            body = gap.join(chance.choices(SENTENCES[language].split(), k=80))
            text = f"# {number}\n\n{body} {number}.\n"
        (place / f"{number}.{language}.md").write_text(text, encoding="utf-8")


def run(what: str, *arguments: str, files: int) -> None:
    """Run ``convrag index`` and print its time, rate, memory and result."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", "from convrag.cli.main import main; main()", "index", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    process.stdout.close()
    memory = usage.ru_maxrss / 1024 if sys.platform == "linux" else usage.ru_maxrss / 1024 / 1024
    print(f"{what:24} {took:7.1f} s {files / took:8.0f} documents/s {memory:6.0f} MiB  exit {code}")
    print(f"    {said.splitlines()[-1] if said else ''}", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--encoder", default="scripted:hash-384")
    options = parser.parse_args()
    os.environ["CONVRAG_ENCODER"] = options.encoder
    with tempfile.TemporaryDirectory() as name:
        os.environ["CONVRAG_HOME"] = str(Path(name) / "home")
        folder, index = Path(name) / "notes", str(Path(name) / "index")
        write(folder, options.files)
        into = ("--into", index)
        run("add", "add", str(folder), *into, files=options.files)
        run("add, nothing changed", "add", str(folder), *into, files=options.files)
        for path in sorted(folder.rglob("*.md"))[:: options.files // 10]:
            path.write_text(path.read_text(encoding="utf-8") + "\nmore\n", encoding="utf-8")
        next(iter(sorted(folder.rglob("*.md")))).unlink()
        run("update, ten changed", "update", *into, files=options.files)
        run("verify", "verify", *into, files=options.files)
        run("stats", "stats", *into, files=options.files)
        run("export", "export", "--out", str(Path(name) / "all.jsonl"), *into, files=options.files)
        run("delete a folder", "delete", str(folder / "001"), *into, files=500)
        run("compact", "compact", *into, files=options.files)


if __name__ == "__main__":
    main()
