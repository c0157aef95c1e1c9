"""IRIs of the vocabularies the graph reads: RDF, RDFS, OWL, SKOS, schema.org, convrag's own."""

from __future__ import annotations

from urllib.parse import unquote

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SKOSXL = "http://www.w3.org/2008/05/skos-xl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SCHEMA = ("http://schema.org/", "https://schema.org/")
DC = "http://purl.org/dc/elements/1.1/"
DCT = "http://purl.org/dc/terms/"
FOAF = "http://xmlns.com/foaf/0.1/"
GEONAMES = "http://www.geonames.org/ontology#"
WIKIBASE = "http://wikiba.se/ontology#"
CONVRAG = "https://convrag.example/ns#"

TYPE = RDF + "type"
REIFIES = RDF + "reifies"
ALIAS = SKOS + "altLabel"
DEFINITION = SKOS + "definition"
SUBCLASS = RDFS + "subClassOf"
INVERSE = OWL + "inverseOf"
PATTERN = CONVRAG + "statementPattern"
UNIT = CONVRAG + "unit"
QUANTITY_UNIT = WIKIBASE + "quantityUnit"
UNIT_SYMBOL = "http://www.wikidata.org/prop/direct/P5061"
TOGETHER = CONVRAG + "namedTogether"
"""Between what a text names in one sentence without saying how it hangs together."""
BROADER_CLASS = CONVRAG + "broaderClass"
"""Says what is above a class without making either of them nothing but a class."""

LABEL_ORDER = (
    SKOS + "prefLabel",
    RDFS + "label",
    *(s + "name" for s in SCHEMA),
    FOAF + "name",
    GEONAMES + "officialName",
    GEONAMES + "name",
    DCT + "title",
    DC + "title",
)
"""Predicates that name a thing; where several do in one language, the first is its label."""
LABELS = frozenset(LABEL_ORDER)
ALIASES = frozenset(
    {
        ALIAS,
        SKOS + "hiddenLabel",
        *(s + "alternateName" for s in SCHEMA),
        FOAF + "nick",
        GEONAMES + "alternateName",
        GEONAMES + "shortName",
        DCT + "alternative",
    }
)
IDENTIFIERS = (
    SKOS + "notation",
    *(s + name for s in SCHEMA for name in ("identifier", "sku", "isbn")),
    DCT + "identifier",
    DC + "identifier",
)
"""Predicates whose texts stand for the thing itself, as names do, in no language."""
DESCRIPTIONS = frozenset(
    {
        DEFINITION,
        RDFS + "comment",
        DC + "description",
        DCT + "description",
        DCT + "abstract",
        SKOS + "scopeNote",
        *(s + "description" for s in SCHEMA),
    }
)
PROPERTY_TYPES = frozenset(
    {
        RDF + "Property",
        OWL + "ObjectProperty",
        OWL + "DatatypeProperty",
        OWL + "SymmetricProperty",
        OWL + "FunctionalProperty",
        OWL + "TransitiveProperty",
        OWL + "AnnotationProperty",
    }
)
CLASS_TYPES = frozenset({RDFS + "Class", OWL + "Class"})
SYMMETRIC = OWL + "SymmetricProperty"
FUNCTIONAL = OWL + "FunctionalProperty"

PROPERTY_AXIOMS = frozenset({RDFS + "subPropertyOf", RDFS + "domain", RDFS + "range"})
"""Predicates whose subject is a property."""

SCHEMA_PREDICATES = PROPERTY_AXIOMS | frozenset(
    {
        TYPE,
        INVERSE,
        PATTERN,
        UNIT,
        SUBCLASS,
        RDFS + "isDefinedBy",
        SKOS + "inScheme",
        SKOS + "topConceptOf",
        SKOS + "hasTopConcept",
        *(
            OWL + name
            for name in (
                "onProperty",
                "someValuesFrom",
                "allValuesFrom",
                "hasValue",
                "unionOf",
                "intersectionOf",
                "complementOf",
                "oneOf",
                "disjointWith",
                "disjointUnionOf",
                "equivalentClass",
                "equivalentProperty",
                "propertyChainAxiom",
                "hasKey",
                "imports",
                "versionInfo",
                "versionIRI",
                "priorVersion",
                "cardinality",
                "minCardinality",
                "maxCardinality",
                "qualifiedCardinality",
                "onClass",
            )
        ),  # fmt: skip
    }
)
"""Predicates that describe the vocabulary, not the world: never shown as facts."""

NUMERIC = frozenset(
    XSD + name
    for name in (
        "integer",
        "decimal",
        "double",
        "float",
        "int",
        "long",
        "short",
        "byte",
        "nonNegativeInteger",
        "positiveInteger",
        "unsignedInt",
    )
)


def local_name(iri: str) -> str:
    """Return the readable tail of an IRI: what follows the last ``#``, ``/`` or ``:``, decoded."""
    tail = iri.rstrip("/#")
    for separator in ("#", "/", ":"):
        tail = tail.rsplit(separator, 1)[-1]
    shown = unquote(tail) if "%" in tail else tail
    # What is no text when it is decoded is easier to read as it is.
    return (shown if shown.isprintable() and "\ufffd" not in shown else tail) or iri
