"""A graph from a few lines of Turtle, for tests."""

from __future__ import annotations

import tempfile
from pathlib import Path

from convrag.graph.model import KnowledgeGraph
from convrag.graph.rdf import read_rdf

EX = "https://ex.example/"
PREFIXES = f"""
@prefix ex: <{EX}> .
@prefix cv: <https://convrag.example/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def graph_of(turtle: str, *more: str) -> KnowledgeGraph:
    """Return the graph of the texts, each a source of its own."""
    triples = []
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate((turtle, *more)):
            path = Path(folder) / f"{number}.ttl"
            path.write_text(PREFIXES + text, encoding="utf-8")
            triples += read_rdf(path, source=str(number))
    return KnowledgeGraph(triples)
