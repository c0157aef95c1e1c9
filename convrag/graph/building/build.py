"""What a document says, as a graph: the one call that the index makes for each document."""

from __future__ import annotations

from convrag.graph.building.assembling import TextGraph, assembled
from convrag.graph.building.extraction import Tagger, extracted
from convrag.types import Document


def text_graph(document: Document, tagger: Tagger | None = None) -> TextGraph:
    """Return what the document says.

    Args:
        document: Its text, title and language count.
        tagger: Finds names in running text; without one, those in capitals are found.
    """
    return assembled(
        extracted(document, tagger),
        document_id=document.id,
        source=document.source,
        language=document.language,
    )
