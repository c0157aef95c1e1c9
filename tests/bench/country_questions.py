"""Questions over two tables of countries in ten languages, answered by plain Python.

The tables are mledoze's countries.json and the World Factbook's numbers; names of languages,
currencies and regions are CLDR's. What is asked must have an answer, and one that the names tell
apart.
"""

from __future__ import annotations

import json
import random
import shutil
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import get_global
from babel.numbers import format_decimal

from tests.bench.country_numbers import MAPPING, NUMBERS, read_numbers, write_table

CODES = {
    "en": "eng", "zh": "zho", "es": "spa", "fr": "fra", "de": "deu",
    "ar": "ara", "ru": "rus", "ja": "jpn", "pt": "por", "it": "ita",
}  # fmt: skip
_REGIONS = {"Africa": "002", "Europe": "150", "Asia": "142", "Americas": "019", "Oceania": "009"}
_LATIN = frozenset({"en", "es", "fr", "de", "pt", "it"})
_TOLD_APART = 1.02
"""How many times as much the more of two must be."""
_MOST_DRAWN = 2_000
_ROUND = (100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000)
_LATIN_PLACES = frozenset({"paid", "capital_life", "capital_population"})
"""Kinds that name a capital: the table has these in Latin letters only."""
_MAPPING = """
table = "{table}"
key = "{key}"
label = "{label}"
labels = "{labels}"
language = "en"
"""
_CLASSES = {
    "country": {
        "en": ["country", "countries", "nation", "nations", "state", "states"],
        "de": [
            "Land", "Länder", "Ländern", "Landes", "Staaten", "Staat", "Staates", "Nation",
            "Nationen",
        ],
        "es": ["país", "países", "nación", "naciones", "estado", "estados"],
        "fr": ["pays", "nation", "nations", "état", "états"],
        "pt": ["país", "países", "nação", "nações", "estado", "estados"],
        "it": ["paese", "paesi", "nazione", "nazioni", "stato", "stati"],
        "ru": [
            "страна", "страны", "стран", "стране", "странах", "государство", "государства",
            "государств", "государстве", "государствах", "держава", "державы", "держав",
        ],
        "zh": ["国家"], "ja": ["国", "国々"],
        "ar": [
            "دولة", "الدولة", "الدول", "دول", "بلد", "البلد", "بلدان", "البلدان", "بلاد", "البلاد",
        ],
    },
    "language": {
        "en": ["language"], "de": ["Sprache"], "es": ["idioma"], "fr": ["langue"],
        "pt": ["língua"], "it": ["lingua"], "ru": ["язык", "языки"], "zh": ["语言"],
        "ja": ["言語"], "ar": ["لغة"],
    },
    "currency": {
        "en": ["currency"], "de": ["Währung"], "es": ["moneda"], "fr": ["monnaie"],
        "pt": ["moeda"], "it": ["valuta"], "ru": ["валюта"], "zh": ["货币"], "ja": ["通貨"],
        "ar": ["عملة"],
    },
    "city": {
        "en": ["city"], "de": ["Stadt"], "es": ["ciudad"], "fr": ["ville"], "pt": ["cidade"],
        "it": ["città"], "ru": ["город"], "zh": ["城市"], "ja": ["都市"], "ar": ["مدينة"],
    },
    "region": {"en": ["region"], "de": ["Region"], "ru": ["регион", "регионе", "региона"]},
}  # fmt: skip
_TABLES = {"city": "country"}
"""Tables whose rows name things of a class that has no table."""
_COUNTRIES = Path(__file__).with_name("countries.graph.toml")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what answers it: names, or one number."""

    kind: str
    language: str
    text: str
    gold: frozenset[str]
    number: int | float | None = None
    verdict: bool | None = None
    among: frozenset[str] = frozenset()
    """Names of things that the question itself names."""
    wording: int = 0
    """Which of the kind's wordings it is in."""


class Countries:
    """The table, with everything's names in ten languages."""

    def __init__(self, path: Path, factbook: Path) -> None:
        rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
        self.rows = [row for row in rows if row["area"] > 0]  # -1 stands for unknown
        self.by_code = {row["cca3"]: row for row in self.rows}
        for row in self.rows:  # India has not the border that Sri Lanka has
            for code in row["borders"]:
                near = self.by_code[code]["borders"]
                near += [row["cca3"]] if row["cca3"] not in near else []
        numbers = read_numbers(factbook, self.rows)
        self.numbers = {row["cca3"]: numbers.get(row["cca3"], {}) for row in self.rows}
        self.states = [row for row in self.rows if row["independent"]]
        self.regions = {c: {x: Locale(x).territories[c] for x in CODES} for c in _REGIONS.values()}
        self.currencies = {
            c: {x: Locale(x).currencies.get(c, n["name"]) for x in CODES}
            for row in self.rows
            for c, n in (row["currencies"] or {}).items()
        }
        short = get_global("language_aliases")
        self.languages = {
            c: {x: Locale(x).languages.get(short.get(c, c), n) for x in CODES}
            for row in self.rows
            for c, n in row["languages"].items()
        }

    def name(self, code: str, language: str) -> str:
        """Return what the country is called."""
        row = self.by_code[code]
        if language == "en":
            return str(row["name"]["common"])
        return str(row["translations"][CODES[language]]["common"])

    def names(self, language: str) -> list[str]:
        """Return what all countries are called."""
        return [self.name(code, language) for code in self.by_code]

    @cached_property
    def unambiguous(self) -> frozenset[str]:
        """Currencies whose names in every language are of one currency."""
        many: Counter[tuple[str, str]] = Counter(
            (x, n.casefold()) for names in self.currencies.values() for x, n in names.items()
        )
        return frozenset(
            c
            for c, names in self.currencies.items()
            if all(many[x, n.casefold()] == 1 for x, n in names.items())
        )

    def write(self, folder: Path) -> None:
        """Write the tables with their mappings as graph files."""
        for table, things in (
            ("region", self.regions),
            ("currency", self.currencies),
            ("language", self.languages),
        ):
            rows = [{"code": code.upper(), "names": names} for code, names in things.items()]
            (folder / f"{table}.json").write_text(json.dumps(rows), encoding="utf-8")
            mapping = _MAPPING.format(table=table, key="code", label="names.en", labels="names.*")
            mapping += f'class = {{en = "{table}"}}\n'
            (folder / f"{table}.graph.toml").write_text(mapping, encoding="utf-8")
        rows = [
            # In capitals, no code is taken for a word: "est" and "vie" are languages' ones.
            {
                **row,
                "region": _REGIONS.get(row["region"]),
                "languages": {code.upper(): name for code, name in row["languages"].items()},
            }
            for row in self.rows
        ]
        (folder / "country.json").write_text(json.dumps(rows), encoding="utf-8")
        shutil.copyfile(_COUNTRIES, folder / "country.graph.toml")
        write_table(self.numbers, folder)
        lines = [
            f"<urn:convrag:{_TABLES.get(table, table)}#{table}> "
            f'<http://www.w3.org/2004/02/skos/core#altLabel> "{name}"@{language} .'
            for table, names in _CLASSES.items()
            for language, some in names.items()
            for name in some
        ]
        (folder / "classes.ttl").write_text("\n".join(lines), encoding="utf-8")

    def passages(self, folder: Path, languages: Sequence[str]) -> None:
        """Write the same facts as a text per country and language."""
        labels: dict[str, Any] = {}
        for path in (_COUNTRIES, MAPPING):
            labels |= tomllib.loads(path.read_text("utf-8"))["properties"]
        for language in languages:
            words = {key: labels[key]["label"][language] for key in labels}
            for row in self.states:
                name = self.name(row["cca3"], language)
                values = {
                    "area": f"{row['area']} km²",
                    "borders": ", ".join(self.name(c, language) for c in row["borders"]),
                    "capital": ", ".join(row["capital"]),
                    "currencies": ", ".join(
                        self.currencies[c][language] for c in row["currencies"]
                    ),
                    "languages": ", ".join(self.languages[c][language] for c in row["languages"]),
                    "region": self.regions[_REGIONS[row["region"]]][language],
                }
                for key in NUMBERS:
                    if (number := self.numbers[row["cca3"]].get(key)) is not None:
                        unit = labels[key]["unit"]
                        unit = unit if isinstance(unit, str) else unit[language]
                        values[key] = f"{format_decimal(number, locale=language)} {unit}"
                lines = [
                    f"{name}: {words[key]}: {value}." for key, value in values.items() if value
                ]
                path = folder / f"{row['cca3'].lower()}.{language}.md"
                path.write_text(f"# {name}\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


def questions(
    table: Countries, templates: dict[str, dict[str, list[str]]], *, each: int, seed: int
) -> Iterator[Question]:
    """Yield ``each`` questions of every kind and language in every wording of the templates."""
    for language, kinds in templates.items():
        for kind, wordings in kinds.items():
            if kind in _LATIN_PLACES and language not in _LATIN:
                continue
            for number, wording in enumerate(wordings):
                chance = random.Random(f"{seed} {kind} {language} {number}")
                maker = _Maker(table, language, chance)
                drawn = (maker.make(kind, wording) for _ in range(_MOST_DRAWN))
                made = (replace(question, wording=number) for question in drawn if question)
                yield from islice(made, each)


class _Maker:
    def __init__(self, table: Countries, language: str, chance: random.Random) -> None:
        self._table = table
        self._language = language
        self._chance = chance

    def make(self, kind: str, wording: str) -> Question | None:
        """Return one question, or None when the draw has no clear answer."""
        country, other = self._chance.sample(self._table.states, 2)
        region = self._chance.choice(list(_REGIONS))
        currency = self._chance.choice(sorted(self._table.unambiguous))
        if kind in ("compare", "verdict", "difference"):
            return self._pair(kind, wording, country, other)
        if kind.startswith("compare_"):
            return self._two_numbers(kind, wording, country, other)
        if kind in ("spoken", "users", "currency_median_age"):
            return self._of_currency(kind, wording, currency, region)
        if kind in ("paid", "capital_life", "capital_population"):
            return self._of_capital(kind, wording, country)
        if kind in ("largest", "smallest", "top_paid", "more_than") or kind.startswith(
            ("top_", "bottom_")
        ):
            return self._of_region(kind, wording, region)
        return self._of_country(kind, wording, country, other)

    def _of_country(self, kind: str, wording: str, a: Any, b: Any) -> Question | None:  # noqa: ANN401
        near = [self._table.by_code[c] for c in a["borders"]]
        places = {"a": self._name(a)}
        if kind.startswith("value_"):
            value = self._number(a, kind.removeprefix("value_"))
            return self._asked(kind, wording, places, (), value) if value else None
        if kind == "neighbours" and near:
            return self._asked(kind, wording, places, (), len(near))
        if kind == "both":
            b = self._chance.choice(near or [b])
            common = [
                self._table.name(c, self._language) for c in {*a["borders"]} & {*b["borders"]}
            ]
            return (
                self._asked(kind, wording, {**places, "b": self._name(b)}, common)
                if common
                else None
            )
        if kind == "beside" and len(near) > 1:
            best = max(near, key=lambda row: row["area"])
            return self._asked(kind, wording, places, [self._name(best)])
        if kind == "neighbour_population" and len(near) > 1:
            best = self._first(near, "population", most=True)
            return self._asked(kind, wording, places, [self._name(best)]) if best else None
        return None

    def _of_region(self, kind: str, wording: str, region: str) -> Question | None:
        inside = [row for row in self._table.rows if row["region"] == region]
        places = {"r": self._table.regions[_REGIONS[region]][self._language]}
        if kind == "more_than":
            least = self._chance.choice(_ROUND)
            known = [n for row in inside if (n := self._number(row, "population"))]
            count = sum(n > least for n in known)
            places["n"] = format_decimal(least, locale=self._language)
            return self._asked(kind, wording, places, (), count) if count else None
        if kind in ("largest", "smallest", "top_paid"):
            best = (min if kind == "smallest" else max)(inside, key=lambda row: row["area"])
        else:
            most, _, name = kind.partition("_")
            best = self._first(inside, name.removeprefix("median_"), most=most == "top")
        if best is None:
            return None
        gold = self._currencies(best) if kind == "top_paid" else [self._name(best)]
        return self._asked(kind, wording, places, gold)

    def _of_currency(self, kind: str, wording: str, currency: str, region: str) -> Question | None:
        users = [row for row in self._table.rows if currency in (row["currencies"] or {})]
        places = {"c": self._table.currencies[currency][self._language]}
        if kind == "users":
            inside = [row for row in users if row["region"] == region]
            places["r"] = self._table.regions[_REGIONS[region]][self._language]
            return self._asked(kind, wording, places, (), len(inside)) if len(inside) > 1 else None
        if len(users) != 1:
            return None
        if kind == "currency_median_age":
            age = self._number(users[0], "age")
            return self._asked(kind, wording, places, (), age) if age else None
        spoken = [self._table.languages[c][self._language] for c in users[0]["languages"]]
        return self._asked(kind, wording, places, spoken) if spoken else None

    def _of_capital(self, kind: str, wording: str, a: Any) -> Question | None:  # noqa: ANN401
        if len(a["capital"]) != 1 or not self._is_one_capital(a["capital"][0]):
            return None
        places = {"p": a["capital"][0]}
        if kind == "paid":
            return self._asked(kind, wording, places, self._currencies(a))
        value = self._number(a, kind.removeprefix("capital_"))
        return self._asked(kind, wording, places, (), value) if value else None

    def _two_numbers(self, kind: str, wording: str, a: Any, b: Any) -> Question | None:  # noqa: ANN401
        name = kind.removeprefix("compare_")
        best = self._first([a, b], name, most=True)
        if best is None or self._number(a, name) is None or self._number(b, name) is None:
            return None
        places = {"a": self._name(a), "b": self._name(b)}
        return self._asked(kind, wording, places, [self._name(best)])

    def _number(self, row: Any, name: str) -> int | float | None:  # noqa: ANN401
        return self._table.numbers[row["cca3"]].get(name)

    def _first(self, rows: Sequence[Any], name: str, *, most: bool) -> Any | None:  # noqa: ANN401
        """Return the row with the highest (or lowest) number, if it is one row's alone."""
        known = sorted(
            (n, row["cca3"]) for row in rows if (n := self._number(row, name)) is not None
        )
        if most:
            known.reverse()
        if not known or (len(known) > 1 and known[0][0] == known[1][0]):
            return None
        return self._table.by_code[known[0][1]]

    def _pair(self, kind: str, wording: str, a: Any, b: Any) -> Question | None:  # noqa: ANN401
        small, large = sorted((a, b), key=lambda row: row["area"])
        if large["area"] < _TOLD_APART * small["area"]:
            return None
        if kind == "difference":
            a, b = large, small
        places = {"a": self._name(a), "b": self._name(b)}
        number = round(large["area"] - small["area"]) if kind == "difference" else None
        if kind == "difference" and float(large["area"] - small["area"]) != number:
            return None
        verdict = a is large if kind == "verdict" else None
        gold = [] if kind == "difference" else [self._name(large)]
        return self._asked(kind, wording, places, gold, number, verdict)

    def _asked(
        self,
        kind: str,
        wording: str,
        places: dict[str, str],
        gold: Sequence[str],
        number: int | float | None = None,
        verdict: bool | None = None,
    ) -> Question:
        text = wording.format_map(places)
        named = frozenset(places.values())
        return Question(kind, self._language, text, frozenset(gold), number, verdict, named)

    def _name(self, row: Any) -> str:  # noqa: ANN401
        return self._table.name(row["cca3"], self._language)

    def _currencies(self, row: Any) -> list[str]:  # noqa: ANN401
        return [self._table.currencies[c][self._language] for c in row["currencies"]]

    def _is_one_capital(self, city: str) -> bool:
        names = {n for c in self._table.by_code for n in [self._table.name(c, self._language)]}
        capitals = [c for row in self._table.rows for c in row["capital"]]
        return capitals.count(city) == 1 and city not in names
