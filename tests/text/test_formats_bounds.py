"""Archives, and files made to hurt: bounded in memory and time, refused with a reason."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from convrag.text.documents import Refusal, read
from convrag.text.formats import archive
from convrag.types import Document

TEXTS = {
    "en": "The river is long.",
    "ru": "Река длинная.",
    "zh": "河很长。",
    "ar": "النهر طويل.",
    "hi": "नदी लंबी है।",
    "th": "แม่น้ำยาว",
    "ko": "강이 길다.",
}


def packed(members: list[tuple[str, str | bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return out.getvalue()


def every(path: Path, data: bytes) -> list[Document | Refusal]:
    path.write_bytes(data)
    return list(read([path]))


def refused(path: Path, data: bytes) -> str:
    found = every(path, data)
    assert found
    assert all(isinstance(item, Refusal) and item.hint for item in found), found
    return " / ".join(item.reason for item in found if isinstance(item, Refusal))


def test_members_are_documents_of_their_own(tmp_path: Path) -> None:
    members: list[tuple[str, str | bytes]] = [
        (f"{code}/文 {code}.txt", text) for code, text in TEXTS.items()
    ]
    inner = packed([("deep.md", "# Deep\n\nDeep text.")])
    members += [("i.zip", inner), ("p.png", b"\x89PNG"), (".hidden.txt", "no"), ("g.ttl", "<a>")]
    found = every(tmp_path / "a.zip", packed(members))
    base = (tmp_path / "a.zip").as_posix()
    docs = {i.source.removeprefix(base): i for i in found if isinstance(i, Document)}
    assert set(docs) == {*(f"!/{c}/文 {c}.txt" for c in TEXTS), "!/i.zip!/deep.md"}
    assert len({d.id for d in docs.values()}) == len(docs)
    for code, text in TEXTS.items():
        assert docs[f"!/{code}/文 {code}.txt"].text == text
        assert docs[f"!/{code}/文 {code}.txt"].language == code
    assert {i.source.removeprefix(base) for i in found if isinstance(i, Refusal)} == {
        "!/p.png",
        "!/g.ttl",
    }


def test_names_are_only_names(tmp_path: Path) -> None:
    names = ["../up.txt", "/etc/absolute.txt", "a/../../b.txt", "C:\\x.txt"]
    folder = tmp_path / "in"
    folder.mkdir()
    found = every(folder / "a.zip", packed([(name, "Some text is here.") for name in names]))
    assert all(isinstance(item, Document) for item in found)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.zip"]
    assert len({item.source for item in found}) == 4


@pytest.mark.parametrize(
    ("name", "encoding"), [("Отчёт за год.txt", "cp866"), ("東京の地図と案内.txt", "cp932")]
)
def test_names_in_old_encodings(tmp_path: Path, name: str, encoding: str) -> None:
    raw = name.encode(encoding)
    data = packed([("x" * len(raw), "Some text is here.")]).replace(b"x" * len(raw), raw)
    (found,) = every(tmp_path / "a.zip", data)
    assert found.source.endswith(f"!/{name}")


def test_two_members_of_one_name(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = packed([("a.txt", TEXTS["en"]), ("a.txt", TEXTS["ru"])])
    first, second = every(tmp_path / "a.zip", data)
    assert isinstance(first, Document)
    assert isinstance(second, Refusal)
    assert "same name" in second.reason


def test_archives_that_grow_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = b"0" * (8 << 20)
    assert "smaller" in refused(tmp_path / "a.zip", packed([("a.txt", zeros)]))
    for ending in ("docx", "odt", "xlsx", "pptx", "epub"):
        names = ("word/document.xml", "content.xml", "ppt/slides/slide1.xml", "x.xml")
        names += ("META-INF/container.xml",)
        data = packed([(name, zeros) for name in names])
        assert "smaller" in refused(tmp_path / f"a.{ending}", data)
    assert "not read" in refused(tmp_path / "b.zip", packed([("a.txt", zeros)], zipfile.ZIP_LZMA))
    monkeypatch.setattr(archive, "MAX_MEMBERS", 5)
    many = packed([(f"{n}.txt", "text") for n in range(6)])
    assert "more than 5 files" in refused(tmp_path / "c.zip", many)
    data = packed([("1.zip", packed([("2.zip", packed([("3.zip", packed([("4.zip", many)]))]))]))])
    assert "too deep" in refused(tmp_path / "d.zip", data)


def test_what_is_unpacked_is_counted_across_nested_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"{n} rivers. " for n in range(1000))
    inner = packed([(f"{n}.txt", text) for n in range(4)])
    # The headers lie: only what comes out counts.
    lying = inner.replace(len(text).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    budget = archive.Budget
    monkeypatch.setattr("convrag.text.documents.Budget", lambda: budget(3 * len(text)))
    found = every(tmp_path / "a.zip", packed([("i.zip", inner)]))
    assert sum(isinstance(item, Document) for item in found) in (2, 3)
    assert any("unpacks to more" in item.reason for item in found if isinstance(item, Refusal))
    assert all(isinstance(item, Refusal) for item in every(tmp_path / "b.zip", lying))


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    data = bytearray(packed([("a.txt", "secret text")]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    assert "password" in refused(tmp_path / "a.zip", bytes(data))


ENTITIES = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)
LAUGHS = f"{ENTITIES}]><l>&j;</l>"
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "{}">]><l>&x;</l>'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def test_xml_entities_are_never_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read me", encoding="utf-8")
    outside = OUTSIDE.format(secret.as_uri())
    for name, text in (("a", LAUGHS), ("b", outside)):
        assert refused(tmp_path / f"{name}.xml", text.encode())
        wide = text.replace('"1.0"', '"1.0" encoding="utf-16"')
        assert refused(tmp_path / f"{name}16.xml", wide.encode("utf-16"))
        assert refused(tmp_path / f"{name}.docx", packed([("word/document.xml", text)]))
        assert refused(tmp_path / f"{name}.epub", packed([("META-INF/container.xml", text)]))
        assert refused(tmp_path / f"{name}.odt", packed([("content.xml", text)]))
    dtd = f'<?xml version="1.0"?><!DOCTYPE l SYSTEM "{secret.as_uri()}"><l>shown text</l>'
    (found,) = every(tmp_path / "c.xml", dtd.encode())
    assert isinstance(found, Document)
    assert "do not" not in found.text


def workbook(rows: str, shared: str = "x") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {"workbook": "sheet.main", "worksheets/sheet1": "worksheet"}
    parts["sharedStrings"] = "sharedStrings"
    overrides = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="{types}.{kind}+xml"/>'
        for name, kind in parts.items()
    )
    return packed(
        [
            (
                "[Content_Types].xml",
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                f"{overrides}</Types>",
            ),
            (
                "_rels/.rels",
                f'<Relationships xmlns="{rels}"><Relationship Id="r1" '
                f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            ),
            (
                "xl/workbook.xml",
                f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
                '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
            ),
            (
                "xl/_rels/workbook.xml.rels",
                f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{office}/worksheet" '
                f'Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
                f'Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
            ),
            ("xl/sharedStrings.xml", f'<sst xmlns="{main}"><si><t>{shared}</t></si></sst>'),
            (
                "xl/worksheets/sheet1.xml",
                f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
            ),
        ]
    )


def test_workbooks_of_next_to_nothing(tmp_path: Path) -> None:
    last = '<row r="1048576"><c r="XFD1048576" t="s"><v>0</v></c></row>'
    (found,) = every(tmp_path / "a.xlsx", workbook(last, "河"))
    assert isinstance(found, Document)
    assert found.text == "河"
    empty = [f'<row r="{n}"/>' for n in range(1, 1_000_001)]
    assert "500000 rows" in refused(tmp_path / "b.xlsx", workbook("".join(empty)))
    assert "no text" in refused(tmp_path / "e.xlsx", workbook("".join(empty[:2000])))
    wide = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 400))
    assert "cells" in refused(tmp_path / "c.xlsx", workbook(wide))
    again = "<row>" + '<c t="s"><v>0</v></c>' * 9000 + "</row>"
    assert "long" in refused(tmp_path / "d.xlsx", workbook(again, "river " * 2000))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "field.csv": lambda: b'a,b\n"' + b"x" * (50 << 20) + b'",2\n',
    "wide.csv": lambda: (",".join(map(str, ["c"] * 9)) + "\n").encode() * 20_000,
    "deep.html": lambda: b"<div>" * 300_000 + "реки".encode(),
    "lists.html": lambda: "<ul><li>河".encode() * 60_000,
    "tables.html": lambda: "<table><tr><td>नदी".encode() * 60_000,
    "attributes.html": lambda: b'<a b="' * 300_000,
    "comments.html": lambda: b"<!--x" * 300_000,
    "deep.json": lambda: b"[" * 1_000_000 + b"]" * 1_000_000,
    "objects.json": lambda: b'{"a":' * 900 + b'"x"' + b"}" * 900,
    "values.json": lambda: b"[" + b"[]," * 6_000_000 + b"1]",
    "deep.xml": lambda: b"<a>" * 100_000 + "نهر".encode() + b"</a>" * 100_000,
    "parts.eml": lambda: (
        "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(3000))
        + "\nhi\n"
    ).encode(),
    "nested.eml": lambda: b"From: a@b\n" + b"Content-Type: message/rfc822\n\n" * 3000 + b"hi",
    "header.eml": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 200_000 + b"\n\nhi",
    "names.eml": lambda: b"From: " + b"<" * 100_000 + b"\nTo: " + b"(a" * 50_000 + b"\n\nhi",
    "marks.vtt": lambda: b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<v " * 300_000,
    "spaces.odt": lambda: packed(
        [("content.xml", '<a><body><p>a<s c="999999999"/>b</p></body></a>')]
    ),
    "elements.docx": lambda: packed(
        [
            (
                "word/document.xml",
                f"<w:document {W}><w:body>{'<w:p>' * 9000}{'</w:p>' * 9000}</w:body></w:document>",
            )
        ]
    ),
    "rules.rst": lambda: b"a\n=\n" * 100_000,
    "fences.md": lambda: b"---\n" + b"```\n~~~\n" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_soon(tmp_path: Path, name: str) -> None:
    start = time.process_time()
    found = every(tmp_path / name, HOSTILE[name]())
    # An order of magnitude above what it takes; what grows with the square takes far longer.
    assert time.process_time() - start < 30
    assert found
    for item in found:
        assert isinstance(item, Document) or item.hint


def test_text_far_down_is_not_lost(tmp_path: Path) -> None:
    deep = b"<div>" * 5000 + "реки и 河".encode() + b"<script>no</script>"
    (found,) = every(tmp_path / "a.html", deep)
    assert isinstance(found, Document)
    assert found.text == "реки и 河"


def pdf(objects: list[str]) -> bytes:
    out = "%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return f"{out}startxref\n{out.index('xref')}\n%%EOF\n".encode("latin-1")


def drawing(commands: str, about: str = "") -> str:
    return f"<< /Length {len(commands)} {about}>>\nstream\n{commands}\nendstream"


def test_pdfs_that_lead_back_to_themselves(tmp_path: Path) -> None:
    root = "<< /Type /Catalog /Pages 2 0 R >>"
    loop = "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>"
    assert refused(tmp_path / "a.pdf", pdf([root, loop]))
    doubling = [f"<< /Type /Pages /Kids [{n} 0 R {n} 0 R] /Count 2 >>" for n in range(3, 43)]
    assert refused(tmp_path / "b.pdf", pdf([root, *doubling, "<< /Type /Page >>"]))
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R "
        "/Resources << /XObject << /X 5 0 R >> >> >>"
    )
    form = (
        "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X {} 0 R >> >> "
    )
    forms = [drawing("/X Do " * 10, form.format(n)) for n in range(6, 14)]
    pages = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    assert refused(
        tmp_path / "c.pdf", pdf([root, pages, page, drawing("/X Do " * 10), *forms, drawing("q Q")])
    )
