"""``convrag kg``: look at the graph of an index or a pack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from convrag.cli import kg_files, kg_store
from convrag.cli.kg_source import JsonOption, LanguageOption, Opened, language_of, open_graph
from convrag.cli.kg_store import EndpointOption, StoreOption, TimeoutOption, one_of, open_near
from convrag.cli.options import IndexOption, PackOption
from convrag.graph.fragment import SECONDS

if TYPE_CHECKING:
    from convrag.graph.conflicts import Conflicts
    from convrag.graph.model import FactGroup
    from convrag.graph.paths import Step
    from convrag.graph.profile import GraphProfile
    from convrag.types import Triple

_SENTENCES = 3
_LONGEST = 300
"""Sentences of a fact that are shown, and characters of one; JSON has all."""
_LISTED = 10
"""Rows of each list of the statistics; JSON has all."""

app = typer.Typer(
    no_args_is_help=True,
    help="""Look at the knowledge graph of an index or a pack, or at a large one.

    Without --index and --pack it is the pack 'world'. Graphs too large for memory lie in a store
    (--store), which 'kg import' fills, or on a SPARQL server (--endpoint); 'index add' copies
    parts of either. An ENTITY is an id, a prefixed name such as w:vienna, or a name in any
    language; in a store and on a server, an IRI or a name exactly as it is written there.""",
)


@app.command("stats")
def stats(
    pack: PackOption = None,
    index: IndexOption = None,
    store: StoreOption = None,
    endpoint: EndpointOption = None,
    language: LanguageOption = None,
    timeout: TimeoutOption = SECONDS,
    json: JsonOption = False,
) -> None:
    """Count what the graph holds.

    Facts from texts are those that 'index add --graph-from-text' built, each document's own.
    Listed with it: the entities that most facts name or none does, those without a label, and
    names that several have. A store or a server counts its triples by property, class, language
    of labels, and file.
    """
    from convrag.cli.output import say_json, table
    from convrag.graph.profile import profile

    asked = one_of(pack, index, store, endpoint)
    if asked is not None:
        kg_store.say_counts(asked, timeout, _LISTED, json=json)
        return
    spoken, opened = language_of(language), open_graph(pack, index)
    found = profile(opened.graph, opened.triples)
    if json:
        import dataclasses

        built = {"facts_from_texts": opened.from_texts}
        say_json(dataclasses.asdict(found) | {"namesakes": dict(found.namesakes)} | built)
        return
    table(("what", "name", "value"), _rows(opened, found, spoken))


@app.command("search")
def search(
    text: Annotated[str, typer.Argument(help="A name or its beginning, maybe misspelt, or an id.")],
    pack: PackOption = None,
    index: IndexOption = None,
    language: LanguageOption = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=1000, metavar="N", help="Entities at most.")
    ] = 10,
    json: JsonOption = False,
) -> None:
    """Find entities by name in every language of the graph, or by an identifier such as a notation.

    Exit code 1 when there are none.
    """
    from convrag.cli.output import note, say_json, table
    from convrag.errors import UsageError

    if not text.strip():
        raise UsageError("there is nothing to search for", "convrag kg search Vienna")
    spoken, opened = language_of(language), open_graph(pack, index)
    rows = []
    for match in opened.index().search(text, spoken, limit):
        entity = opened.graph.entities[match.entity_id]
        told = entity.description
        rows.append(
            {
                "id": match.entity_id,
                "label": opened.graph.label(match.entity_id, spoken),
                "name": match.name,
                "language": match.language,
                "match": match.way,
                "types": [opened.graph.label(t, spoken) for t in entity.types],
                "description": told.get(spoken) or told.get("en") or told.get("", ""),
            }
        )
    if json:
        say_json(rows)
    elif rows:
        header = ("id", "label", "name", "match", "types", "description")
        table(header, [_found_row(opened, row) for row in rows])
    if not rows:
        note(f"no entity is called '{text.strip()}' or alike")
        raise typer.Exit(1)


@app.command("show")
def show(
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="An id or a name.")],
    pack: PackOption = None,
    index: IndexOption = None,
    store: StoreOption = None,
    endpoint: EndpointOption = None,
    language: LanguageOption = None,
    timeout: TimeoutOption = SECONDS,
    json: JsonOption = False,
) -> None:
    """Show an entity's names and facts, with the files that say them.

    Under a fact that was built from a text stands the sentence, after how sure the rule is that
    understood it. A fact marked '!' is contradicted: other files give another value of a property
    that has one.
    """
    from convrag.cli.output import say_json
    from convrag.graph.conflicts import Conflicts

    spoken, asked = language_of(language), one_of(pack, index, store, endpoint)
    if asked is not None:
        opened, entity_id = open_near(asked, entity, spoken, hops=1, timeout=timeout)
    else:
        opened = open_graph(pack, index)
        entity_id = opened.entity(entity, spoken)
    conflicts = Conflicts(opened.graph)
    facts = [
        fact
        for group in opened.graph.groups(entity_id)
        for fact in _facts(opened, conflicts, group, spoken)
    ]
    _add_sentences(opened, facts)
    found = opened.graph.entities[entity_id]
    if json:
        say_json(
            {
                "id": entity_id,
                "labels": dict(found.labels),
                "aliases": {x: list(names) for x, names in found.aliases.items()},
                "descriptions": dict(found.description),
                "types": list(found.types),
                "facts": facts,
                "named_with": dict(opened.graph.named_with(entity_id)),
            }
        )
        return
    _say_entity(opened, entity_id, spoken, facts)


@app.command("path")
def path(
    start: Annotated[str, typer.Argument(metavar="A", help="An entity.")],
    end: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    pack: PackOption = None,
    index: IndexOption = None,
    language: LanguageOption = None,
    hops: Annotated[
        int, typer.Option("--hops", min=1, max=8, metavar="N", help="Facts from A to B at most.")
    ] = 4,
    kinds: Annotated[
        bool, typer.Option("--kinds", help="Follow what says what kind of thing something is too.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say how two entities are connected, in up to three ways.

    Exit code 1 when they are not.
    """
    from convrag.cli.output import note, say, say_json
    from convrag.graph.paths import shortest_paths

    spoken, opened = language_of(language), open_graph(pack, index)
    names = opened.index()
    ends = [opened.entity(text, spoken, names) for text in (start, end)]
    ways = shortest_paths(opened.graph, ends[0], ends[1], hops=hops, kinds=kinds)
    if json:
        say_json([[_step(opened, step, spoken) for step in way] for way in ways])
    for number, way in enumerate(ways if not json else (), 1):
        stations = [ends[0], *(step.end for step in way)]
        say(f"{number}. " + " → ".join(_one_line(opened.graph.label(s, spoken)) for s in stations))
        for step in way:
            for sentence in _step(opened, step, spoken)["statements"]:
                say(f"   {_one_line(sentence)}")
    if not ways:
        called = " and ".join(opened.called(e, spoken) for e in ends)
        note(f"{called} are not connected by {hops} facts or fewer")
        raise typer.Exit(1)


app.command("import")(kg_store.import_files)
app.command("remove")(kg_store.remove)
app.command("sparql")(kg_files.sparql)
app.command("export")(kg_files.export)
app.command("validate")(kg_files.validate)


def _rows(opened: Opened, found: GraphProfile, language: str) -> list[tuple[str, str, str]]:
    graph = opened.graph
    rows = [
        ("entities", "", f"{found.entities:,}"),
        ("facts", "", f"{found.facts:,}"),
        ("facts from texts", "", f"{opened.from_texts:,}"),
        ("triples", "", f"{found.triples:,}"),
        ("properties", "", f"{len(found.properties):,}"),
        ("classes", "", f"{len(found.classes):,}"),
        ("facts an entity", "mean", f"{found.mean_degree:g}"),
        ("facts an entity", "median", f"{found.median_degree:g}"),
    ]
    rows += [("labels", code or "no language", f"{n:,}") for code, n in found.labels.items()]
    rows += [("source", name, f"{n:,}") for name, n in found.sources.items()][:_LISTED]
    for what, counts in (("property", found.properties), ("class", found.classes)):
        rows += [
            (what, f"{opened.short(term)} ({graph.label(term, language)})", f"{count:,}")
            for term, count in list(counts.items())[:_LISTED]
        ]
    rows += [("hub", opened.called(e, language), f"{n:,}") for e, n in found.hubs]
    for what, ids in (("isolated", found.isolated), ("without a label", found.unnamed)):
        rows.append((f"{what}, all", "", f"{len(ids):,}"))
        rows += [(what, opened.called(e, language), "") for e in ids[:_LISTED]]
    rows.append(("namesakes, all", "", f"{len(found.namesakes):,}"))
    rows += [
        ("namesakes", key, ", ".join(opened.short(e) for e in ids))
        for key, ids in found.namesakes[:_LISTED]
    ]
    return rows


def _found_row(opened: Opened, row: dict[str, Any]) -> tuple[str, ...]:
    name = f"{row['name']} @{row['language']}" if row["language"] else row["name"]
    types = ", ".join(row["types"])
    return (opened.short(row["id"]), row["label"], name, row["match"], types, row["description"])


def _facts(
    opened: Opened, conflicts: Conflicts, group: FactGroup, language: str
) -> list[dict[str, Any]]:
    """Return the group's facts in words with their sources, translations left out."""
    from convrag.graph.wording import readable, statement, value_text

    graph = opened.graph
    shown = set(readable(group.others, language))
    item = graph.property(group.property)
    return [
        {
            "property": group.property,
            "label": graph.label(group.property, language),
            "forward": group.forward,
            "value": value_text(graph, other, item, language),
            "value_id": other if isinstance(other, str) else None,
            "statement": statement(graph, _alone(group, triple), language),
            "sources": list(graph.sources(triple)),
            "contradicted": conflicts.contradicted(triple),
            "triple": triple,
        }
        for triple, other in zip(group.triples, group.others, strict=True)
        if other in shown or conflicts.contradicted(triple)
    ]


def _add_sentences(opened: Opened, facts: list[dict[str, Any]]) -> None:
    """Give each fact the places where texts say it."""
    triples = [fact.pop("triple") for fact in facts]
    said = opened.said(triples)
    for fact, triple in zip(facts, triples, strict=True):
        fact["said"] = [
            {
                "source": place.source,
                "sentence": place.text,
                "span": place.span,
                "rule": place.rule,
                "confidence": place.confidence,
            }
            for place in said.get((triple.subject, triple.predicate, triple.object), ())
        ]


def _say_named_with(opened: Opened, entity_id: str, language: str) -> None:
    from convrag.cli.output import say

    counts = opened.graph.named_with(entity_id)
    names = [opened.graph.label(e, language) for e in sorted(counts, key=lambda e: (-counts[e], e))]
    if names:
        say(f"~ named together with: {_one_line(', '.join(names[:_LISTED]))}")


def _alone(group: FactGroup, triple: Triple) -> FactGroup:
    import dataclasses

    return dataclasses.replace(group, triples=(triple,))


def _say_entity(opened: Opened, entity_id: str, language: str, facts: list[dict[str, Any]]) -> None:
    from convrag.cli.output import say

    entity = opened.graph.entities[entity_id]
    say(_one_line(opened.called(entity_id, language)))
    told = entity.description
    if text := told.get(language) or told.get("en") or told.get("", ""):
        say(_one_line(text))
    say()
    for code in sorted({*entity.labels, *entity.aliases}):
        names = [entity.labels.get(code, "—"), *entity.aliases.get(code, ())]
        say(f"{code or '-'}: {_one_line('; '.join(names))}")
    for fact in facts:
        if fact is facts[0]:
            say()
        mark = "!" if fact["contradicted"] else "→" if fact["forward"] else "←"
        said = ", ".join(fact["sources"])
        say(f"{mark} {_one_line(fact['statement'])}  [{_one_line(said)}]")
        for place in fact["said"][:_SENTENCES]:
            say(f"    {place['confidence']:.2f} “{_one_line(place['sentence'])[:_LONGEST]}”")
    _say_named_with(opened, entity_id, language)


def _step(opened: Opened, step: Step, language: str) -> dict[str, Any]:
    from convrag.graph.wording import triple_statement

    return {
        "from": step.start,
        "to": step.end,
        "properties": [t.predicate for t in step.triples],
        "statements": [triple_statement(opened.graph, t, language) for t in step.triples],
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())
