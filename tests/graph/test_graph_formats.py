"""TriG, N-Quads, JSON-LD and packed files, the W3C's test files, and files that attack."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from convrag.errors import GraphError
from convrag.graph.rdf import content_hash, is_graph, prefixes, read_graph, read_rdf
from convrag.text.documents import read
from convrag.types import Document, Literal, Triple
from tests.graph.test_graph_rdf import EX, HEAD, LABEL, NAMES, RDF_HEAD, refusal, w3c_folder, write

XSD = "http://www.w3.org/2001/XMLSchema#"


def expected(source: str = "s") -> set[Triple]:
    return {Triple(EX + "ombra", LABEL, Literal(n, "", x), source) for x, n in NAMES.items()}


def in_json_ld(**context: object) -> dict[str, object]:
    container = {"@id": LABEL, "@container": "@language"}
    return {"@context": {"label": container, **context}, "@id": EX + "ombra", "label": NAMES}


def test_every_format_gives_the_same_triples(tmp_path: Path) -> None:
    turtle = "".join(f'ex:ombra <{LABEL}> "{n}"@{lang} .\n' for lang, n in NAMES.items())
    quads = "".join(f'<{EX}ombra> <{LABEL}> "{n}"@{x} <{EX}g> .\n' for x, n in NAMES.items())
    texts = {
        "a.trig": f"{HEAD}ex:g {{ {turtle} }}",
        "b.trig": HEAD + turtle,
        "a.nq": quads,
        "a.jsonld": json.dumps(in_json_ld(), ensure_ascii=False),
        "b.jsonld": json.dumps(in_json_ld()),
    }
    for name, text in texts.items():
        assert set(read_rdf(write(tmp_path, name, text), source="s")) == expected(), name
        packed = write(tmp_path, name + ".gz", gzip.compress(text.encode()))
        assert set(read_rdf(packed, source="s")) == expected(), name


def test_what_is_a_graph_is_told_by_name(tmp_path: Path) -> None:
    yes = ("a.ttl", "A.TRIG", "a.nq", "a.nt.gz", "a.b.JSONLD.GZ", "x.owl", "x.rdf.gz")
    no = ("a.json", "a.gz", "ttl", "a.ttl.zip", "a.n3", "a.json.gz", "a.graph.toml")
    assert all(is_graph(Path(name)) for name in yes)
    assert not any(is_graph(tmp_path / name) for name in no)
    write(tmp_path, "a.graph.toml", "")
    assert is_graph(tmp_path / "a.json")
    assert is_graph(tmp_path / "a.json.gz")
    assert not is_graph(tmp_path / "b.json")
    write(tmp_path, "graph.toml", "")
    assert is_graph(tmp_path / "b.json")


def test_graphs_and_their_mappings_are_no_documents(tmp_path: Path) -> None:
    for name in ("a.json", "b.json", "a.graph.toml", "c.TTL.gz", "notes.txt", "c.jsonld"):
        write(tmp_path, name, '[{"text": "湖 лес"}]')
    found = list(read([tmp_path], languages=("en",)))
    assert all(isinstance(item, Document) for item in found)
    assert {("b.json" in item.source, "notes" in item.source) for item in found} == {
        (True, False),
        (False, True),
    }


def test_prefixes_of_all_formats(tmp_path: Path) -> None:
    assert prefixes(write(tmp_path, "a.trig", HEAD)) == {"ex": EX}
    assert prefixes(write(tmp_path, "a.nq", "")) == {}
    found = read_graph(write(tmp_path, "a.owl", RDF_HEAD + "</rdf:RDF>"), source="s")
    assert found.prefixes["ex"] == EX
    assert list(found.prefixes) == sorted(found.prefixes)


def test_a_context_on_the_web_is_refused_with_its_line(tmp_path: Path) -> None:
    text = '{\n "@id": "urn:a",\n "@context": "https://else.example/context"\n}'
    path = write(tmp_path, "a.jsonld", text)
    with pytest.raises(GraphError) as caught:
        read_rdf(path, source="s")
    assert caught.value.message.startswith(f"{path}:3: ")
    assert "else.example" in caught.value.message
    assert "into the file" in caught.value.hint
    for context in (["urn:x:c"], [{}, "c.jsonld"], {"@import": "https://else.example/"}):
        nested = json.dumps({"@graph": [{"@context": context, "@id": "urn:a"}]})
        assert "@context" in refusal(write(tmp_path, "b.jsonld", nested))


def test_plain_json_named_jsonld_is_told_apart(tmp_path: Path) -> None:
    assert "states nothing" in refusal(write(tmp_path, "a.jsonld", '{"name": "湖", "depth": 3}'))
    assert read_rdf(write(tmp_path, "b.jsonld", "{}"), source="s") == ()


@pytest.mark.parametrize(
    "context",
    ["https://schema.org", "http://schema.org/", ["https://schema.org/", {"x": "urn:x:x"}]],
)
def test_the_context_of_schema_org_is_known(tmp_path: Path, context: object) -> None:
    thing = {
        "@context": context,
        "@id": EX + "ombra",
        "type": "LakeBodyOfWater",
        "name": "翁布拉湖",
        "sameAs": "https://o.example/1",
        "address": {"@type": "PostalAddress", "addressLocality": "Омбра"},
    }
    found = read_rdf(write(tmp_path, "a.jsonld", json.dumps(thing)), source="s")
    schema = "http://schema.org/"
    assert {(t.predicate.removeprefix(schema), t.object) for t in found} >= {
        ("name", Literal("翁布拉湖")),
        ("sameAs", "https://o.example/1"),
        ("addressLocality", Literal("Омбра")),
    }


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.nq", f"<{EX}a> <{EX}b> <{EX}c> <g> .", 1),
        ("a.nq", f"# ok\n\n<{EX}a> <{EX}b> .", 3),
        ("a.trig", HEAD + "ex:g {\n ex:a ex:b }", 3),
        ("a.trig", HEAD + "ex:g { ex:a ex:b 1 ", 2),
        ("a.jsonld", '{"@id": "urn:a",\n "urn:p": }', 2),
        ("a.jsonld", "", 1),
        ("a.rdf", RDF_HEAD + f'\n\n<rdf:Description rdf:about="{EX}a b"/></rdf:RDF>', 3),
    ],
)
def test_bad_syntax_names_file_and_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    path = write(tmp_path, name, text)
    assert refusal(path).startswith(f"{path}:{line}: ")


def test_packed_files_that_are_damaged_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress(HEAD.encode() * 1000)
    assert "gzip" in refusal(write(tmp_path, "a.ttl.gz", whole[: len(whole) // 2]))
    assert "gzip" in refusal(write(tmp_path, "b.ttl.gz", b"no gzip"))
    broken = bytearray(whole)
    broken[len(broken) // 2] ^= 0xFF
    assert "gzip" in refusal(write(tmp_path, "c.ttl.gz", bytes(broken)))


def test_a_packed_file_may_not_grow_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convrag.graph.rdf.MAX_BYTES", 1 << 20)
    path = write(tmp_path, "a.nt.gz", gzip.compress(b"#" * ((1 << 20) + 1)))
    assert "larger than 1 MiB" in refusal(path)
    assert read_rdf(write(tmp_path, "b.nt.gz", gzip.compress(b"#" * (1 << 20))), source="s") == ()


def deep_xml(depth: int) -> str:
    return RDF_HEAD + "<ex:D><ex:p>" * depth + "</ex:p></ex:D>" * depth + "</rdf:RDF>"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonld", '{"urn:p":' * 300 + "1" + "}" * 300),
        ("a.jsonld", '{"urn:p":' * 100_000 + "1" + "}" * 100_000),
        ("a.jsonld", "[" * 100_000 + "]" * 100_000),
        ("a.jsonld", '{"urn:p": ' + "9" * 5000 + "}"),
        ("a.jsonld", '{"urn:p": "\\ud800"}'),
        ("a.rdf", deep_xml(200)),
        ("a.rdf", deep_xml(50_000)),
        ("a.ttl", HEAD + "ex:a ex:b " + "<<( ex:a ex:b " * 100_000 + "1" + " )>>" * 100_000),
        ("a.nt", f"<{EX}a> <{EX}b> " + f"<<( <{EX}a> <{EX}b> " * 100_000),
    ],
)
def test_what_would_exhaust_a_parser_is_refused_at_once(
    tmp_path: Path, name: str, text: str
) -> None:
    path = write(tmp_path, name, text)
    refusal(path)


def test_marks_of_triple_terms_in_texts_are_no_nesting(tmp_path: Path) -> None:
    texts = "".join(f'ex:a ex:b "<<( {i}", """<<"<<""", \'<<\' . # <<\n' for i in range(100))
    assert len(read_rdf(write(tmp_path, "a.ttl", HEAD + texts), source="s")) == 102


def test_brackets_may_nest_as_deep_as_they_like(tmp_path: Path) -> None:
    depth = 20_000
    text = HEAD + "ex:a ex:b " + "[ ex:b " * depth + "1" + " ]" * depth + " ."
    assert len(read_rdf(write(tmp_path, "a.ttl", text), source="s")) == depth + 1


def test_a_fact_about_a_fact_is_written_in_four_triples(tmp_path: Path) -> None:
    text = HEAD + 'ex:a ex:b "湖"@zh {| ex:since 1990 |} .'
    found = read_rdf(write(tmp_path, "a.ttl", text), source="s")
    tails = {t.predicate.rsplit("#")[-1].removeprefix(EX): t.object for t in found}
    assert tails["subject"] == EX + "a"
    assert tails["object"] == tails["b"] == Literal("湖", "", "zh")
    assert tails["since"] == Literal("1990", XSD + "integer")
    assert "rdf:reifies" in refusal(
        write(tmp_path, "b.ttl", HEAD + "ex:a ex:b <<( ex:a ex:b 1 )>> .")
    )


@pytest.mark.parametrize(
    ("labels", "label", "aliases"),
    [
        ('"Farbe"@de, "colour"@en-GB, "color"@en', "color", {"colour"}),
        ('"color"@en-US, "colour"@en-GB', "colour", {"color"}),
        ('"cor"@pt-BR', None, set()),
    ],
)
def test_names_of_a_region_are_aliases(
    tmp_path: Path, labels: str, label: str | None, aliases: set[str]
) -> None:
    found = read_rdf(write(tmp_path, "a.ttl", f"{HEAD}ex:c <{LABEL}> {labels} ."), source="s")
    english = [t for t in found if isinstance(t.object, Literal) and t.object.language == "en"]
    own = {t.object.value for t in english if t.predicate == LABEL}  # type: ignore[union-attr]
    assert own == ({label} if label else set())
    assert {t.object.value for t in english if t.predicate != LABEL} == aliases  # type: ignore[union-attr]
    if label is None:
        assert [t.predicate for t in found] == [LABEL]


def test_the_hash_of_a_file_is_that_of_all_that_is_read(tmp_path: Path) -> None:
    table = write(tmp_path, "a.json", '[{"name": "湖"}]')
    mapping = write(tmp_path, "a.graph.toml", "")
    first = content_hash(table)
    assert content_hash(table) == first
    mapping.write_text('language = "zh"')
    assert content_hash(table) != first
    with pytest.raises(GraphError, match="No such file"):
        content_hash(tmp_path / "none.ttl")


def w3c_files() -> list[Path]:
    files = []
    for folder in (p.parent for p in w3c_folder().rglob("manifest.ttl")):
        listed = (folder / "manifest.ttl").read_text("utf-8")
        found = [p for p in folder.iterdir() if p.suffix in (".ttl", ".nt") and p.name in listed]
        files += [p for p in found if p.name != "manifest.ttl"]
    return sorted(files)


W3C = w3c_files()


@pytest.mark.skipif(not W3C, reason="the W3C RDF tests are not here")
def test_the_w3c_suites_are_whole() -> None:
    bad = sum("bad" in p.name for p in W3C)
    assert (bad, len(W3C) - bad) == (123, 369)


@pytest.mark.parametrize(
    "path", W3C or [None], ids=lambda p: f"{p.parent.name}/{p.name}" if p else ""
)
def test_a_file_of_the_w3c_is_read_or_refused(path: Path | None) -> None:
    if path is None:
        pytest.skip("the W3C RDF tests are not here; name their folder in CONVRAG_W3C_RDF_TESTS")
    if "bad" in path.name:
        assert refusal(path).startswith(f"{path}:")
    else:
        read_rdf(path, source="w3c")
