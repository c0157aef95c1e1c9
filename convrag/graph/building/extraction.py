"""From a document to what it claims: by its lines of keys and values, tables and sentences."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Protocol

from convrag.graph import terms
from convrag.graph.building import relations
from convrag.graph.building.claims import Claim, Term, claims_of
from convrag.graph.building.layout import Pair, Row, Sentence, Table, blocks, plain
from convrag.graph.building.names import Name, bare, is_name, named
from convrag.graph.building.relations import Relation, relation_called, relation_of
from convrag.graph.building.tagger import SURE
from convrag.graph.building.templates import Stated, stated
from convrag.text.normalize import match_key
from convrag.types import Document, Literal, Span

TOGETHER = Relation("together", "together", "", True)
KIND = Relation("kind", "kind", "", True)
ALIAS = Relation("alias", "alias", "", True)
_MOST_CLAIMS = 20_000
"""Of one document; what a longer one claims after that is left out."""
_MOST_TOGETHER = 6
_LONGEST_PROSE = 600
_LEAST_COMMON = 0.8
"""Share of the sections beside each other that have a key which makes them records."""
_LONGEST_TITLE = 80
_ACRONYM = re.compile(r"\([A-Z]{2,8}\)")
_CAPITAL = r"(?:St\.\s)?(?:al-)?[^\W\d_a-zа-я][\w-]+(?:(?<=People)['’]s|(?<=s)['’](?=\s[A-Z]))?"
_SEQUENCE = (
    rf"{_CAPITAL}(?:\s(?:(?:of|the|de|la|del|von|van|der|du|da|do|bin|ibn)\s){{0,2}}{_CAPITAL})*"
)
_CAPITALS = re.compile(
    rf"(?<![\w'’-]){_SEQUENCE}(?:\sfor\s(?:the\s)?{_SEQUENCE}(?:\sand\s{_SEQUENCE})?)?(?:\s[IVX]+\b)?"
)
_DESCRIBED = re.compile(
    r"(?:\s(?:and|or)\s[A-Z][\w-]+)?"
    r"(?:['’]s|-\w|\s[a-z]{4,}(?<!with|from|that|into|when|also|were|have)\b)"
)


class Tagged(Protocol):
    """A name that a tagger found."""

    @property
    def span(self) -> Span:
        """Where it is."""
        ...

    @property
    def score(self) -> float:
        """How sure it is that this is a name, 0 to 1."""
        ...


class Tagger(Protocol):
    """Finds names in running text."""

    def tag(self, texts: Sequence[str], languages: Sequence[str]) -> Sequence[Sequence[Tagged]]:
        """Return the names in each text, in reading order, without overlap."""
        ...


def extracted(document: Document, tagger: Tagger | None = None) -> tuple[Claim, ...]:
    """Return what the document claims, each thing once, in reading order.

    Args:
        document: Its language says which words and templates are looked for.
        tagger: Finds names that are not written in capitals, for what is named together.
    """
    reader = _Extraction(document, tagger)
    found: dict[tuple[object, ...], Claim] = {}
    for claim in reader.claims():
        key = (claim.subject.text, claim.relation.key, claim.value, claim.unit)
        found.setdefault(key, claim)
        if len(found) >= _MOST_CLAIMS:
            break
    return tuple(found.values())


class _Extraction:
    """One document on its way to claims."""

    def __init__(self, document: Document, tagger: Tagger | None) -> None:
        self._document = document
        self._language = document.language
        self._blocks = list(blocks(document.text, document.language))
        self._tagged = None if tagger is None else self._names_by(tagger)
        self._title = self._subject_of_document()
        pairs = [b for b in self._blocks if isinstance(b, Pair)]
        self._records = self._record_headings(pairs)
        self._keys = [(pair, *self._relation(pair)) for pair in pairs]
        self._latest: dict[str, str] = defaultdict(str)
        for _, relation, year in self._keys:
            self._latest[relation.key] = max(self._latest[relation.key], year)

    def claims(self) -> Iterator[Claim]:
        related = {id(pair): (relation, year) for pair, relation, year in self._keys}
        for block in self._blocks:
            if isinstance(block, Pair):
                yield from self._of_pair(block, *related[id(block)])
            elif isinstance(block, Table):
                yield from self._of_table(block)
            else:
                yield from self._of_sentence(block)

    # What is spoken of.

    def _subject_of_document(self) -> Name | None:
        """Return what the title names; a file's name counts only when the text has it too."""
        document = self._document
        title = document.title.strip()
        stem = PurePosixPath(document.source).name.split(".")[0]
        if match_key(title) in ("", match_key(stem)):
            first = document.text.lstrip().partition("\n")[0].strip().lstrip("# ")
            if first and len(first) <= _LONGEST_TITLE and not re.search(r"[:：.!?。]", first):
                title = first
            elif not title or match_key(title) not in match_key(document.text[:100_000]):
                return None
        return _titled(title, self._language)

    def _record_headings(self, pairs: Sequence[Pair]) -> frozenset[tuple[str, ...]]:
        """Return the headings, with those above, that are things with the same keys each."""
        keys: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for pair in pairs:
            if pair.headings and not pair.key[:1].islower():
                keys[pair.headings].add(match_key(pair.key))
        siblings: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
        for path in keys:
            if is_name(bare(path[-1], self._language), self._language):
                siblings[path[:-1]].append(path)
        found: set[tuple[str, ...]] = set()
        for paths in siblings.values():
            counts: dict[str, int] = defaultdict(int)
            for path in paths:
                for key in keys[path]:
                    counts[key] += 1
            common = [k for k, n in counts.items() if n >= max(2, _LEAST_COMMON * len(paths))]
            if len(common) > 1 or (common and len(paths) > 2):
                found.update(paths)
        return frozenset(found)

    def _relation(self, pair: Pair) -> tuple[Relation, str]:
        """Return what the pair's key relates, and its year."""
        heading = pair.headings[-1] if pair.headings else ""
        if pair.headings in self._records or self._is_title(heading):
            heading = ""
        return relation_of(pair.key, heading, self._language)

    def _is_title(self, text: str) -> bool:
        return match_key(text) == match_key(self._document.title)

    def _subject(self, headings: tuple[str, ...]) -> Name | None:
        for end in range(len(headings), 0, -1):
            if headings[:end] in self._records:
                return named(headings[end - 1], self._language)
        return self._title

    # What is said.

    def _of_pair(self, pair: Pair, relation: Relation, year: str) -> Iterator[Claim]:
        subject = self._subject(pair.headings)
        if subject is None or relations.is_aside(pair.key, self._language):
            return
        heading = pair.headings[-1] if pair.headings else ""
        yield from self._of_names(subject, pair, heading)
        if year and year != self._latest[relation.key]:
            relation = relation_called(f"{relation.label} {year}", self._language)
        for claim in claims_of(subject, relation, pair.value, pair.span, self._language):
            if year and not any(term.key == "as-of" for term in claim.terms):
                claim = replace(claim, terms=(*claim.terms, _year(year)))
            if claim.value != subject or relation.known:
                yield claim

    def _of_names(self, subject: Name, pair: Pair, heading: str) -> Iterator[Claim]:
        """Yield what the pair says of the subject's own names and kind."""
        kind = relations.class_named(pair.key, heading, self._language)
        if kind and match_key(pair.value) == match_key(subject.text):
            value = Literal(kind, "", self._language)
            yield Claim(replace(subject, kind=kind), KIND, value, "kind", pair.span)
        if relations.gives_other_name(pair.key, self._language):
            for text in re.split(r"\s+or\s+|[;,/、，]\s*", pair.value):
                other = named(text, self._language)
                if other is not None and match_key(other.text) != match_key(subject.text):
                    literal = Literal(other.text, "", self._language)
                    yield Claim(subject, ALIAS, literal, "name", pair.span)

    def _of_table(self, table: Table) -> Iterator[Claim]:
        width = max((len(row.cells) for row in table.rows), default=0)
        plain_header = not table.header or relations.relation_of(
            table.header[-1] or "-", "", self._language
        )[0].label.casefold() in ("", "-", "value")
        if width == 2 and (plain_header or self._is_infobox(table)):
            rows = table.rows
            if table.header and table.header[0] and not plain_header:
                rows = (Row(table.header, table.span), *rows)
            for key, value, span in (
                (r.cells[0], r.cells[1], r.span) for r in rows if len(r.cells) > 1
            ):
                pair = Pair(table.headings, key.rstrip(":： "), value, span)
                if key and value:
                    yield from self._of_pair(pair, *self._relation(pair))
            return
        column = self._naming_column(table)
        if not table.header or column is None:
            return
        for row in table.rows:
            subject = named(row.cells[column], self._language) if column < len(row.cells) else None
            if subject is not None:
                yield from self._of_row(table, row, column, subject)

    def _of_row(self, table: Table, row: Row, column: int, subject: Name) -> Iterator[Claim]:
        head = table.header[column]
        subject = replace(subject, kind=head.lower() if _is_noun(head) else "")
        if subject.kind:
            value = Literal(subject.kind, "", self._language)
            yield Claim(subject, KIND, value, "table", row.span)
        for head, cell in zip(table.header, row.cells, strict=False):
            if head and cell and head != table.header[column]:
                unit = re.search(r"[(（]([^()（）]{1,20})[)）]\s*$", head)
                relation, year = relation_of(head, "", self._language)
                text = f"{cell} {unit[1]}" if unit and re.fullmatch(r"[-\d.,\s]+", cell) else cell
                for claim in claims_of(subject, relation, text, row.span, self._language):
                    added = (_year(year),) if year else ()
                    yield replace(claim, rule="table", terms=(*claim.terms, *added))

    def _is_infobox(self, table: Table) -> bool:
        """Whether a table of two columns gives one thing several properties."""
        if self._title is None or not table.rows:
            return False
        told = [any(map(str.isdigit, row.cells[-1])) for row in table.rows]
        names = [named(row.cells[0], self._language) is not None for row in table.rows]
        known = [relation_called(row.cells[0], self._language).known for row in table.rows]
        return any(known) and (any(told) != all(told) or not all(names) or sum(known) > 1)

    def _naming_column(self, table: Table) -> int | None:
        """Return the first column with a different name in nearly every row."""
        for column in range(len(table.header)):
            cells = [row.cells[column] for row in table.rows if column < len(row.cells)]
            fitting = sum(named(cell, self._language) is not None for cell in cells)
            if cells and fitting >= 0.9 * len(cells) and len(set(cells)) == len(cells):
                return column
        return None

    def _of_sentence(self, sentence: Sentence) -> Iterator[Claim]:
        for fact in stated(sentence.text, self._language):
            yield from self._of_statement(fact, sentence.span)
        yield from self._acronyms(sentence)
        names = self._names_in(sentence) if _is_prose(sentence.text) else []
        for (_, first), (_, second) in list(pairwise(names))[:_MOST_TOGETHER]:
            if match_key(first.text) != match_key(second.text):
                yield Claim(first, TOGETHER, second, "together", sentence.span)

    def _acronyms(self, sentence: Sentence) -> Iterator[Claim]:
        """Yield the acronyms that stand in brackets after names: "European Union (EU)"."""
        for found in _ACRONYM.finditer(sentence.text):
            before = [m for m in _CAPITALS.finditer(sentence.text[: found.start()].rstrip())]
            if before and before[-1].end() == len(sentence.text[: found.start()].rstrip()):
                name = named(f"{before[-1][0]} {found[0]}", self._language)
                if name is not None and name.aliases:
                    value = Literal(name.aliases[0], "", self._language)
                    yield Claim(name, ALIAS, value, "name", sentence.span)

    def _of_statement(self, fact: Stated, span: Span) -> Iterator[Claim]:
        language = self._language
        if fact.kind:
            subject = replace(fact.subject, kind=fact.kind)
            yield Claim(subject, KIND, Literal(fact.kind, "", language), "kind", span)
            return
        role = fact.relation.removeprefix("role:")
        relation = (
            relations.known(role, language)
            if role == fact.relation
            else relation_called(role, language)
        )
        if fact.date is not None:
            yield Claim(fact.subject, relation, fact.date, "template", span)
        elif fact.quantity is not None:
            number, unit = fact.quantity.number, fact.quantity.unit
            yield Claim(fact.subject, relation, number, "template", span, unit)
        for name in fact.objects[: 1 if relation.single else None]:
            if match_key(name.text) != match_key(fact.subject.text):
                yield Claim(fact.subject, relation, name, "template", span)

    def _names_by(self, tagger: Tagger) -> dict[Span, list[Span]]:
        """Return where the tagger finds names in the document's sentences, by sentence."""
        prose = [b for b in self._blocks if isinstance(b, Sentence) and _is_prose(b.text)]
        found = tagger.tag([s.text for s in prose], [self._language] * len(prose))
        return {
            s.span: [t.span for t in names if t.score >= SURE]
            for s, names in zip(prose, found, strict=True)
        }

    def _names_in(self, sentence: Sentence) -> list[tuple[Span, Name]]:
        """Return the names in a sentence in reading order, the title's and those in capitals."""
        text = sentence.text
        if self._tagged is not None:
            spans = self._tagged.get(sentence.span, [])
        else:
            # The first word of a sentence is in capitals whatever it is.
            spans = [
                m.span()
                for m in _CAPITALS.finditer(text)
                if self._is_title(m[0]) or (m.start() > 0 and not _qualifies(text[m.end() :]))
            ]
        found = [(span, named(text[slice(*span)], self._language)) for span in spans]
        return [(span, name) for span, name in found if name is not None and len(name.text) > 2]


def _titled(title: str, language: str) -> Name | None:
    """Return what a title names, also when it is in small letters."""
    text = plain(title)
    if not 1 < len(text) <= _LONGEST_TITLE or not any(map(str.isalpha, text)):
        return None
    return named(text, language) or Name(bare(text, language))


def _is_prose(text: str) -> bool:
    """Whether the text is a sentence rather than a list of names, in scripts with capitals."""
    words = [word for word in text.split() if word[0].isalpha()]
    small = sum(not word[0].isupper() for word in words)
    return len(text) <= _LONGEST_PROSE and small * 3 >= len(words)


def _qualifies(after: str) -> bool:
    """Whether a word in capitals only describes what comes after it: "German states"."""
    return bool(_DESCRIBED.match(after))


def _year(year: str) -> Term:
    return Term("as-of", Literal(year, terms.XSD + "gYear"))


def _is_noun(text: str) -> bool:
    """Whether a column's name says what its cells are: "Country", not "Name" or "No."."""
    return 0 < len(text.split()) <= 3 and match_key(text) not in _PLAIN_HEADS


_PLAIN_HEADS = frozenset(
    {
        "name",
        "nr",
        "no",
        "#",
        "title",
        "id",
        "code",
        "名称",
        "名前",
        "nom",
        "nombre",
        "nome",
        "название",
        "الاسم",
        "नाम",
        "rank",
        "item",
    }
)
