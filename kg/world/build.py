"""Writes graph.ttl of the world pack from Unicode CLDR names and the tables beside it.

    python kg/world/build.py            write graph.ttl
    python kg/world/build.py --check    exit 1 when graph.ttl is not what the tables give

The output is sorted, so the same tables and the same CLDR version give the same bytes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel.core import get_global
from naming import LANGUAGES, Labels, Names, inflected, rows, slugify, split

HERE = Path(__file__).resolve().parent
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
# Countries that reach into a second continent, or that custom places outside their CLDR region.
EXTRA_CONTINENTS = {"RU": ("asia",), "TR": ("europe",), "EG": ("asia",), "CY": ("europe",)}
# CLDR records one likely script a language; these are written in more, or it has none for them.
LANGUAGE_SCRIPTS = {
    "ber": ("Tfng", "Latn", "Arab"),
    "bs": ("Latn", "Cyrl"),
    "cnr": ("Latn", "Cyrl"),
    "fa-AF": ("Arab",),
    "hif": ("Latn", "Deva"),
    "ku": ("Latn", "Arab"),
    "sr": ("Cyrl", "Latn"),
}
LEGACY_ZONES = {"astana": "Asia/Almaty"}


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

    def name(self, subject: str, labels: Labels, *, decline: bool = False) -> None:
        """Records label and aliases in every language, and declined forms as hidden labels.

        Raises:
            ValueError: a language has no label.
        """
        for language in LANGUAGES:
            names = list(dict.fromkeys(labels.get(language, ())))
            if not names:
                raise ValueError(f"{subject} has no label in {language}")
            self.add(subject, "rdfs:label", f"{quoted(names[0])}@{language}")
            self.add(subject, "skos:altLabel", *(f"{quoted(n)}@{language}" for n in names[1:]))
            forms = [form for form in inflected(language, names) if form not in names]
            if decline:
                self.add(subject, "skos:hiddenLabel", *(f"{quoted(f)}@{language}" for f in forms))

    def turtle(self, header: str) -> str:
        """The whole graph as Turtle text.

        Raises:
            ValueError: two different things were given one id.
        """
        for subject, predicates in self.statements.items():
            if subject.startswith("w:") and len(predicates["a"]) != 1:
                raise ValueError(f"{subject} stands for {sorted(predicates['a'])}: rename one")
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
    members: dict[str, list[str]] = defaultdict(list)
    for row in rows("regions"):
        members[row["continent"]].append(row["code"])
    for place in rows("continents"):
        continent, code = place["slug"], place["code"]
        graph.add(f"w:{continent}", "a", "ws:Continent")
        graph.name(f"w:{continent}", names.territory(code, continent), decline=True)
        for region in members[continent]:
            labels = names.territory(region)
            slug = slugify(labels["en"][0])
            places[region] = (slug, continent)
            if slug != continent:
                graph.add(f"w:{slug}", "a", "ws:Region")
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
        graph.name(subject, names.territory(iso, row["slug"]), decline=True)
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
    graph.name(f"w:{slug}", names.city(slug, owner["iso"], zone), decline=True)


def language(graph: Graph, names: Names, code: str) -> str:
    """Adds a language; returns its slug."""
    slug, labels = names.language(code)
    graph.add(f"w:{slug}", "a", "ws:Language")
    graph.name(f"w:{slug}", labels)
    if code not in ("ber", "fa-AF"):
        graph.add(f"w:{slug}", "ws:isoCode", quoted(code))
    known = {row["code"]: row["slug"] for row in rows("scripts")}
    scripts: Iterable[str] = LANGUAGE_SCRIPTS.get(code, ())
    if not scripts:
        likely = get_global("likely_subtags").get(code, f"{code}_Latn_XX")
        scripts = [part for part in likely.split("_") if part in known]
    graph.add(f"w:{slug}", "ws:script", *(f"w:{known[script]}" for script in scripts))
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
            graph.name(f"w:{slug}", labels, decline=True)
    for row in rows("rivers"):
        subject = f"w:{row['slug']}"
        graph.add(subject, "a", "ws:River")
        graph.name(subject, names.tables["rivers"][row["slug"]], decline=True)
        graph.add(subject, "ws:length", number(row["length"]))
        graph.add(subject, "ws:mouth", *(f"w:{slug}" for slug in row["mouth"].split()))
        graph.add(subject, "ws:flowsThrough", *(f"w:{slugs[c]}" for c in row["countries"].split()))
        graph.add(subject, "ws:passesCity", *(f"w:{slug}" for slug in row["cities"].split()))
    for row in rows("mountains"):
        subject = f"w:{row['slug']}"
        graph.add(subject, "a", "ws:Mountain")
        graph.name(subject, names.tables["mountains"][row["slug"]], decline=True)
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
