"""Evidence and foreign text as words that are safe to put into Markdown."""

from __future__ import annotations

import re

from convrag.types import Evidence, Literal, Passage


def plain_evidence_text(evidence: Evidence) -> str:
    """Return the evidence in words without a graph at hand: a triple by the tails of its ids."""
    item = evidence.item
    if isinstance(item, Passage):
        return item.text
    target = item.object.value if isinstance(item.object, Literal) else _tail(item.object)
    return f"{_tail(item.subject)}: {_tail(item.predicate)} {target}"


_ANYWHERE = re.compile(r"[\\`*_\[\]<>#|~&!@$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_AT_START = re.compile(r"^(\d{0,9})([-+=:.)])")


def escape_markdown(text: str) -> str:
    """Return Markdown that shows ``text`` as it is: no link, image, heading, list, HTML, code.

    Line breaks stay; blanks around a line go, because Markdown gives a meaning to them. Marks that
    mean nothing inside a line (``.``, ``-``, ``:``) are left alone there, so it stays readable.
    """
    return "\n".join(
        _AT_START.sub(r"\1\\\2", _ANYWHERE.sub(r"\\\g<0>", line.strip()))
        for line in text.splitlines()
    )


def _tail(iri: str) -> str:
    return re.split(r"[/#]", iri.rstrip("/#"))[-1].replace("_", " ") or iri
