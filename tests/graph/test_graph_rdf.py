"""Reading Turtle, N-Triples and RDF/XML, and refusing what is not."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from convrag.errors import GraphError
from convrag.graph.rdf import is_graph, prefixes, read_rdf
from convrag.types import Literal, Triple

EX = "https://ex.example/"
HEAD = f"@prefix ex: <{EX}> .\n"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
RDF_HEAD = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    f'xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" xmlns:ex="{EX}">'
)


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(GraphError) as caught:
        read_rdf(path, source="s")
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value.message


NAMES = {
    "en": "Lake Ombra",
    "zh": "翁布拉湖",
    "ru": "озеро Омбра",
    "ar": "بحيرة أومبرا",
    "hi": "ओम्ब्रा झील",
    "ja": "オンブラ湖",
    "ko": "옴브라 호",
    "th": "ทะเลสาบออมบรา",
    "el": "Λίμνη Όμπρα",
}


def test_the_three_formats_give_the_same_triples(tmp_path: Path) -> None:
    turtle = HEAD + "".join(f'ex:ombra <{LABEL}> "{n}"@{lang} .\n' for lang, n in NAMES.items())
    lines = "".join(f'<{EX}ombra> <{LABEL}> "{n}"@{lang} .\n' for lang, n in NAMES.items())
    xml = "".join(f'<rdfs:label xml:lang="{lang}">{n}</rdfs:label>' for lang, n in NAMES.items())
    xml = f'{RDF_HEAD}<rdf:Description rdf:about="{EX}ombra">{xml}</rdf:Description></rdf:RDF>'
    read = [
        read_rdf(write(tmp_path, name, text), source="lakes")
        for name, text in (("a.ttl", turtle), ("a.nt", lines), ("a.rdf", xml), ("b.owl", xml))
    ]
    expected = {Triple(EX + "ombra", LABEL, Literal(n, "", x), "lakes") for x, n in NAMES.items()}
    assert all(set(triples) == expected for triples in read)
    assert read[0] == read[1] == read[2] == tuple(sorted(expected, key=lambda t: t.id))


def test_a_byte_order_mark_and_dos_line_ends_are_no_content(tmp_path: Path) -> None:
    text = (HEAD + 'ex:a ex:b """one\ntwo""" .\n').replace("\n", "\r\n")
    (triple,) = read_rdf(write(tmp_path, "a.ttl", b"\xef\xbb\xbf" + text.encode()), source="s")
    assert triple.object == Literal("one\r\ntwo")


@pytest.mark.parametrize(
    ("tag", "language"),
    [("pt-BR", "pt"), ("zh-Hant-TW", "zh"), ("EN-gb", "en"), ("ar", "ar"), ("sr-Cyrl", "sr")],
)
def test_language_tags_lose_their_region(tmp_path: Path, tag: str, language: str) -> None:
    (triple,) = read_rdf(write(tmp_path, "a.ttl", f'{HEAD}ex:a ex:b "x"@{tag} .'), source="s")
    assert triple.object == Literal("x", "", language)


def test_values_keep_their_datatype_and_writing(tmp_path: Path) -> None:
    xsd = "http://www.w3.org/2001/XMLSchema#"
    text = f'{HEAD}ex:a ex:n 4200000, 1.50, true, "2024-02-30"^^<{xsd}date>, "x"^^<{xsd}integer> .'
    found = {t.object for t in read_rdf(write(tmp_path, "a.ttl", text), source="s")}
    assert found == {
        Literal("4200000", xsd + "integer"),
        Literal("1.50", xsd + "decimal"),
        Literal("true", xsd + "boolean"),
        Literal("2024-02-30", xsd + "date"),
        Literal("x", xsd + "integer"),
    }


def test_odd_values_do_not_write_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    xsd = "http://www.w3.org/2001/XMLSchema#"
    xml = (
        f'{RDF_HEAD}<rdf:Description rdf:about="{EX}a"><ex:n rdf:datatype="{xsd}date">soon'
        "</ex:n></rdf:Description></rdf:RDF>"
    )
    assert read_rdf(write(tmp_path, "a.rdf", xml), source="s")
    assert capsys.readouterr() == ("", "")


def test_blank_nodes_of_two_sources_stay_apart(tmp_path: Path) -> None:
    path = write(tmp_path, "a.ttl", HEAD + "_:x ex:p _:y . _:y ex:p [ ex:p 1 ] .")
    one, two = read_rdf(path, source="one"), read_rdf(path, source="two")
    assert len(one) == len(two) == 3
    assert all(t.subject.startswith("_:one:") for t in one)
    assert not {t.subject for t in one} & {t.subject for t in two}


def test_blank_nodes_have_the_same_names_in_every_run(tmp_path: Path) -> None:
    text = HEAD + "".join(f"ex:a{i} ex:p [ ex:q {i} ; ex:r _:n{i % 3} ] .\n" for i in range(20))
    path = write(tmp_path, "a.ttl", text)
    code = (
        "import sys, pathlib; from convrag.graph.rdf import read_rdf;"
        "print(*(t.id for t in read_rdf(pathlib.Path(sys.argv[1]), source='s')), sep='\\n')"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code, str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert runs.pop().count(b"\n") == 60


def test_relative_iris_do_not_tell_where_the_file_lies(tmp_path: Path) -> None:
    (triple,) = read_rdf(write(tmp_path, "my lakes.ttl", "<a> <#b> <> ."), source="s")
    assert str(tmp_path) not in triple.id
    assert triple.subject == "file:///a"
    assert triple.object == "file:///my%20lakes.ttl"


def test_prefixes(tmp_path: Path) -> None:
    text = HEAD + "@base <https://o.example/x/> .\nPREFIX : <s#>\n:a ex:b 1 ."
    path = write(tmp_path, "a.ttl", text)
    assert prefixes(path) == {"ex": EX, "": "https://o.example/x/s#"}
    assert read_rdf(path, source="s")[0].subject == "https://o.example/x/s#a"
    assert prefixes(write(tmp_path, "a.nt", "")) == {}
    assert prefixes(write(tmp_path, "a.rdf", RDF_HEAD + "</rdf:RDF>"))["ex"] == EX
    with pytest.raises(GraphError, match="not a graph format"):
        prefixes(write(tmp_path, "a.txt", ""))


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.ttl", HEAD + "\nex:a ex:b .\n", 3),
        ("a.ttl", HEAD + "ex:a ex:b ex:c", 2),
        ("a.ttl", HEAD + "ex:a nope:b 1 .", 2),
        ("a.ttl", HEAD + '\n\nex:a ex:b "open .\n', 4),
        ("a.ttl", HEAD + "ex:a ex:b <http://x y> .", 2),
        ("a.ttl", HEAD + 'ex:a ex:b "\\q" .', 2),
        ("a.ttl", HEAD + 'ex:a ex:b\n"\\uD800" .', 3),
        ("a.ttl", HEAD + 'ex:a ex:b "\\UFFFFFFFF" .', 2),
        ("a.ttl", HEAD + "ex:a ex:b <http://x/\\u0020> .", 2),
        ("a.ttl", HEAD + "{ ex:a ex:b ex:c }", 2),
        ("a.ttl", HEAD + "ex:a ex:b " + "[ ex:b " * 5000 + "1", 2),
        ("a.ttl", HEAD + "ex:a ex:b " + "(" * 5000, 2),
        ("a.ttl", "Ceci n'est pas un graphe.", 1),
        ("a.ttl", "这不是图。", 1),
        ("a.nt", f"<{EX}a> <{EX}b> 1 .", 1),
        ("a.nt", f"# ok\n<{EX}a> <b> <c> .", 2),
        ("a.nt", f"# ok\r\n\r\n<{EX}a> <b> .", 3),
        ("a.nt", f'<{EX}a> <{EX}b> "x"@ .', 1),
        ("a.nt", f'<{EX}a> <{EX}b> "\\uDC00" .', 1),
        ("a.rdf", RDF_HEAD + "\n<rdf:Description>\n</rdf:RDF>", 3),
        ("a.rdf", RDF_HEAD + "\n<rdf:li/></rdf:RDF>", 2),
        ("a.rdf", "<html><body>no</body></html>", 1),
        ("a.rdf", "", 1),
        ("a.rdf", "no xml", 1),
    ],
)
def test_bad_syntax_names_file_and_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    path = write(tmp_path, name, text)
    assert refusal(path).startswith(f"{path}:{line}: ")


def test_other_encodings_are_refused_with_their_place(tmp_path: Path) -> None:
    data = (HEAD + 'ex:a ex:b "Größe" .').encode("latin-1")
    path = write(tmp_path, "a.ttl", data)
    assert refusal(path).startswith(f"{path}:2: not UTF-8 at byte {data.index(0xF6)}")
    assert "not UTF-8" in refusal(write(tmp_path, "b.nt", (HEAD).encode("utf-16")))
    declared = '<?xml version="1.0" encoding="utf-16"?>' + RDF_HEAD + "</rdf:RDF>"
    assert "encoding" in refusal(write(tmp_path, "c.rdf", declared))


def test_missing_folder_and_foreign_endings(tmp_path: Path) -> None:
    assert "a.ttl: No such file" in refusal(tmp_path / "a.ttl")
    (tmp_path / "folder.ttl").mkdir()
    assert "folder.ttl" in refusal(tmp_path / "folder.ttl")
    path = write(tmp_path, "a.json", "{}")
    assert "not a graph format" in refusal(path)
    assert not is_graph(path)
    assert is_graph(Path("A.TTL"))


def bomb(levels: int, fan: int) -> str:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * fan}">' for i in range(1, levels))
    return (
        f'<?xml version="1.0"?>\n<!DOCTYPE rdf [<!ENTITY e0 "ha">{entities}]>\n{RDF_HEAD}'
        f'<rdf:Description rdf:about="{EX}a"><rdfs:label>&e{levels - 1};</rdfs:label>'
        "</rdf:Description></rdf:RDF>"
    )


def test_entity_bombs_are_refused_before_they_grow(tmp_path: Path) -> None:
    assert "expands to too much text" in refusal(write(tmp_path, "a.rdf", bomb(30, 10)))
    flat = bomb(1, 1).replace('"ha"', f'"{"ha" * 40_000}"').replace("&e0;", "&e0;" * 5000)
    assert "expand to too much text" in refusal(write(tmp_path, "b.rdf", flat))
    hidden = bomb(30, 10).replace("&e", "&#38;e").replace(">&#38;e29;", ">&e29;")
    assert "expands to too much text" in refusal(write(tmp_path, "c.rdf", hidden))


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY e SYSTEM "secret.txt">',
        "<!ENTITY % p \"<!ENTITY e 'x'>\"> %p;",
        '<!ENTITY e "x"> <!ATTLIST rdf:Description ex:p CDATA "&e;">',
        '<!ENTITY e "&e;">',
    ],
)
def test_entities_that_reach_further_are_refused(tmp_path: Path, declaration: str) -> None:
    write(tmp_path, "secret.txt", "TOP SECRET")
    text = bomb(1, 1).replace('<!ENTITY e0 "ha">', declaration).replace("&e0;", "&e;")
    assert "SECRET" not in refusal(write(tmp_path, "a.rdf", text))


def test_namespace_entities_of_ontology_editors_are_read(tmp_path: Path) -> None:
    text = bomb(3, 2).replace('"ha"', f'"{EX}"').replace(f'"{EX}a"', '"&e0;a"')
    (triple,) = read_rdf(write(tmp_path, "a.owl", text), source="s")
    assert triple.subject == EX + "a"
    assert triple.object == Literal(EX * 4)


def w3c_folder() -> Path:
    named = os.environ.get("CONVRAG_W3C_RDF_TESTS")
    if named:
        return Path(named)
    return Path(__file__).parents[3] / "shared" / "data" / "rdf" / "w3c_rdf_tests"


def w3c_files(kind: str) -> list[Path]:
    root = w3c_folder()
    if not root.is_dir():
        pytest.skip("the W3C RDF tests are not here; name their folder in CONVRAG_W3C_RDF_TESTS")
    listed = {p: (p.parent / "manifest.ttl").read_text("utf-8") for p in root.rglob("*.*")}
    files = [p for p in listed if p.suffix in (".ttl", ".nt") and p.name in listed[p]]
    assert files
    return [p for p in files if ("bad" in p.name) == (kind == "bad")]


def test_every_good_file_of_the_w3c_is_read() -> None:
    read = {p.name: read_rdf(p, source="w3c") for p in w3c_files("good")}
    assert len(read) > 300
    compared = 0
    for turtle in (path for path in w3c_files("good") if path.suffix == ".ttl"):
        lines = turtle.with_suffix(".nt")
        # Relative IRIs and blank nodes have other names in the expected results.
        if lines.exists() and not turtle.name.startswith("IRI-resolution"):
            triples = read_rdf(lines, source="w3c")
            if not re.search(r"w3\.org/2013|/rdf-tests/|_:", lines.read_text("utf-8")):
                compared += 1
                assert set(triples) == set(read[turtle.name]), turtle.name
    assert compared > 50


def test_a_file_name_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    name = os.path.join(os.fsencode(tmp_path), b"g\xff.ttl")  # noqa: PTH118 - bytes
    path = Path(os.fsdecode(name))
    try:
        path.write_text("<> <urn:p> <urn:o> .", encoding="utf-8")
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    (triple,) = read_rdf(path, source="g.ttl")
    assert triple.subject.endswith("g%FF.ttl")
