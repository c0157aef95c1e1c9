"""Numbers of countries from the World Factbook, as a table beside the one of the countries."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

NUMBERS = ("population", "coastline", "life", "age")
"""Inhabitants, kilometres, years and years."""
_PLACES = {
    "population": ("People and Society", "Population", "total"),
    "coastline": ("Geography", "Coastline"),
    "life": ("People and Society", "Life expectancy at birth", "total population"),
    "age": ("People and Society", "Median age", "total"),
}
_VALUES = {
    "population": re.compile(r"([\d,]+)(?: \(|$)"),
    "coastline": re.compile(r"([\d,.]+) km\b"),
    "life": re.compile(r"([\d.]+) years"),
    "age": re.compile(r"([\d.]+) years"),
}
_CODE = re.compile(r"\.[a-z]{2}\b")
MAPPING = Path(__file__).with_name("country_numbers.graph.toml")


def read_numbers(
    archive: Path, rows: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, int | float]]:
    """Return the numbers by the countries' codes, joined by the countries' internet domains.

    A country with more than one file in the archive has none.
    """
    domains: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: not row["independent"]):
        for domain in row["tld"][:1]:
            domains.setdefault(domain, row["cca3"])
    found: dict[str, dict[str, int | float]] = {}
    several: set[str] = set()
    for content in _files(archive):
        code = _CODE.search(_text(content, ("Communications", "Internet country code")))
        country = domains.get(code[0]) if code else None
        if country is None:
            continue
        if country in found:
            several.add(country)
        found[country] = {
            name: value
            for name in NUMBERS
            if (value := _number(_text(content, _PLACES[name]), _VALUES[name])) is not None
        }
    return {country: n for country, n in sorted(found.items()) if country not in several}


def write_table(numbers: Mapping[str, Mapping[str, int | float]], folder: Path) -> None:
    """Write the numbers as a table with its mapping."""
    rows = [{"cca3": country, **values} for country, values in numbers.items()]
    (folder / "numbers.json").write_text(json.dumps(rows), encoding="utf-8")
    shutil.copyfile(MAPPING, folder / "numbers.graph.toml")


def _files(archive: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda member: member.name):
            data = tar.extractfile(member) if member.name.endswith(".json") else None
            if data is not None:
                yield json.loads(data.read())


def _text(content: Any, place: Sequence[str]) -> str:  # noqa: ANN401 (JSON)
    for key in (*place, "text"):
        content = content.get(key, "") if isinstance(content, dict) else ""
    return str(content)


def _number(text: str, pattern: re.Pattern[str]) -> int | float | None:
    found = pattern.match(text)
    if found is None:
        return None
    plain = found[1].replace(",", "")
    return float(plain) if "." in plain else int(plain)
