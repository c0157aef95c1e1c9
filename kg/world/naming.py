"""Names of the world pack's entities in its ten languages, from CLDR and the label tables."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from pathlib import Path

from babel import Locale
from babel.core import get_global

LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")
TABLES = Path(__file__).resolve().parent / "tables"
LANGUAGE_SLUGS = {
    "ber": "berber",
    "bn": "bengali",
    "cnr": "montenegrin",
    "hif": "fiji-hindi",
    "na": "nauruan",
    "tvl": "tuvaluan",
}
SHARED = frozenset({"Congo"})
"""Names that CLDR gives to one of several countries that are called so."""
CURRENCY_SLUGS = {"ZWG": "zimbabwe-gold"}

Labels = dict[str, list[str]]
"""Names by language; the first of a list is the label, the rest are aliases."""


def rows(name: str) -> list[dict[str, str]]:
    """Rows of ``tables/<name>.tsv`` in file order, by column name."""
    with (TABLES / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def slugify(text: str) -> str:
    """An ASCII slug of ``text``: lower case, words joined by hyphens."""
    plain = text.replace("ı", "i").replace("ø", "o").replace("'", "").replace("’", "")
    folded = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")


def split(cell: str | None) -> list[str]:
    """The parts of a cell written ``a; b; c``."""
    return [part.strip() for part in (cell or "").split(";") if part.strip()]


class Names:
    """Names in the ten languages: the hand-written tables first, CLDR where they are silent."""

    def __init__(self) -> None:
        """Loads CLDR locales and every ``labels_*.tsv`` table."""
        self.locales = {language: Locale(language) for language in LANGUAGES}
        self.tables: dict[str, dict[str, Labels]] = {}
        for path in sorted(TABLES.glob("labels_*.tsv")):
            kind = path.stem.removeprefix("labels_")
            self.tables[kind] = {
                row["slug"]: {language: split(row[language]) for language in LANGUAGES}
                for row in rows(path.stem)
            }
        self.zones: dict[str, list[str]] = defaultdict(list)
        for zone, territory in get_global("zone_territories").items():
            self.zones[territory].append(zone)

    def table(self, kind: str, slug: str) -> Labels | None:
        """The hand-written names of ``slug``, or None."""
        found = self.tables.get(kind, {}).get(slug)
        return {language: list(names) for language, names in found.items()} if found else None

    def territory(self, code: str, slug: str = "") -> Labels:
        """Names of a CLDR territory; CLDR's own name stays as an alias of a hand-written one."""
        labels = self.table("countries", slug) or {language: [] for language in LANGUAGES}
        for language in LANGUAGES:
            name = str(self.locales[language].territories[code])
            if language == "en" and " & " in name:
                labels[language] += [name.replace("St. ", "Saint ").replace(" & ", " and ")]
            if " - " not in name and " – " not in name and name not in SHARED:
                labels[language].append(name)
        return labels

    def language(self, code: str) -> tuple[str, Labels]:
        """Slug and names of a language."""
        known = LANGUAGE_SLUGS.get(code)
        english = str(self.locales["en"].languages.get(code.replace("-", "_"), code))
        slug = known or slugify(english)
        labels = self.table("languages", slug)
        if labels is None:
            key = code.replace("-", "_")
            labels = {lang: [str(self.locales[lang].languages[key])] for lang in LANGUAGES}
        for lang in LANGUAGES:
            labels[lang] += language_forms(lang, labels[lang][0])
        return slug, labels

    def currency(self, code: str) -> tuple[str, Labels]:
        """Slug and names of a currency."""
        slug = CURRENCY_SLUGS.get(code) or slugify(str(self.locales["en"].currencies[code]))
        labels = self.table("currencies", slug) or {language: [] for language in LANGUAGES}
        for language in LANGUAGES:
            name = self.locales[language].currencies.get(code)
            if name:
                # A plain space inside a Japanese name separates words that running text joins.
                spaced = str(name)
                joined = spaced.replace(" ", "・") if language == "ja" else spaced
                labels[language] += [joined, spaced]
        return slug, labels

    def city(self, slug: str, country: str, zone: str = "") -> Labels:
        """Names of a city, from the table or from the time zone that CLDR names after it.

        Raises:
            ValueError: neither knows the city.
        """
        labels = self.table("cities", slug)
        if labels is not None:
            return labels
        for candidate in [zone] if zone else self.zones[country]:
            english = self._exemplar("en", candidate)
            if zone or slugify(english) == slug:
                return {
                    language: [self._exemplar(language, candidate).replace("\u00ad", "")]
                    for language in LANGUAGES
                }
        raise ValueError(f"no names for the city {slug}: add it to tables/labels_cities.tsv")

    def _exemplar(self, language: str, zone: str) -> str:
        city = self.locales[language].time_zones.get(zone, {}).get("city")
        return str(city or zone.rsplit("/", 1)[-1].replace("_", " "))


def language_forms(language: str, name: str) -> list[str]:
    """Fuller forms of a language's name that people use in questions."""
    if language == "en":
        return [f"{name} language"]
    if language == "ru" and name.endswith("ий"):
        return [f"{name} язык", name[:-2] + "ом языке", name[:-1] + "м языком"]
    if language == "ar" and name.startswith("ال"):
        return [f"اللغة {name}"]
    if language == "hi":
        return [f"{name} भाषा"]
    if language == "zh" and name.endswith("语") and len(name) == 2:
        return [name[0] + "文"]
    return []


def case_forms(name: str) -> list[str]:
    """Oblique cases of a one-word Russian name whose ending shows its declension; else nothing."""
    if not re.fullmatch(r"[А-ЯЁ][а-яё]+(-[А-ЯЁ][а-яё]+)?", name):
        return []
    stem, last = name[:-1], name[-1]
    if name.endswith("ия"):
        return [stem + end for end in ("и", "ю", "ей")]
    if last == "а":
        genitive = "и" if stem[-1] in "гкхжшщч" else "ы"
        return [stem + end for end in (genitive, "у", "е", "ой")]
    if last == "й":
        return [stem + end for end in ("я", "ю", "е", "ем")]
    if last == "ь":
        return []
    if last in "бвгдзклмнпрстфх":
        return [name + end for end in ("а", "у", "е", "ом")]
    return []


def inflected(language: str, names: list[str]) -> list[str]:
    """Inflected forms of an entity's names: Russian cases, the German genitive of its label."""
    if language == "ru":
        return [form for name in names for form in case_forms(name)]
    label = names[0]
    if (
        language == "de"
        and re.fullmatch(r"[A-ZÄÖÜ][a-zäöüß]{4,}", label)
        and label[-1] not in "szxß"
    ):
        return [label + "s"]
    return []
