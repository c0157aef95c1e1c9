"""Whether a graph is well formed: SHACL shapes, or checks of what convrag needs, in words."""

from __future__ import annotations

import logging
import re
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from typing import Literal as OneOf

from convrag.dependencies import require
from convrag.errors import GraphError
from convrag.graph import terms
from convrag.graph.export import as_rdflib, blank_name
from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import read_rdf
from convrag.graph.sparql import check_query
from convrag.types import Literal, Triple

if TYPE_CHECKING:
    import rdflib

_SH = "http://www.w3.org/ns/shacl#"
Severity = OneOf["violation", "warning", "info"]
_SEVERITIES: dict[str, Severity] = {_SH + "Warning": "warning", _SH + "Info": "info"}
_MEASURED = frozenset(terms.XSD + name for name in ("decimal", "double", "float"))
_WHOLE = re.compile(r"[+-]?\d+\Z", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z", re.ASCII)
_DOUBLE = re.compile(r"([+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?INF|NaN)\Z", re.ASCII)
_ZONE = r"(Z|[+-]\d\d:\d\d)?"
_DATE = re.compile(rf"-?(\d{{4,}})-(\d\d)-(\d\d){_ZONE}\Z", re.ASCII)
_TIME_OF_DAY = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?"
_DATE_TIME = re.compile(rf"(-?\d{{4,}}-\d\d-\d\d)T({_TIME_OF_DAY}|24:00:00){_ZONE}\Z", re.ASCII)
_YEAR = re.compile(rf"-?\d{{4,}}{_ZONE}\Z", re.ASCII)
_YEAR_MONTH = re.compile(rf"-?\d{{4,}}-(0[1-9]|1[0-2]){_ZONE}\Z", re.ASCII)
_TIME = re.compile(rf"{_TIME_OF_DAY}{_ZONE}\Z", re.ASCII)
_BOOLEAN = re.compile(r"(true|false|0|1)\Z")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    severity: Severity
    source: str
    """The file that says it; the first of several, empty where none does."""
    subject: str
    path: str
    """The property; empty when the subject itself is meant."""
    message: str


def check(graph: KnowledgeGraph, triples: Sequence[Triple]) -> tuple[Finding, ...]:
    """Return what convrag can use badly or not at all, sorted.

    Violations are: entities without a name, and properties and classes of the graph's own
    namespaces without one; references to things of these namespaces that it does not describe;
    values that are none of their datatype; classes above themselves. A property of measured values
    (decimal, double, float) without a unit is a warning: it may be a ratio.
    """
    by_subject = _by_subject(triples)
    found = [
        *_unnamed(graph, triples, by_subject),
        *_dangling(triples, by_subject),
        *_bad_values(triples),
        *_cycles(triples),
        *_without_unit(graph, triples),
    ]
    return _sorted(found)


def check_shapes(triples: Sequence[Triple], shapes: Path) -> tuple[Finding, ...]:
    """Return where the graph is not as the SHACL shapes of the file demand, sorted.

    Args:
        triples: The graph as it was read.
        shapes: An RDF file of shapes; nothing it imports is fetched.

    Raises:
        MissingDependencyError: pyshacl is not installed.
        GraphError: The file is not valid, or has shapes that cannot be checked.
    """
    pyshacl = require("pyshacl", extra="shacl")
    wanted = read_rdf(shapes, source=shapes.name)
    if not any(_SH in (t.predicate + str(t.object)) for t in wanted):
        raise GraphError(f"{shapes}: there are no SHACL shapes in it", "name a file of shapes")
    for triple in wanted:
        if triple.predicate in (_SH + "select", _SH + "ask") and isinstance(triple.object, Literal):
            check_query(triple.object.value)
    report = _validated(pyshacl, as_rdflib(triples), as_rdflib(wanted), shapes)
    return _sorted(_findings(report, triples))


def _validated(
    pyshacl: ModuleType, data: rdflib.Graph, wanted: rdflib.Graph, shapes: Path
) -> rdflib.Graph:
    """Return pyshacl's report.

    Raises:
        GraphError: The shapes cannot be checked.
    """
    import rdflib
    from pyparsing import ParseException  # rdflib reads queries with it

    # It would report to the terminal what is raised anyway.
    logging.getLogger("pyshacl-validate").disabled = True
    try:
        with warnings.catch_warnings():
            # Shapes that lead to themselves are followed once, and that is said in a warning.
            warnings.simplefilter("ignore", pyshacl.errors.ValidationWarning)
            _, report, _ = pyshacl.validate(
                data, shacl_graph=wanted, inference="none", do_owl_imports=False, js=False
            )
    except (RuntimeError, re.error, ParseException) as error:
        raise _unusable(shapes, error) from error
    if not isinstance(report, rdflib.Graph):
        raise _unusable(shapes, report)
    return report


def _unusable(shapes: Path, reason: object) -> GraphError:
    return GraphError(f"{shapes}: {' '.join(str(reason).split())[:200]}", "correct the shapes")


def _findings(report: rdflib.Graph, triples: Sequence[Triple]) -> Iterator[Finding]:
    """Yield the results of a SHACL report."""
    import rdflib

    by_subject = _by_subject(triples)
    blanks = {blank_name(s): s for s in by_subject if s.startswith("_:")}
    places: dict[tuple[str, str], str] = {}
    for triple in triples:
        places.setdefault((triple.subject, triple.predicate), triple.source)
    sh = rdflib.Namespace(_SH)
    for result in report.subjects(rdflib.RDF.type, sh.ValidationResult):
        node: Any = report.value(result, sh.focusNode)
        subject = blanks.get(str(node), str(node))
        at: Any = report.value(result, sh.resultPath)
        path = str(at) if isinstance(at, rdflib.URIRef) else ""
        messages = sorted(str(m) for m in report.objects(result, sh.resultMessage))
        source = places.get((subject, path)) or by_subject.get(subject, "")
        severity = _SEVERITIES.get(str(report.value(result, sh.resultSeverity)), "violation")
        message = " ".join(messages[0].split()) if messages else "not as the shapes demand"
        value = report.value(result, sh.value)
        if value is not None and str(value) not in message:
            message = f"{message}: {value}"
        yield Finding(severity, source, subject, path, message)


def _unnamed(
    graph: KnowledgeGraph, triples: Sequence[Triple], by_subject: dict[str, str]
) -> Iterator[Finding]:
    for entity in graph.entities.values():
        if not entity.labels and entity.id in by_subject and not entity.id.startswith("_:"):
            yield Finding(
                "violation", by_subject[entity.id], entity.id, "", "has no label in any language"
            )
    own = _namespaces(by_subject)
    used: dict[str, tuple[str, str]] = {}
    for triple in triples:
        if triple.predicate == terms.TYPE and isinstance(triple.object, str):
            used.setdefault(triple.object, ("class", triple.source))
        elif triple.predicate in graph.properties:
            used.setdefault(triple.predicate, ("property", triple.source))
    for term, (kind, source) in used.items():
        named = graph.classes.get(term) if kind == "class" else graph.properties.get(term)
        # Who uses another vocabulary need not name what is in it.
        if named is not None and not named.labels and _namespace(term) in own:
            yield Finding("violation", source, term, "", f"this {kind} has no label")


def _dangling(triples: Sequence[Triple], by_subject: dict[str, str]) -> Iterator[Finding]:
    own = _namespaces(by_subject)
    seen: set[tuple[str, str, str]] = set()
    for t in triples:
        # A class that nothing is said of has no name either, which is found anyway.
        if not isinstance(t.object, str) or t.object in by_subject or t.predicate == terms.TYPE:
            continue
        key = (t.subject, t.predicate, t.object)
        if (t.object.startswith("_:") or _namespace(t.object) in own) and key not in seen:
            seen.add(key)
            yield Finding(
                "violation",
                t.source,
                t.subject,
                t.predicate,
                f"refers to {t.object}, of which nothing is said",
            )


def _bad_values(triples: Iterable[Triple]) -> Iterator[Finding]:
    for t in triples:
        if not isinstance(t.object, Literal) or not t.object.datatype.startswith(terms.XSD):
            continue
        kind = t.object.datatype.removeprefix(terms.XSD)
        if kind in _VALID and not _VALID[kind](t.object.value.strip(" \t\r\n")):
            shown = " ".join(t.object.value.split())[:80]
            yield Finding(
                "violation", t.source, t.subject, t.predicate, f"'{shown}' is no xsd:{kind}"
            )


def _cycles(triples: Iterable[Triple]) -> Iterator[Finding]:
    import networkx as nx

    network = nx.DiGraph()
    for t in triples:
        above = t.predicate in (terms.SUBCLASS, terms.BROADER_CLASS)
        # Every class is a subclass of itself by definition, so saying it is no mistake.
        if above and isinstance(t.object, str) and t.subject != t.object:
            network.add_edge(t.subject, t.object, triple=t)
    for group in nx.strongly_connected_components(network):
        if len(group) > 1:
            ring = nx.find_cycle(network.subgraph(sorted(group)), min(group))
            t = network.edges[ring[0]]["triple"]
            names = " → ".join([*(a for a, _ in ring), ring[0][0]])
            yield Finding(
                "violation", t.source, t.subject, t.predicate, f"is above itself: {names}"
            )


def _without_unit(graph: KnowledgeGraph, triples: Iterable[Triple]) -> Iterator[Finding]:
    first: dict[str, Triple] = {}
    count: dict[str, int] = defaultdict(int)
    for t in triples:
        measured = isinstance(t.object, Literal) and t.object.datatype in _MEASURED
        if measured and not graph.property(t.predicate).units:
            first.setdefault(t.predicate, t)
            count[t.predicate] += 1
    for term, t in first.items():
        message = f"is measured {count[term]} times, but its unit is not said (cv:unit)"
        yield Finding("warning", t.source, term, terms.UNIT, message)


def _by_subject(triples: Iterable[Triple]) -> dict[str, str]:
    """Return the first source that says anything of each subject."""
    found: dict[str, str] = {}
    for triple in triples:
        found.setdefault(triple.subject, triple.source)
    return found


def _sorted(found: Iterable[Finding]) -> tuple[Finding, ...]:
    order = ("violation", "warning", "info")
    return tuple(
        sorted(
            set(found),
            key=lambda f: (order.index(f.severity), f.source, f.subject, f.path, f.message),
        )
    )


def _namespaces(subjects: Iterable[str]) -> set[str]:
    """Return the namespaces in which the graph describes things."""
    return {_namespace(s) for s in subjects if not s.startswith("_:")}


def _namespace(iri: str) -> str:
    return iri[: max(iri.rfind("/"), iri.rfind("#"), iri.rfind(":")) + 1]


def _is_date(text: str) -> bool:
    found = _DATE.match(text)
    if not found:
        return False
    # Only the month's days matter, which come again every 400 years.
    year = int(found[1]) % 400 + 400
    try:
        date(year, int(found[2]), int(found[3]))
    except ValueError:
        return False
    return True


def _is_date_time(text: str) -> bool:
    found = _DATE_TIME.match(text)
    return found is not None and _is_date(found[1])


def _integer(low: int | None = None, high: int | None = None) -> Callable[[str], bool]:
    def valid(text: str) -> bool:
        if not _WHOLE.match(text) or len(text) > 400:
            return False
        number = int(text)
        return (low is None or number >= low) and (high is None or number <= high)

    return valid


_VALID: dict[str, Callable[[str], bool]] = {
    "integer": _integer(),
    "int": _integer(-(2**31), 2**31 - 1),
    "long": _integer(-(2**63), 2**63 - 1),
    "short": _integer(-(2**15), 2**15 - 1),
    "byte": _integer(-128, 127),
    "nonNegativeInteger": _integer(0),
    "positiveInteger": _integer(1),
    "unsignedInt": _integer(0, 2**32 - 1),
    "decimal": lambda text: bool(_DECIMAL.match(text)),
    "double": lambda text: bool(_DOUBLE.match(text)),
    "float": lambda text: bool(_DOUBLE.match(text)),
    "boolean": lambda text: bool(_BOOLEAN.match(text)),
    "date": _is_date,
    "dateTime": _is_date_time,
    "time": lambda text: bool(_TIME.match(text)),
    "gYear": lambda text: bool(_YEAR.match(text)),
    "gYearMonth": lambda text: bool(_YEAR_MONTH.match(text)),
}
