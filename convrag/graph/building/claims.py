"""What the values of keys and of table cells claim: names, numbers, dates, places, items, texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal as OneOf

from convrag.graph import terms
from convrag.graph.building.names import Name, named, words_of
from convrag.graph.building.relations import Relation, known, relation_called, table
from convrag.graph.building.values import (
    date_of,
    items_of,
    place_of,
    quantity_of,
    without_aside,
    year_of,
)
from convrag.text.normalize import match_key
from convrag.types import Literal, Span

Rule = OneOf[
    "name", "item", "quantity", "date", "place", "text", "table", "kind", "template", "together"
]
"""By which rule something was understood."""
CONFIDENCE: dict[Rule, float] = {
    "name": 0.95,
    "item": 0.95,
    "quantity": 0.98,
    "date": 0.98,
    "place": 0.98,
    "text": 0.95,
    "table": 0.9,
    "kind": 0.9,
    "template": 0.9,
    "together": 0.4,
}
"""How sure what a rule says is, from samples that were read while the rules were made."""
_LONGEST_TEXT = 240
_LONGEST_ITEM = 60
_MOST_ITEMS = 200
_MOST_WORDS = 4
_FIRST_NUMBER = re.compile(r"(?:(?<=\s)|^)[-$€£¥]?\d")
_PLURAL = re.compile(r"(?<=\w)\(\w{1,3}\)")
"""As in "German(s)"."""
_LEADING = re.compile(
    r"(\d{1,3}(?:[.,]\d{3})+|\d{1,3}|[\d.,]+\s(?:thousand|million|billion))\s+(?=[^\W\d_])(.+)"
)
"""A number with its thousands apart, or a small one, before a name; others are of addresses."""
_REST = frozenset(
    {
        "other",
        "others",
        "none",
        "unspecified",
        "unknown",
        "andere",
        "sonstige",
        "otros",
        "autres",
        "outros",
        "другие",
        "прочие",
        "أخرى",
        "अन्य",
        "其他",
        "その他",
    }
)
_NOTHING = re.compile(
    r"(?:none|n/?a|nil|unknown|-+|—|无|なし|нет|keine|aucun|ninguno)\b.{0,30}", re.I
)


@dataclass(frozen=True, slots=True)
class Term:
    """A condition under which a claim holds: a key of the table of relations, value and unit."""

    key: str
    value: Literal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """That ``subject`` has ``value`` by the relation; ``span`` is where the document says so."""

    subject: Name
    relation: Relation
    value: Name | Literal
    rule: Rule
    span: Span
    unit: str = ""
    terms: tuple[Term, ...] = ()


def claims_of(
    subject: Name, relation: Relation, text: str, span: Span, language: str
) -> Iterator[Claim]:
    """Yield what the text that stands as the value of a relation claims; nothing when unsure."""
    text = _PLURAL.sub("", _without_remarks(text, language))
    if not text or _NOTHING.fullmatch(text):
        return
    main, year, note = without_aside(text, language)
    about = _as_of(year)
    base = Claim(subject, relation, Literal(""), "text", span, terms=about)
    date = date_of(main, language) or (year_of(main) if relation.dated else None)
    if date is not None:
        known_aside = list(_aside(base, note, language))
        remark = () if known_aside else _remark(note)
        yield replace(base, value=date, rule="date", terms=about + remark)
        yield from known_aside
        return
    if (place := place_of(main)) is not None:
        yield from _place(base, main, place, language)
        return
    quantity = quantity_of(main, language)
    if quantity is not None:
        said = about + _remark(note)
        yield replace(base, value=quantity.number, unit=quantity.unit, rule="quantity", terms=said)
        return
    yield from _names(base, text, main, note, language)


def _names(base: Claim, text: str, main: str, note: str, language: str) -> Iterator[Claim]:
    """Yield the claim of a name, of each item of a list, or of a text."""
    whole = _item(base, text if note else main, language)
    items = items_of(main, language)
    if len(items) == 2 and _may_be_one(main, whole, base.relation, language):
        items = (main,)
    if len(items) == 1 or base.relation.single:
        first = _item(base, items[0], language) if base.relation.single else whole
        if first is not None and isinstance(first.value, Name):
            yield replace(first, rule="name")
            return
        if whole is not None and isinstance(whole.value, Name):
            yield replace(whole, rule="name")
            return
    elif len(items) <= _MOST_ITEMS:
        found = [_item(base, item, language) for item in items if not _is_rest(item)]
        if found and None not in found:
            claims = [claim for claim in found if claim is not None]
            yield from claims
            yield from _largest(claims, language)
            return
    if len(text) <= _LONGEST_TEXT:
        yield replace(base, value=Literal(text, "", language), rule="text", terms=())


def _may_be_one(text: str, whole: Claim | None, relation: Relation, language: str) -> bool:
    """Whether what looks like two items may be one: "Weights and Measures", "High Street, Ayr".

    A key in the plural, as English and some other languages write it, has several.
    """
    if re.search(r"[;；、]|\d", text):
        return False
    if isinstance(whole.value if whole else None, Name):
        return True
    return "," in text and not (relation.known or relation.label.rstrip(")").endswith("s"))


def _item(base: Claim, text: str, language: str) -> Claim | None:
    """Return the claim of one item, a name or a short text, with its share or size."""
    main, year, note = without_aside(text, language)
    added: list[Term] = [*_as_of(year)]
    if _NOTHING.fullmatch(note):
        return None
    if note:
        quantity = quantity_of(note, language)
        if quantity is not None:
            added.append(_sized(quantity.number, quantity.unit))
        else:
            named_with = named(text, language)
            if named_with is not None and named_with.aliases:
                main = text
            elif len(note) <= _LONGEST_ITEM:
                added.append(Term("remark", Literal(note, "", language)))
            else:
                return None
    digits = _FIRST_NUMBER.search(main)
    if digits is not None and digits.start() > 1:
        quantity = quantity_of(main[digits.start() :], language)
        if quantity is None or (not quantity.unit and year_of(quantity.number.value)):
            return None  # a year
        added.append(_sized(quantity.number, quantity.unit))
        main = main[: digits.start()].strip(" -–—:,")
    elif digits is not None:
        leading = _LEADING.match(main)
        quantity = quantity_of(leading[1], language) if leading else None
        if leading is None or quantity is None or named(leading[2], language) is None:
            return None
        added.append(_sized(quantity.number, quantity.unit))
        main = leading[2]
    name = named(main, language)
    terms_of_it = (*base.terms, *(t for t in added if t not in base.terms))
    if name is not None:
        if name.note:
            terms_of_it += (Term("remark", Literal(name.note, "", language)),)
        return replace(base, value=name, rule="item", terms=terms_of_it)
    if _is_short(main, language):
        value = Literal(main, "", language)
        return replace(base, value=value, rule="item", terms=terms_of_it)
    return None


def _is_short(text: str, language: str) -> bool:
    """Whether the text is a thing in few words rather than a clause."""
    if language in ("zh", "ja"):
        return 0 < len(text) <= 10 and not any(w in text for w in words_of(language)["no_name"])
    words = [match_key(w.strip("\"'“”")) for w in text.split()]
    unfit = {*words_of(language).get("no_item", ())}
    return (
        0 < len(words) <= _MOST_WORDS
        and len(text) <= _LONGEST_ITEM
        and unfit.isdisjoint(words)
        and not re.search(r"[.:!?()\[\]{}<>]|\d", text)
    )


def _is_rest(item: str) -> bool:
    """Whether the item only sums up what is not listed: "other 8%"."""
    first = match_key(re.split(r"[\s/\d]", item.strip())[0])
    return first in _REST


def _aside(base: Claim, note: str, language: str) -> Iterator[Claim]:
    """Yield what a bracket after a date says in a known way: "1960 (from Belgium)"."""
    aside = table().get(base.relation.key, {}).get("aside", "") if base.relation.known else ""
    for word in words_of(language).get("away_from", ()) if aside else ():
        told = items_of(note[len(word) :].strip(), language) if note.startswith(f"{word} ") else ()
        names = [named(text, language) for text in told]
        if names and all(name is not None and not name.note for name in names):
            relation = known(aside, language)
            for name in filter(None, names):
                yield replace(base, relation=relation, value=name, rule="name")
            return


def _largest(items: Sequence[Claim], language: str) -> Iterator[Claim]:
    """Yield the item with the largest share, when all items have one and no other has as much."""
    label = words_of(language).get("largest", "")
    shares = [
        Decimal(term.value.value) for item in items for term in item.terms if term.key == "share"
    ]
    if not label or len(items) < 2 or len(shares) != len(items) or shares.count(max(shares)) > 1:
        return
    item = items[shares.index(max(shares))]
    relation = relation_called(label.format(item.relation.label), language)
    yield replace(item, relation=relation)


def _place(
    base: Claim, text: str, place: tuple[Literal, Literal], language: str
) -> Iterator[Claim]:
    yield replace(base, value=Literal(text), rule="place")
    for name, value in zip(("latitude", "longitude"), place, strict=True):
        label = f"{base.relation.label} {name}"
        relation = replace(relation_called(label, language), alone=name)
        yield replace(base, relation=relation, value=value, unit="°", rule="place")


def _remark(note: str) -> tuple[Term, ...]:
    return (Term("remark", Literal(note)),) if 0 < len(note) <= _LONGEST_ITEM else ()


def _sized(number: Literal, unit: str) -> Term:
    return Term("share" if unit == "%" else "amount", number, unit)


def _as_of(year: str) -> tuple[Term, ...]:
    # Several years are no date.
    datatype = terms.XSD + "gYear" if year.isdigit() else ""
    return (Term("as-of", Literal(year, datatype)),) if year else ()


def _without_remarks(text: str, language: str) -> str:
    """Return the text up to a remark in it: "; note - Danish is official too"."""
    words = "|".join(map(re.escape, words_of(language).get("asides", ())[:3])) or r"\0"
    found = re.search(rf"[;,.]?\s*(?:<|\()?\b(?:{words})\s*\d*\s*(?:[-–:：])", text, re.IGNORECASE)
    return (text[: found.start()] if found else text).strip().strip(";").strip()
