"""Writes graph.ttl of the world pack from Unicode CLDR names (through Babel) and the tables beside it.

    python kg/world/build.py            write graph.ttl
    python kg/world/build.py --check    exit 1 when graph.ttl is not what the tables give

The output is sorted, so the same tables and the same CLDR version give the same bytes.
"""

from __future__ import annotations

import csv
import os
import re
import sys
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel import Locale
from babel.core import get_global

LANGUAGES = ("en", "zh", "es", "fr", "de", "ar", "hi", "ru", "ja", "pt")
HERE = Path(__file__).resolve().parent
TABLES = HERE / "tables"
GRAPH = HERE / "graph.ttl"
PREFIXES = {
    "cv": "https://convrag.example/ns#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "w": "https://convrag.example/world/",
    "ws": "https://convrag.example/world/schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
CONTINENTS = {"africa": "002", "north-america": "003", "south-america": "005"} | {
    "oceania": "009",
    "asia": "142",
    "europe": "150",
}
SUBREGIONS = {
    "africa": ("011", "014", "015", "017", "018"),
    "north-america": ("013", "021", "029"),
    "south-america": ("005",),
    "oceania": ("053", "054", "057", "061"),
    "asia": ("030", "034", "035", "143", "145"),
    "europe": ("039", "151", "154", "155"),
}
# Countries that reach into a second continent, or that custom places outside their statistical region.
EXTRA_CONTINENTS = {"RU": ("asia",), "TR": ("europe",), "EG": ("asia",), "CY": ("europe",)}
SCRIPTS = {
    "Latn": "latin-script",
    "Cyrl": "cyrillic-script",
    "Arab": "arabic-script",
    "Deva": "devanagari-script",
    "Hans": "chinese-characters",
    "Jpan": "japanese-script",
    "Kore": "hangul-script",
    "Grek": "greek-script",
    "Hebr": "hebrew-script",
    "Armn": "armenian-script",
    "Geor": "georgian-script",
    "Thai": "thai-script",
    "Khmr": "khmer-script",
    "Laoo": "lao-script",
    "Mymr": "burmese-script",
    "Sinh": "sinhala-script",
    "Taml": "tamil-script",
    "Beng": "bengali-script",
    "Ethi": "ethiopic-script",
    "Tibt": "tibetan-script",
    "Thaa": "thaana-script",
    "Tfng": "tifinagh-script",
}
# CLDR records one likely script a language; these are written in more, or CLDR has no entry for them.
LANGUAGE_SCRIPTS = {
    "ber": ("Tfng", "Latn", "Arab"),
    "cnr": ("Latn", "Cyrl"),
    "hif": ("Latn", "Deva"),
    "sr": ("Cyrl", "Latn"),
    "bs": ("Latn", "Cyrl"),
    "fa-AF": ("Arab",),
    "ku": ("Latn", "Arab"),
}
LANGUAGE_SLUGS = {"ber": "berber", "cnr": "montenegrin", "hif": "fiji-hindi", "bn": "bengali"}
CURRENCY_SLUGS = {"ZWG": "zimbabwe-gold"}
LEGACY_ZONES = {"astana": "Asia/Almaty"}

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


def quoted(text: str) -> str:
    """``text`` as a Turtle string literal, without language or datatype."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class Graph:
    """Statements in Turtle terms, kept without duplicates and written sorted."""

    def __init__(self) -> None:
        """Starts empty."""
        self.statements: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def add(self, subject: str, predicate: str, *objects: str) -> None:
        """Records one statement for each object."""
        if objects:
            self.statements[subject][predicate].update(objects)

    def name(self, subject: str, labels: Mapping[str, list[str]]) -> None:
        """Records label and aliases in every language.

        Raises:
            ValueError: a language has no label.
        """
        for language in LANGUAGES:
            names = list(dict.fromkeys(labels.get(language, ())))
            if not names:
                raise ValueError(f"{subject} has no label in {language}")
            self.add(subject, "rdfs:label", f"{quoted(names[0])}@{language}")
            self.add(subject, "skos:altLabel", *(f"{quoted(n)}@{language}" for n in names[1:]))

    def turtle(self, header: str) -> str:
        """The whole graph as Turtle text."""
        lines = [header, ""]
        lines += [f"@prefix {key}: <{value}> ." for key, value in sorted(PREFIXES.items())]
        for subject in sorted(self.statements):
            predicates = self.statements[subject]
            order = sorted(predicates, key=lambda p: (p != "a", p != "rdfs:label", p))
            parts = []
            for predicate in order:
                objects = " ,\n        ".join(sorted(predicates[predicate]))
                parts.append(f"    {predicate} {objects}")
            lines += ["", subject, " ;\n".join(parts) + " ."]
        return "\n".join(lines) + "\n"


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
            if " - " not in name and " – " not in name:
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


def with_forms(labels: Labels) -> Labels:
    """The names with common inflected forms added (Russian cases, German genitive)."""
    forms = {language: list(names) for language, names in labels.items()}
    for name in labels["ru"]:
        forms["ru"] += case_forms(name)
    german = labels["de"][0]
    if re.fullmatch(r"[A-ZÄÖÜ][a-zäöüß]+", german) and german[-1] not in "szxß":
        forms["de"].append(german + "s")
    return forms


def schema(graph: Graph) -> None:
    """Adds classes and properties with their names, phrases and statement patterns."""
    for kind, table in (("rdfs:Class", "schema_classes"), ("rdf:Property", "schema_properties")):
        labels: dict[str, Labels] = defaultdict(dict)
        for row in rows(table):
            subject = f"ws:{row['id']}"
            labels[subject][row["language"]] = [row["label"], *split(row["aliases"])]
            if "pattern" in row:
                pattern = f"{quoted(row['pattern'])}@{row['language']}"
                graph.add(subject, "cv:statementPattern", pattern)
        for subject, names in labels.items():
            graph.add(subject, "a", kind)
            graph.name(subject, names)
    for row in rows("schema_shape"):
        subject, target = f"ws:{row['property']}", row["range"]
        literal = target.startswith("xsd:")
        graph.add(subject, "a", "owl:DatatypeProperty" if literal else "owl:ObjectProperty")
        if row["domain"]:
            graph.add(subject, "rdfs:domain", f"ws:{row['domain']}")
        if target:
            graph.add(subject, "rdfs:range", target if literal else f"ws:{target}")
        if row["unit"]:
            graph.add(subject, "cv:unit", quoted(row["unit"]))
        if row["symmetric"]:
            graph.add(subject, "a", "owl:SymmetricProperty")
        if row["inverse"]:
            partner = f"ws:{row['inverse']}"
            graph.add(subject, "owl:inverseOf", partner)
            graph.add(partner, "owl:inverseOf", subject)
            graph.add(partner, "a", "owl:ObjectProperty")


def number(text: str) -> str:
    """A table number as a Turtle integer or decimal."""
    return str(float(text)) if "." in text else str(int(text))


def regions(graph: Graph, names: Names) -> dict[str, tuple[str, str]]:
    """Adds continents and subregions; returns (subregion, continent) slugs by CLDR code."""
    places = {}
    for continent, code in CONTINENTS.items():
        graph.add(f"w:{continent}", "a", "ws:Continent")
        graph.name(f"w:{continent}", with_forms(names.territory(code, continent)))
        for region in SUBREGIONS[continent]:
            labels = names.territory(region)
            slug = slugify(labels["en"][0])
            places[region] = (slug, continent)
            if slug != continent:
                graph.add(f"w:{slug}", "a", "ws:Region")
                graph.add(f"w:{slug}", "ws:continent", f"w:{continent}")
                graph.name(f"w:{slug}", labels)
    return places


def countries(graph: Graph, names: Names) -> dict[str, str]:
    """Adds countries with capitals, languages and currencies; returns slugs by ISO code."""
    table = rows("countries")
    slugs = {row["iso"]: row["slug"] for row in table}
    places = regions(graph, names)
    for row in table:
        subject, iso = f"w:{row['slug']}", row["iso"]
        graph.add(subject, "a", "ws:Country")
        graph.name(subject, with_forms(names.territory(iso, row["slug"])))
        graph.add(subject, "ws:isoCode", quoted(iso), quoted(row["alpha3"]))
        for capital in row["capital"].split():
            graph.add(subject, "ws:capital", f"w:{capital}")
            city(graph, names, capital, row, "")
        for code in row["languages"].split():
            graph.add(subject, "ws:officialLanguage", f"w:{language(graph, names, code)}")
        for code in row["currency"].split():
            graph.add(subject, "ws:currency", f"w:{currency(graph, names, code)}")
        region, continent = places[row["subregion"]]
        graph.add(subject, "ws:subregion", f"w:{region}")
        graph.add(subject, "ws:continent", f"w:{continent}")
        graph.add(subject, "ws:continent", *(f"w:{c}" for c in EXTRA_CONTINENTS.get(iso, ())))
        graph.add(subject, "ws:area", number(row["area"]))
        graph.add(subject, "ws:callingCode", quoted(f"+{row['calling']}"))
        domain = "uk" if iso == "GB" else iso.lower()
        if iso != "XK":
            graph.add(subject, "ws:topLevelDomain", quoted(f".{domain}"))
        graph.add(subject, "ws:drivingSide", "w:left" if row["side"] == "L" else "w:right")
        neighbours = row["neighbours"].split()
        graph.add(subject, "ws:neighbour", *(f"w:{slugs[code]}" for code in neighbours))
    for row in rows("cities"):
        owner = {"iso": row["country"], "slug": slugs[row["country"]]}
        city(graph, names, row["slug"], owner, row["zone"])
    return slugs


def city(graph: Graph, names: Names, slug: str, owner: Mapping[str, str], zone: str) -> None:
    """Adds one city of the country ``owner`` (its ``iso`` and ``slug``)."""
    graph.add(f"w:{slug}", "a", "ws:City")
    graph.add(f"w:{slug}", "ws:country", f"w:{owner['slug']}")
    zone = zone or LEGACY_ZONES.get(slug, "")
    graph.name(f"w:{slug}", with_forms(names.city(slug, owner["iso"], zone)))


def language(graph: Graph, names: Names, code: str) -> str:
    """Adds a language; returns its slug."""
    slug, labels = names.language(code)
    graph.add(f"w:{slug}", "a", "ws:Language")
    graph.name(f"w:{slug}", labels)
    if code not in ("ber", "fa-AF"):
        graph.add(f"w:{slug}", "ws:isoCode", quoted(code))
    scripts: Iterable[str] = LANGUAGE_SCRIPTS.get(code, ())
    if not scripts:
        likely = get_global("likely_subtags").get(code, f"{code}_Latn_XX")
        scripts = [part for part in likely.split("_") if part in SCRIPTS]
    graph.add(f"w:{slug}", "ws:script", *(f"w:{SCRIPTS[script]}" for script in scripts))
    return slug


def currency(graph: Graph, names: Names, code: str) -> str:
    """Adds a currency; returns its slug."""
    slug, labels = names.currency(code)
    graph.add(f"w:{slug}", "a", "ws:Currency")
    graph.name(f"w:{slug}", labels)
    graph.add(f"w:{slug}", "ws:currencyCode", quoted(code))
    sign = names.locales["en"].currency_symbols.get(code)
    if sign and sign != code:
        graph.add(f"w:{slug}", "ws:symbol", quoted(str(sign)))
    return slug


def nature(graph: Graph, names: Names, slugs: Mapping[str, str]) -> None:
    """Adds waters, ranges, rivers and mountains, and what the small label tables name."""
    small = {"scripts": "Script", "sides": "RoadSide", "waters": "WaterBody"}
    for kind, cls in (small | {"ranges": "MountainRange"}).items():
        for slug, labels in names.tables.get(kind, {}).items():
            graph.add(f"w:{slug}", "a", f"ws:{cls}")
            graph.name(f"w:{slug}", with_forms(labels))
    for row in rows("rivers"):
        subject = f"w:{row['slug']}"
        graph.add(subject, "a", "ws:River")
        graph.name(subject, with_forms(names.tables["rivers"][row["slug"]]))
        graph.add(subject, "ws:length", number(row["length"]))
        graph.add(subject, "ws:mouth", *(f"w:{slug}" for slug in row["mouth"].split()))
        graph.add(subject, "ws:flowsThrough", *(f"w:{slugs[c]}" for c in row["countries"].split()))
        graph.add(subject, "ws:passesCity", *(f"w:{slug}" for slug in row["cities"].split()))
    for row in rows("mountains"):
        subject = f"w:{row['slug']}"
        graph.add(subject, "a", "ws:Mountain")
        graph.name(subject, with_forms(names.tables["mountains"][row["slug"]]))
        graph.add(subject, "ws:height", number(row["height"]))
        graph.add(subject, "ws:locatedIn", *(f"w:{slugs[c]}" for c in row["countries"].split()))
        graph.add(subject, "ws:mountainRange", *(f"w:{slug}" for slug in row["range"].split()))
        for code in row["highest_of"].split():
            graph.add(f"w:{slugs[code]}", "ws:highestPoint", subject)


def definitions(graph: Graph) -> None:
    """Adds the short descriptions of tables/definitions.tsv.

    Raises:
        ValueError: a description is of something the graph does not have.
    """
    for row in rows("definitions"):
        subject = f"w:{row['slug']}"
        if subject not in graph.statements:
            raise ValueError(f"tables/definitions.tsv: {row['slug']} is not in the graph")
        graph.add(subject, "skos:definition", f"{quoted(row['text'])}@{row['language']}")


def build() -> str:
    """The text of graph.ttl.

    Raises:
        ValueError: a table names something without a label.
    """
    graph, names = Graph(), Names()
    schema(graph)
    slugs = countries(graph, names)
    nature(graph, names, slugs)
    definitions(graph)
    cldr = get_global("cldr")["version"]
    header = f"# Written by build.py from the tables and CLDR {cldr}. Public domain (CC0 1.0)."
    return graph.turtle(header)


def main(arguments: list[str]) -> int:
    """Exit code of the script: 0 when the graph was written or is current."""
    text = build()
    if arguments == ["--check"]:
        if GRAPH.exists() and GRAPH.read_text(encoding="utf-8") == text:
            return 0
        print(f"{GRAPH.name} is out of date: run python kg/world/build.py", file=sys.stderr)
        return 1
    if arguments:
        print("usage: build.py [--check]", file=sys.stderr)
        return 2
    descriptor, temporary = tempfile.mkstemp(dir=HERE, suffix=".tmp")
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).chmod(0o644)
    Path(temporary).replace(GRAPH)
    print(f"wrote {GRAPH.name}: {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
