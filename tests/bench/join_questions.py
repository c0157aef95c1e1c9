"""Questions over the Factbook that two documents answer together, and ones that a single one does.

What leads from the first country to the second is a line of the first one's document, and what is
asked for a line of the second one's, which does not name the first.
"""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.bench.factbook import Country, Factbook

Part = Literal["dev", "test"]
SEED = 11
_DEVELOPMENT = 0.4
"""Share of the countries whose questions are for development."""
_MOST_ALIKE = 3
"""Countries that may have the same answer; "Independence Day" would be right by chance."""
_BORDER = re.compile(r"(?:^|; |, )([A-Z][^\d;]*?) ([\d,.]+) ?km")
_PARTNER = re.compile(r"(?:^|, |; )([^\d,;]+?) (\d+(?:\.\d+)?)%")
_FROM = re.compile(r"\(from (?:the )?([A-Z][A-Za-z ]*?)(?:\)|;|,)")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the lines that answer it: a country's code and how its line begins.

    Attributes:
        bridge: What leads to the second country; empty for a question of one document.
        asked: What is asked for.
        language: Of the question.
        part: For development or for the test.
        text: The question.
        lines: Where the answer is: of a join the first document's line, then the second one's.
        gold: What an answer must have in it.
    """

    bridge: str
    asked: str
    language: str
    part: Part
    text: str
    lines: tuple[tuple[str, str], ...]
    gold: str


def questions(book: Factbook, *, each: int) -> tuple[Question, ...]:
    """Return all questions in a fixed order.

    Args:
        book: The countries.
        each: How many joins of a part in each language but English, of which there is one for each
            country and bridge.
    """
    rng = random.Random(SEED)
    words = tomllib.loads(Path(__file__).with_name("joins.toml").read_text("utf-8"))
    states = [c for c in book.countries.values() if c.row["independent"]]
    told = Counter((asked, _gold(c, asked)) for c in book.countries.values() for asked in ASKED)
    telling = {key for key, count in told.items() if key[1] and count <= _MOST_ALIKE}
    found: list[Question] = []
    for language, templates in words.items():
        joins: list[Question] = []
        single: list[Question] = []
        for country in states:
            joins += _joins(book, country, language, templates, rng, telling)
            single += _single(book, country, language, templates, rng, telling)
        if language != "en":
            joins, single = (_sampled(some, each, rng) for some in (joins, single))
        found += [*joins, *single]
    return tuple(found)


def _sampled(some: list[Question], each: int, rng: random.Random) -> list[Question]:
    dev = [q for q in some if q.part == "dev"]
    test = [q for q in some if q.part == "test"]
    return rng.sample(dev, min(each, len(dev))) + rng.sample(test, min(each, len(test)))


def _joins(
    book: Factbook,
    country: Country,
    language: str,
    templates: dict[str, dict[str, list[str]]],
    rng: random.Random,
    telling: Collection[tuple[str, str]],
) -> Iterator[Question]:
    for bridge, (line, leads) in BRIDGES.items():
        code = leads(book, country)
        if code and code != country.code:
            way = rng.choice(templates["bridges"][bridge]).format(a=_name(book, country, language))
            yield from _asked(
                book.countries[code],
                language,
                _part(country),
                [(asked, forms[0].format(b=way)) for asked, forms in _forms(templates)],
                bridge,
                ((country.code, line),),
                rng,
                telling,
            )


def _single(
    book: Factbook,
    country: Country,
    language: str,
    templates: dict[str, dict[str, list[str]]],
    rng: random.Random,
    telling: Collection[tuple[str, str]],
) -> Iterator[Question]:
    name = _name(book, country, language)
    texts = [(asked, forms[1].format(a=name)) for asked, forms in _forms(templates)]
    yield from _asked(country, language, _part(country), texts, "", (), rng, telling)


def _asked(
    country: Country,
    language: str,
    part: Part,
    texts: list[tuple[str, str]],
    bridge: str,
    lines: tuple[tuple[str, str], ...],
    rng: random.Random,
    telling: Collection[tuple[str, str]],
) -> Iterator[Question]:
    """Yield one of the questions that the country's document answers."""
    for asked, text in rng.sample(texts, len(texts)):
        gold = _gold(country, asked)
        if (asked, gold) in telling:
            place = (*lines, (country.code, ASKED[asked][0]))
            yield Question(bridge, asked, language, part, text, place, gold)
            return


def _gold(country: Country, asked: str) -> str:
    _, path, value = ASKED[asked]
    found = value.search(country.text(*path))
    return found[1].strip() if found else ""


def _forms(templates: dict[str, dict[str, list[str]]]) -> Iterator[tuple[str, list[str]]]:
    yield from templates["attributes"].items()


def _part(country: Country) -> Part:
    share = hashlib.sha256(country.code.encode()).digest()[0] / 256
    return "dev" if share < _DEVELOPMENT else "test"


def _name(book: Factbook, country: Country, language: str) -> str:
    names = book.names(country)
    return next(n for n, code, first in names if code == language and first)


def _longest_border(book: Factbook, country: Country) -> str:
    text = country.text("Geography", "Land boundaries", "border countries")
    return _largest(book, _BORDER.findall(text))


def _partner(field: str) -> Callable[[Factbook, Country], str]:
    def leads(book: Factbook, country: Country) -> str:
        return _largest(book, _PARTNER.findall(country.text("Economy", field)))

    return leads


def _largest(book: Factbook, named: list[tuple[str, str]]) -> str:
    """Return the code of the country with the largest number; empty when that is not clear."""
    ranked = sorted(((float(n.replace(",", "")), name) for name, n in named), reverse=True)
    if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return ""
    return book.code_of(ranked[0][1])


def _former_ruler(book: Factbook, country: Country) -> str:
    found = _FROM.findall(country.text("Government", "Independence"))
    return book.code_of(found[0]) if len(found) == 1 else ""


BRIDGES: dict[str, tuple[str, Callable[[Factbook, Country], str]]] = {
    "border": ("Land boundaries - border countries: ", _longest_border),
    "exports": ("Exports - partners: ", _partner("Exports - partners")),
    "imports": ("Imports - partners: ", _partner("Imports - partners")),
    "independence": ("Independence: ", _former_ruler),
}
"""How the line begins that leads to another country, and which country it leads to."""
_NUMBER = re.compile(r"(\d+\.\d+|\d+) ?(?:years|children)")
_FIRST = re.compile(r"^\"?([^,;(\d]+)")
ASKED: dict[str, tuple[str, tuple[str, ...], re.Pattern[str]]] = {
    "capital": (
        "Capital - name: ",
        ("Government", "Capital", "name"),
        re.compile(r"^([^,;(/]+?)(?: in |$|[,;(/])"),
    ),
    "life": (
        "Life expectancy at birth - total population: ",
        ("People and Society", "Life expectancy at birth", "total population"),
        _NUMBER,
    ),
    "highest": (
        "Elevation - highest point: ",
        ("Geography", "Elevation", "highest point"),
        _FIRST,
    ),
    "age": ("Median age - total: ", ("People and Society", "Median age", "total"), _NUMBER),
    "fertility": (
        "Total fertility rate: ",
        ("People and Society", "Total fertility rate"),
        _NUMBER,
    ),
    "holiday": ("National holiday: ", ("Government", "National holiday"), _FIRST),
    "symbol": ("National symbol(s): ", ("Government", "National symbol(s)"), _FIRST),
    "leader": (
        "Executive branch - head of government: ",
        ("Government", "Executive branch", "head of government"),
        re.compile(r"((?:[A-ZÀ-Þ][A-ZÀ-Þ'-]+ ?)+)"),
    ),
    "code": (
        "Internet country code: ",
        ("Communications", "Internet country code"),
        re.compile(r"(\.\w\w)\b"),
    ),
}  # fmt: skip
"""What can be asked: how its line begins, where it is, and what of it an answer must have."""
