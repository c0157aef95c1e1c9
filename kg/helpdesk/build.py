"""Build ``graph.ttl`` of the helpdesk pack from the hand-written tables beside this file.

Run ``python kg/helpdesk/build.py`` to write the graph and ``--check`` to see whether it is current.
The output depends on the tables only: same tables, same bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
TABLES = HERE / "tables"
GRAPH = HERE / "graph.ttl"
PREFIXES = {
    "h": "https://convrag.example/helpdesk/",
    "hs": "https://convrag.example/helpdesk/schema#",
    "cv": "https://convrag.example/ns#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
DATATYPES = {"string": "xsd:string", "integer": "xsd:integer", "number": "xsd:decimal"}
DATATYPES |= {"year": "xsd:gYear", "text": "rdf:langString"}
CODE_ALIASES = {
    "en": ["error {code}", "{model} {code}", "code {code}", "{code} on the {model}"],
    "zh": ["{code}错误", "{model}的{code}", "故障代码{code}", "{model} {code}"],
    "es": [
        "error {code}",
        "{model} {code}",
        "código {code}",
        "{code} en la {model}",
        "{code} en el {model}",
    ],
    "de": [
        "Fehler {code}",
        "{model} {code}",
        "Fehlercode {code}",
        "{code} bei der {model}",
        "{code} beim {model}",
    ],
}


class TableError(Exception):
    """A table names something that no table defines, or lacks a text."""


@dataclass(slots=True)
class Node:
    """One resource with its (predicate, object) pairs; objects are ready Turtle terms."""

    iri: str
    pairs: list[tuple[str, str]] = field(default_factory=list)

    def add(self, predicate: str, *terms: str) -> None:
        """Append each term once, in the order given."""
        for term in terms:
            if (predicate, term) not in self.pairs:
                self.pairs.append((predicate, term))


def quoted(text: str) -> str:
    """The text as a Turtle string; JSON's escapes are all legal there."""
    return json.dumps(text, ensure_ascii=False)


@dataclass(slots=True)
class Tables:
    """The parsed tables and the languages in which lists of texts are written."""

    schema: Mapping[str, Any]
    products: Mapping[str, Any]
    parts: Mapping[str, Any]
    errors: Mapping[str, Any]
    names: Mapping[str, Any]
    shops: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Tables:
        """The tables in ``folder``, one YAML file for each field."""
        names = ("schema", "products", "parts", "errors", "names", "shops")
        texts = ((folder / f"{name}.yaml").read_text(encoding="utf-8") for name in names)
        return cls(*(yaml.safe_load(text) for text in texts))

    def tagged(self, texts: Sequence[str]) -> list[str]:
        """Turtle literals for texts that follow the order of the languages."""
        if len(texts) < 4 or not all(texts):
            raise TableError(f"four languages are needed: {texts}")
        return [f"{quoted(t)}@{lang}" for t, lang in zip(texts, self.languages, strict=False)]

    @property
    def languages(self) -> list[str]:
        """Language codes, in the order in which lists of texts are written."""
        return list(self.schema["languages"])


def by_language(texts: Mapping[str, Sequence[str]]) -> list[str]:
    """Turtle literals for lists of texts keyed by language."""
    return [f"{quoted(text)}@{lang}" for lang, group in texts.items() for text in group]


def ancestors(classes: Mapping[str, Any], name: str) -> list[str]:
    """The class and all its parents as CURIEs, nearest first."""
    found: list[str] = []
    current: str | None = name
    while current:
        found.append(f"hs:{current}")
        current = classes[current].get("parent")
    return found


def value_term(kind: str, value: object) -> str:
    """A fact's value as a Turtle literal of the property's range."""
    if kind == "string":
        return quoted(str(value))
    if kind == "number":
        return f'"{value}"^^xsd:decimal'
    return f'"{value}"^^{DATATYPES[kind]}'


def class_nodes(tables: Tables) -> Iterator[Node]:
    """The classes, with names in every language and their parents."""
    for name, record in tables.schema["classes"].items():
        node = Node(f"hs:{name}", [("a", "owl:Class")])
        if parent := record.get("parent"):
            node.add("rdfs:subClassOf", f"hs:{parent}")
        node.add("rdfs:label", *tables.tagged(record["label"]))
        node.add("skos:altLabel", *by_language(record["alias"]))
        yield node


def describe_property(tables: Tables, node: Node, record: Mapping[str, Any]) -> None:
    """Add a property's names, question phrases and sentence patterns to its node."""
    node.add("rdfs:label", *tables.tagged(record["label"]))
    node.add("skos:altLabel", *by_language(record["ask"]))
    for pattern in record["pattern"]:
        if "{subject}" not in pattern or "{object}" not in pattern:
            raise TableError(f"{node.iri}: a pattern lacks a placeholder: {pattern}")
    node.add("cv:statementPattern", *tables.tagged(record["pattern"]))


def property_nodes(tables: Tables) -> Iterator[Node]:
    """The properties, each followed by its inverse if it has one."""
    for name, record in tables.schema["properties"].items():
        kind = record["range"]
        literal = kind in DATATYPES
        node = Node(f"hs:{name}")
        node.add("a", "owl:DatatypeProperty" if literal else "owl:ObjectProperty")
        node.add("rdfs:domain", f"hs:{record['domain']}")
        node.add("rdfs:range", DATATYPES[kind] if literal else f"hs:{kind}")
        describe_property(tables, node, record)
        unit = record.get("unit")
        if isinstance(unit, str):
            node.add("cv:unit", quoted(unit))
        elif unit:
            node.add("cv:unit", *(f"{quoted(text)}@{lang}" for lang, text in unit.items()))
        inverse = record.get("inverse")
        if inverse:
            node.add("owl:inverseOf", f"hs:{inverse['id']}")
        yield node
        if inverse:
            back = Node(f"hs:{inverse['id']}", [("a", "owl:ObjectProperty")])
            back.add("rdfs:domain", f"hs:{kind}")
            back.add("rdfs:range", f"hs:{record['domain']}")
            back.add("owl:inverseOf", node.iri)
            describe_property(tables, back, inverse)
            yield back


class Builder:
    """Turns the tables' records into nodes, checking every name against the schema."""

    def __init__(self, tables: Tables) -> None:
        """Keep the tables and note which slugs they define."""
        self.tables = tables
        self.properties = tables.schema["properties"]
        self.known = {*tables.products, *tables.parts, *tables.shops["shops"]}
        self.known |= {slug for group in tables.names.values() for slug in group}

    def entity(self, slug: str, kind: str, labels: Sequence[str]) -> Node:
        """A new node with its classes and labels."""
        node = Node(f"h:{slug}")
        node.add("a", *ancestors(self.tables.schema["classes"], kind))
        node.add("rdfs:label", *self.tables.tagged(labels))
        return node

    def fact(self, node: Node, name: str, value: object) -> None:
        """State a literal fact."""
        kind = self.properties[name]["range"]
        if kind not in DATATYPES:
            raise TableError(f"{node.iri}: {name} needs an entity")
        node.add(f"hs:{name}", value_term(kind, value))

    def link(self, node: Node, name: str, slugs: Sequence[str]) -> None:
        """State a relation to other entities."""
        if name not in self.properties:
            raise TableError(f"{node.iri}: unknown property {name}")
        for slug in slugs:
            if slug not in self.known:
                raise TableError(f"{node.iri}: {name} names the unknown {slug}")
            node.add(f"hs:{name}", f"h:{slug}")

    def product(self, slug: str, record: Mapping[str, Any]) -> Iterator[Node]:
        """A product and then its error codes."""
        label = record["label"]
        node = self.entity(slug, record["class"], [label] * len(self.tables.languages))
        general = self.tables.schema["classes"][record["class"]]["label"]
        kinds = zip(general, record.get("kind", general), strict=False)
        for lang, names in zip(self.tables.languages[:4], kinds, strict=False):
            glue = "" if lang == "zh" else " "
            forms = [label.replace("-", ""), label.replace("-", " "), record["nick"]]
            forms += [f"Mirovelt {label}", f"Mirovelt {record['nick']}"]
            for name in names:
                forms += [f"{name}{glue}{label}"]
                forms += [f"{label}{glue}{name}"] if lang in ("en", "zh") else []
            node.add("skos:altLabel", *by_language({lang: forms}))
        node.add("skos:altLabel", quoted(label.replace("-", "")), quoted(record["nick"]))
        for name, value in record["facts"].items():
            self.fact(node, name, value)
        for name, slugs in record["links"].items():
            self.link(node, name, slugs)
        sellers = self.tables.shops["shops"].items()
        self.link(node, "soldAt", [shop for shop, r in sellers if slug in r.get("sells", ())])
        self.link(node, "manufacturer", ["mirovelt"])
        codes = [self.error(slug, label, *item) for item in self.tables.errors[slug].items()]
        node.add("hs:hasErrorCode", *(code.iri for code in codes))
        yield node
        yield from codes

    def error(self, slug: str, model: str, code: str, record: Mapping[str, Any]) -> Node:
        """An error code of one product: the same code on another product is another node."""
        label = f"{model} {code}"
        names = [f"{code} ({model})"] * len(self.tables.languages)
        node = self.entity(f"{slug}-{code.lower()}", "ErrorCode", names)
        node.add("skos:altLabel", quoted(code), quoted(label))
        for lang, forms in CODE_ALIASES.items():
            texts = [form.format(code=code, model=model) for form in forms]
            node.add("skos:altLabel", *by_language({lang: texts}))
        node.add("skos:definition", *self.tables.tagged(record["meaning"]))
        self.fact(node, "code", code)
        self.link(node, "affectsPart", [record["part"]])
        self.link(node, "remedy", [record["remedy"]])
        return node

    def part(self, slug: str, record: Mapping[str, Any]) -> Node:
        """A part with its number, price and interval."""
        node = self.entity(slug, "Part", record["label"])
        node.add("skos:altLabel", *by_language(record.get("alias", {})), quoted(record["number"]))
        columns = {"partNumber": "number", "price": "price"}
        columns |= {"replacementInterval": "every", "warrantyMonths": "warranty"}
        for name, column in columns.items():
            if column in record:
                self.fact(node, name, record[column])
        return node

    def named(self, kind: str, slug: str, record: Mapping[str, Any]) -> Node:
        """A thing of the table of names."""
        node = self.entity(slug, kind, record["label"])
        node.add("skos:altLabel", *by_language(record.get("alias", {})))
        for name, value in record.get("facts", {}).items():
            self.fact(node, name, value)
        for name, slugs in record.get("links", {}).items():
            self.link(node, name, slugs)
        return node

    def shop(self, slug: str, record: Mapping[str, Any]) -> Node:
        """A shop or service centre, named after its city."""
        cities = self.tables.names["City"][record["city"]]["label"]
        patterns = self.tables.shops["names"][record["kind"]]
        labels = [form.format(city) for form, city in zip(patterns, cities, strict=True)]
        node = self.entity(slug, record["kind"], labels)
        for lang, city in zip(self.tables.languages[:4], cities, strict=False):
            forms = self.tables.shops["aliases"][record["kind"]][lang]
            node.add("skos:altLabel", *by_language({lang: [form.format(city) for form in forms]}))
        self.link(node, "locatedIn", [record["city"]])
        self.fact(node, "address", record["address"])
        node.add("hs:openingDays", *self.tables.tagged(self.tables.shops["days"][record["days"]]))
        self.fact(node, "openingHours", record["hours"])
        self.fact(node, "phone", record["phone"])
        return node

    def nodes(self) -> Iterator[Node]:
        """Every node of the graph, in the order of the tables."""
        yield from class_nodes(self.tables)
        yield from property_nodes(self.tables)
        for slug, record in self.tables.products.items():
            yield from self.product(slug, record)
        for slug, record in self.tables.parts.items():
            yield self.part(slug, record)
        for kind, group in self.tables.names.items():
            for slug, record in group.items():
                yield self.named(kind, slug, record)
        for slug, record in self.tables.shops["shops"].items():
            yield self.shop(slug, record)


def turtle(nodes: Iterator[Node]) -> str:
    """The nodes as one Turtle document.

    Raises:
        TableError: If two nodes have the same IRI.
    """
    blocks = ["\n".join(f"@prefix {name}: <{iri}> ." for name, iri in PREFIXES.items())]
    seen: set[str] = set()
    for node in nodes:
        if node.iri in seen:
            raise TableError(f"{node.iri} is defined twice")
        seen.add(node.iri)
        grouped: dict[str, list[str]] = {}
        for predicate, term in node.pairs:
            grouped.setdefault(predicate, []).append(term)
        lines = (f"    {name} {', '.join(terms)}" for name, terms in grouped.items())
        blocks.append(f"{node.iri}\n" + " ;\n".join(lines) + " .")
    return "\n\n".join(blocks) + "\n"


def build() -> str:
    """The graph's Turtle text from the tables on disk."""
    return turtle(Builder(Tables.read(TABLES)).nodes())


def write(path: Path, text: str) -> None:
    """Replace the file's text in one step."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=path.parent, delete=False
    ) as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    temporary = Path(handle.name)
    temporary.chmod(0o644)
    temporary.replace(path)


def main() -> int:
    """Exit status: 0 when the graph was written or is current, 1 when it is stale."""
    parser = argparse.ArgumentParser(description="Build the helpdesk graph from its tables.")
    parser.add_argument("--check", action="store_true", help="only say whether it is current")
    text = build()
    if not parser.parse_args().check:
        write(GRAPH, text)
        return 0
    if GRAPH.is_file() and GRAPH.read_text(encoding="utf-8") == text:
        print("graph.ttl is current")
        return 0
    print("graph.ttl is stale: run python kg/helpdesk/build.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
