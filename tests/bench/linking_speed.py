"""How long linking a question takes with many names, and how much memory.

    python -m tests.bench.linking_speed ALIASES PACK FOLDER

Names are made up from those of the pack's graph, ten for each thing; the questions are pieces of
its passages, thirty words each, every second one with a name put in as written and the others with
a misspelt one. The table is built and written once; a fresh process then maps it and links. Its
memory is all it holds (resident), the interpreter and the mapped pages included; the graph itself
is not loaded. Times are of the processor, in milliseconds.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from convrag.graph.linking import DictionaryLinker
from convrag.graph.model import KnowledgeGraph
from convrag.graph.name_table import NAME_FILE, NameTable, read_names, write_names
from convrag.packs import find_pack
from convrag.text.segment import words
from convrag.types import Literal
from tests.bench.entity_search import made_up, misspelt

_QUESTIONS = 1000
_WORDS = 30


def main(arguments: list[str]) -> None:
    """Run the measurement."""
    if len(arguments) == 2:
        _measure(Path(arguments[0]), Path(arguments[1]))
        return
    if len(arguments) != 3:
        raise SystemExit(__doc__)
    count, pack, folder = int(arguments[0]), find_pack(arguments[1]), Path(arguments[2])
    folder.mkdir(parents=True, exist_ok=True)
    triples = made_up([pack.graph], count, random.Random(7))
    names = [t.object for t in triples if isinstance(t.object, Literal)]
    graph = KnowledgeGraph(triples)
    del triples
    start = time.process_time()
    table = NameTable.of_graph(graph)
    made = time.process_time() - start
    write_names(folder / NAME_FILE, table, "bench")
    size = (folder / NAME_FILE).stat().st_size / 1e6
    total = time.process_time() - start
    print(f"{count:,} names: made in {made:.1f} s, written after {total:.1f} s, {size:.0f} MB")
    questions = _questions(pack.graph.parent / "passages", names, random.Random(8))
    (folder / "questions.tsv").write_text("\n".join(map("\t".join, questions)), encoding="utf-8")
    command = [sys.executable, "-m", "tests.bench.linking_speed"]
    subprocess.run([*command, str(folder), str(folder / "questions.tsv")], check=True)


def _questions(
    passages: Path, names: list[Literal], chance: random.Random
) -> list[tuple[str, str]]:
    texts: dict[str, list[str]] = {}
    for path in sorted(passages.glob("*.md")):
        text = " ".join(path.read_text(encoding="utf-8").split())
        texts.setdefault(path.suffixes[-2][1:], []).append(text)
    usable = [name for name in names if name.language in texts]
    found = []
    for number in range(_QUESTIONS):
        name = chance.choice(usable)
        text = chance.choice(texts[name.language])
        spans = words(text, name.language)
        count = _WORDS - len(words(name.value, name.language))
        first = chance.randrange(max(1, len(spans) - count))
        last = min(first + count, len(spans)) - 1
        middle = spans[(first + last) // 2][1]
        written = name.value if number % 2 else misspelt(name.value, chance)
        begin, end = text[spans[first][0] : middle], text[middle : spans[last][1]]
        found.append((name.language, f"{begin} {written} {end}?"))
    return found


def _measure(folder: Path, questions: Path) -> None:
    start = time.process_time()
    names = read_names(folder / NAME_FILE, "bench")
    if names is None:
        raise SystemExit("no names there")
    opened = time.process_time() - start
    linker = DictionaryLinker(KnowledgeGraph(()), names)
    rows = [line.split("\t") for line in questions.read_text(encoding="utf-8").splitlines()]
    linker.link(rows[0][1], language=rows[0][0])
    taken, linked = [], 0
    for language, text in rows:
        start = time.process_time()
        links = linker.link(text, language=language)
        taken.append((time.process_time() - start) * 1000)
        linked += any(link.entity_id for link in links)
    taken.sort()
    p95, held = taken[int(0.95 * len(taken))], _resident()
    print(
        f"opened in {opened:.2f} s; {len(rows)} questions: median {taken[len(taken) // 2]:.2f} ms, "
        f"p95 {p95:.2f} ms, longest {taken[-1]:.1f} ms; {linked} with a link; {held:.0f} MB"
    )


def _resident() -> float:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096 / 1e6


if __name__ == "__main__":
    main(sys.argv[1:])
