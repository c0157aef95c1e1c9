"""Office documents and books: headings, tables, pages, and what they say of themselves."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from convrag.text.chunk import chunk
from convrag.text.documents import Refusal, read
from convrag.types import Document

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
CORE = (
    '<c:coreProperties xmlns:c="http://schemas.openxmlformats.org/package/2006/metadata/'
    'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>Mein Titel</dc:title>'
    "<c:keywords>Fluss, река; 川</c:keywords>"
    "<dcterms:created>2024-05-06T07:08:09Z</dcterms:created></c:coreProperties>"
)
SCRIPTS = ("Fluss", "река", "نهر", "नदी", "河流", "แม่น้ำ", "강")


def packed(members: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out.getvalue()


def one(path: Path, data: bytes) -> Document:
    path.write_bytes(data)
    (found,) = read([path])
    assert isinstance(found, Document), found
    return found


def refusal(path: Path, data: bytes) -> Refusal:
    path.write_bytes(data)
    (found,) = read([path])
    assert isinstance(found, Refusal)
    assert found.hint
    return found


def paragraph(text: str, about: str = "") -> str:
    return f"<w:p><w:pPr>{about}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def docx(body: str, **more: str) -> bytes:
    styles = (
        f'<w:styles {W}><w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style>'
        '<w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="H2"/></w:style></w:styles>'
    )
    return packed(
        {
            "word/document.xml": f"<w:document {W} {M}><w:body>{body}</w:body></w:document>",
            "word/styles.xml": styles,
            **{name.replace("__", "/") + ".xml": text for name, text in more.items()},
        }
    )


@pytest.mark.parametrize("word", SCRIPTS)
def test_docx_headings_lists_and_tables(tmp_path: Path, word: str) -> None:
    row = f"<w:tr><w:tc>{paragraph(word)}</w:tc><w:tc>{paragraph('7|8')}</w:tc></w:tr>"
    body = (
        paragraph(f"Über {word}", '<w:pStyle w:val="Own"/>')
        + paragraph(f"{word} text.")
        + paragraph(word, '<w:numPr><w:numId w:val="1"/></w:numPr>')
        + f"<w:sdt><w:sdtContent>{paragraph('In a control.')}</w:sdtContent></w:sdt>"
        + f"<w:tbl>{row}</w:tbl>"
    )
    found = one(tmp_path / "a.docx", docx(body, docProps__core=CORE))
    assert found.text == (
        f"## Über {word}\n\n{word} text.\n\n- {word}\n\nIn a control.\n\n| {word} | 7\\|8 |"
    )
    assert found.title == "Mein Titel"
    assert found.date == "2024-05-06"
    assert found.tags == ("Fluss", "река", "川")
    assert chunk(found)[0].title == f"Mein Titel › Über {word}"


def test_docx_leaves_out_what_was_deleted_and_keeps_notes_boxes_and_formulas(
    tmp_path: Path,
) -> None:
    box = f"<w:r><w:pict><w:txbxContent>{paragraph('Boxed.')}</w:txbxContent></w:pict></w:r>"
    power = (
        "<m:sSup><m:e><m:r><m:t>10</m:t></m:r></m:e><m:sup><m:r><m:t>6</m:t></m:r></m:sup></m:sSup>"
    )
    body = (
        "<w:p><w:r><w:t>Kept</w:t></w:r><w:ins><w:r><w:t> added</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText> gone</w:delText></w:r></w:del>"
        "<w:r><w:instrText>PAGE</w:instrText><w:tab/><w:t>end</w:t></w:r></w:p>"
        f"<w:p>{box}</w:p><w:p><m:oMath>{power}</m:oMath></w:p>"
    )
    notes = (
        f'<w:footnotes {W}><w:footnote w:type="separator"><w:p/></w:footnote>'
        f"<w:footnote>{paragraph('A note.')}</w:footnote></w:footnotes>"
    )
    found = one(tmp_path / "a.docx", docx(body, word__footnotes=notes))
    assert found.text == "Kept added\tend\n\nBoxed.\n\n10^6\n\nA note."


def test_odt(tmp_path: Path) -> None:
    content = (
        '<o:d xmlns:o="o" xmlns:text="t" xmlns:table="b"><o:body>'
        '<text:h text:outline-level="2">Река</text:h>'
        '<text:p>a<text:s text:c="3"/>b<text:line-break/>c</text:p>'
        "<text:list><text:list-item><text:p>河</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>नदी</text:p></table:table-cell>"
        "<table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table>"
        "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes></o:body></o:d>"
    )
    meta = (
        '<o:m xmlns:o="o" xmlns:dc="d" xmlns:meta="m"><dc:title>Т</dc:title>'
        "<dc:language>ru-RU</dc:language><meta:keyword>река</meta:keyword>"
        "<meta:creation-date>2023-02-01T00:00:00</meta:creation-date></o:m>"
    )
    found = one(tmp_path / "a.odt", packed({"content.xml": content, "meta.xml": meta}))
    assert found.text == "## Река\n\na   b\nc\n\n- 河\n\n| नदी | 1 |"
    assert (found.title, found.language, found.date) == ("Т", "ru", "2023-02-01")
    assert found.tags == ("река",)


def test_pptx_slides_are_pages_in_the_order_shown(tmp_path: Path) -> None:
    def slide(title: str, text: str) -> str:
        shape = '<p:sp><p:nvPr><p:ph type="{}"/></p:nvPr><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:sp>'
        return (
            f'<p:sld xmlns:p="p" xmlns:a="a">{shape.format("title", title)}'
            f"{shape.format('body', text)}{shape.format('sldNum', '9')}</p:sld>"
        )

    rels = '<R xmlns="r">{}</R>'
    listed = "".join(
        f'<Relationship Id="r{n}" Type="x/slide" Target="slides/slide{n}.xml"/>' for n in (1, 2)
    )
    members = {
        "ppt/presentation.xml": '<p xmlns:r="r"><sldId id="256" r:id="r2"/>'
        '<sldId id="257" r:id="r1"/></p>',
        "ppt/_rels/presentation.xml.rels": rels.format(listed),
        "ppt/slides/slide1.xml": slide("Конец", "後"),
        "ppt/slides/slide2.xml": slide("البداية", "先"),
    }
    found = one(tmp_path / "a.pptx", packed(dict(members)))
    assert found.text == "# البداية\n\n先\n\n# Конец\n\n後\n"
    assert [(p.number, found.text[slice(*p.span)].strip()) for p in found.pages] == [
        (1, "# البداية\n\n先"),
        (2, "# Конец\n\n後"),
    ]
    del members["ppt/presentation.xml"]
    assert one(tmp_path / "b.pptx", packed(dict(members))).text.startswith("# Конец")


def test_xlsx_rows_name_their_columns(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Flüsse"
    sheet.append(["Flüsse der Welt"])
    sheet.append(["名前", "длина", "منذ", "नाम"])
    sheet.append(["Nil", 6650, datetime(2020, 1, 2), 0.1 + 0.2])
    sheet.append([])
    sheet.append(["長江", None, None, True])
    hidden = book.create_sheet("secret")
    hidden.append(["hidden text"])
    hidden.sheet_state = "hidden"
    book.create_sheet("二").append(["한강", "ลำน้ำ"])
    book.properties.title = "T"
    book.properties.keywords = "a, b"
    out = io.BytesIO()
    book.save(out)
    found = one(tmp_path / "a.xlsx", out.getvalue())
    assert found.text == (
        "# Flüsse\n\nFlüsse der Welt\n\n名前: Nil; длина: 6650; منذ: 2020-01-02; नाम: 0.3\n\n"
        "名前: 長江; नाम: True\n\n# 二\n\n한강; ลำน้ำ"
    )
    assert (found.title, found.tags) == ("T", ("a", "b"))


def epub(chapter: str, more: str = "") -> bytes:
    package = (
        '<package xmlns="o" xmlns:dc="d"><metadata><dc:title>Книга</dc:title><dc:language>ru'
        "</dc:language><dc:date>2019-08-07</dc:date><dc:subject>река</dc:subject></metadata>"
        '<manifest><item id="n" href="nav.xhtml" properties="nav"/>'
        '<item id="b" href="b%20b.xhtml"/><item id="a" href="a.xhtml"/></manifest>'
        '<spine><itemref idref="n"/><itemref idref="b"/><itemref idref="a"/>'
        f"{more}</spine></package>"
    )
    page = '<html xmlns="h" xmlns:epub="e"><body>{}</body></html>'
    return packed(
        {
            "META-INF/container.xml": '<c><rootfile full-path="O/p.opf"/></c>',
            "O/p.opf": package,
            "O/nav.xhtml": page.format("<p>contents</p>"),
            "O/b b.xhtml": page.format("<h1>第一章</h1><p>はじめ。</p>"),
            "O/a.xhtml": page.format(chapter),
        }
    )


def test_epub_chapters_in_reading_order_with_printed_pages(tmp_path: Path) -> None:
    found = one(tmp_path / "a.epub", epub("<p>نهاية</p>", '<itemref idref="missing"/>'))
    assert found.text == "# 第一章\n\nはじめ。\n\nنهاية"
    assert (found.title, found.language, found.date) == ("Книга", "ru", "2019-08-07")
    assert (found.tags, found.pages) == (("река",), ())
    mark = '<span epub:type="pagebreak" title="{}"/>'
    marked = f"<p>{mark.format(7)}Seven {mark.format('8')}eight.</p>"
    found = one(tmp_path / "b.epub", epub(marked))
    assert [(p.number, found.text[slice(*p.span)].strip()) for p in found.pages] == [
        (7, "Seven"),
        (8, "eight."),
    ]


@pytest.mark.parametrize("ending", ["docx", "odt", "pptx", "xlsx", "epub"])
@pytest.mark.parametrize(
    "data", [b"PK\x03\x04rest", packed({"a.txt": "x"}), packed({"a": b"\0" * 99})[:-30]]
)
def test_damaged_office_files_are_refused(tmp_path: Path, ending: str, data: bytes) -> None:
    assert refusal(tmp_path / f"a.{ending}", data).reason
