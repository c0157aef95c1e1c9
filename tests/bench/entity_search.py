"""How fast entities are found by name, and how much memory their index holds.

    python -m tests.bench.entity_search ALIASES GRAPH...   names made up from those of the files

Each entity has ten names, each of them two of the graphs' names in one language. Times are of the
processor, in milliseconds; memory is what the process holds more than before, in MB. With
marisa-trie installed, its size and the time for the same beginnings are printed too.
"""

from __future__ import annotations

import ctypes
import gc
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import read_graph
from convrag.graph.search import EntityIndex
from convrag.text.normalize import match_key
from convrag.types import Literal, Triple

_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_ALIAS = "http://www.w3.org/2004/02/skos/core#altLabel"
_NAMES_PER_ENTITY = 10
_ASKED = 500


def main(arguments: list[str]) -> None:
    """Run the measurement."""
    if len(arguments) < 2:
        raise SystemExit(__doc__)
    wanted = int(arguments[0])
    triples = made_up([Path(path) for path in arguments[1:]], wanted, random.Random(7))
    names = [t.object for t in triples if isinstance(t.object, Literal)]
    graph = KnowledgeGraph(triples)
    del triples
    before, start = _held(), time.process_time()
    index = EntityIndex(graph)
    print(f"{len(names):,} names: index made in {time.process_time() - start:.1f} s", end="")
    print(f", {_held() - before:.0f} MB")
    asked = random.Random(8).sample(names, _ASKED)
    begun = [(n.value[: max(2, len(n.value) // 2)], n.language) for n in asked]
    _measured("prefix", begun, lambda text, lang: index.prefix(text, 10, language=lang))
    start = time.process_time()
    index.search("zzzqqq", asked[0].language, 10)
    print(
        f"first misspelt name {time.process_time() - start:.1f} s, {_held() - before:.0f} MB then"
    )
    whole = [(n.value, n.language) for n in asked]
    for lang in {n.language for n in asked}:
        index.search("zzzqqq", lang, 10)
    print(f"all languages' stems: {_held() - before:.0f} MB then")
    _measured("search, as written", whole, lambda text, lang: index.search(text, lang, 10))
    wrong = [(misspelt(n.value, random.Random(i)), n.language) for i, n in enumerate(asked)]
    _measured("search, misspelt", wrong, lambda text, lang: index.search(text, lang, 10))
    _marisa([n.value for n in names], begun)


def made_up(paths: Sequence[Path], wanted: int, chance: random.Random) -> list[Triple]:
    """Return names of things, each made of two of the names in the files."""
    by_language: dict[str, list[str]] = {}
    for path in paths:
        for triple in read_graph(path, source="s").triples:
            value = triple.object
            if triple.predicate == _LABEL and isinstance(value, Literal) and value.language:
                by_language.setdefault(value.language, []).append(value.value)
    languages = sorted(by_language)
    triples = []
    for number in range(wanted):
        language = languages[number % len(languages)]
        parts = [chance.choice(by_language[language]) for _ in range(2)]
        joint = "" if language in ("zh", "ja") else " "
        entity = f"urn:e:{number // _NAMES_PER_ENTITY}"
        kind = _LABEL if number % _NAMES_PER_ENTITY < len(languages) else _ALIAS
        triples.append(Triple(entity, kind, Literal(joint.join(parts), "", language), "s"))
    return triples


def misspelt(name: str, chance: random.Random) -> str:
    """Return the name with two neighbouring letters swapped."""
    at = chance.randrange(len(name) - 1) if len(name) > 1 else 0
    return name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]


def _measured(
    what: str, asked: Sequence[tuple[str, str]], ask: Callable[[str, str], object]
) -> None:
    taken = []
    for text, language in asked:
        start = time.process_time()
        ask(text, language)
        taken.append((time.process_time() - start) * 1000)
    taken.sort()
    middle, high = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
    print(f"{what}: median {middle:.2f} ms, p95 {high:.2f} ms, longest {taken[-1]:.1f} ms")


def _marisa(names: Sequence[str], begun: Sequence[tuple[str, str]]) -> None:
    try:
        import marisa_trie
    except ImportError:
        return
    keys = {match_key(name) for name in names}
    before, start = _held(), time.process_time()
    trie = marisa_trie.Trie(keys)
    print(f"marisa-trie made in {time.process_time() - start:.1f} s", end="")
    print(f", {_held() - before:.0f} MB, {len(trie.tobytes()) / 1e6:.0f} MB written")
    _measured("marisa-trie prefix", begun, lambda text, _: trie.keys(match_key(text)))


def _held() -> float:
    """Return the process's memory in MB, without what it only keeps to use again."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096 / 1e6


if __name__ == "__main__":
    main(sys.argv[1:])
