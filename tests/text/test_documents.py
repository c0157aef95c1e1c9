"""Reading files: every format and encoding, every bad file named with a reason, no crash."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convrag.errors import UsageError
from convrag.text import documents
from convrag.text.documents import Refusal, document_id, is_graph, read
from convrag.types import Document


def one(path: Path, **options: object) -> Document:
    found = list(read([path], **options))  # type: ignore[arg-type]
    assert len(found) == 1
    assert isinstance(found[0], Document), found
    return found[0]


def refused(path: Path) -> Refusal:
    found = list(read([path]))
    assert len(found) == 1
    assert isinstance(found[0], Refusal), found
    assert found[0].reason
    assert found[0].hint
    return found[0]


def pdf_bytes(*pages: str, title: str = "") -> bytes:
    """Return a small PDF with one line of text a page."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources "
            f"<< /Font << /F1 3 0 R >> >> /Contents {5 + 2 * index} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects.append(f"<< /Title ({title}) >>")
    out = "%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R "
    out += f"/Info {len(objects)} 0 R >>\nstartxref\n{out.index('xref')}\n%%EOF\n"
    return out.encode("latin-1")


TEXTS = {
    "en": "The quick brown fox jumps over the lazy dog, and that is all there is to it.",
    "zh": "北京是中华人民共和国的首都，也是全国的政治中心。",
    "ja": "東京は日本の首都であり、世界最大の都市の一つです。",
    "ar": "القاهرة هي عاصمة جمهورية مصر العربية وأكبر مدنها.",
    "hi": "नई दिल्ली भारत की राजधानी है और यह बहुत बड़ा शहर है।",
    "ru": "Москва является столицей России и самым большим городом этой страны.",
    "de": "Die Hauptstadt von Österreich ist Wien, und sie liegt an der Donau.",
}


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_text_in_unicode_encodings(tmp_path: Path, language: str, encoding: str) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(f"{TEXTS[language]}\r\n".encode(encoding))
    if encoding == "utf-16-le" and language in ("zh", "ja"):
        pytest.skip("without a mark or a zero byte nothing tells UTF-16 from other bytes")
    found = one(path)
    assert found.text == f"{TEXTS[language]}\r\n"
    assert found.language == language
    assert found.title == "note"
    assert found.content_hash == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("language", "encoding"), [("ru", "cp1251"), ("zh", "gb18030"), ("ja", "shift_jis")]
)
def test_text_in_older_encodings(tmp_path: Path, language: str, encoding: str) -> None:
    path = tmp_path / "alt.txt"
    path.write_bytes((TEXTS[language] * 8).encode(encoding))
    assert one(path).text == TEXTS[language] * 8


def test_markdown_front_matter_heading_and_name(tmp_path: Path) -> None:
    path = tmp_path / "guide.md"
    path.write_text(
        "---\ntitle: Handbuch\nlanguage: de-AT\n---\n# Other\nText.\n", encoding="utf-8"
    )
    found = one(path)
    assert (found.title, found.language, found.text) == ("Handbuch", "de", "# Other\nText.\n")
    path.write_text("```\n# no\n```\n# A title #\nText.\n", encoding="utf-8")
    assert one(path).title == "A title"
    path.write_text("---\n: [broken\n---\ntext\n", encoding="utf-8")
    assert one(path).text.startswith("---\n: [broken")
    named = tmp_path / "guide.fr.md"
    named.write_text("---\nlanguage: de\n---\nText.\n", encoding="utf-8")
    assert (one(named).language, one(named).title) == ("fr", "guide")
    assert one(_written(tmp_path / "v1.2.md", "Some text of the file is here.")).title == "v1.2"


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_html_takes_charset_title_language_and_text(tmp_path: Path) -> None:
    body = "".join(
        f"<p>Absatz {n}: Die Straße in München ist schön und sehr lang.</p>" for n in range(9)
    )
    page = (
        '<html lang="de-DE"><head><meta charset="windows-1252"><title>Schöne\n Straße</title>'
        f"<script>var hidden=1</script></head><body><article>{body}</article></body></html>"
    )
    path = tmp_path / "page.html"
    path.write_bytes(page.encode("cp1252"))
    found = one(path)
    assert found.title == "Schöne Straße"
    assert found.language == "de"
    assert "Die Straße in München ist schön" in found.text
    assert "hidden" not in found.text
    assert "<p>" not in found.text


def test_a_short_or_broken_page_still_gives_its_text(tmp_path: Path) -> None:
    path = _written(tmp_path / "x.htm", "<p>你好<br>世界<style>p{}</style><![broken[ <b>नमस्ते")
    text = one(path).text
    assert "你好" in text
    assert "p{}" not in text
    assert refused(_written(tmp_path / "y.html", "<html><script>x</script></html>")).reason


def test_pdf_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_bytes("First page here", "Second page", title="My manual"))
    found = one(path)
    assert found.title == "My manual"
    assert [found.text[slice(*page.span)] for page in found.pages] == [
        "First page here",
        "Second page",
    ]
    assert [page.number for page in found.pages] == [1, 2]


def test_bad_pdfs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_bytes(""))
    assert "no text" in refused(path).reason
    path.write_bytes(b"%PDF-1.4\n garbage")
    assert "damaged" in refused(path).reason

    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(path)
    assert "password" in refused(path).reason


def test_jsonl_reads_the_good_lines(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": "a", "title": "T", "text": TEXTS["ru"]}),
        "{broken",
        json.dumps({"contents": TEXTS["zh"]}),
        "",
        "[1]",
        json.dumps({"title": "no text"}),
        json.dumps({"id": "a", "text": "again"}),
        json.dumps({"id": 7, "body": "x\ud800y", "language": "de"}),
        "[" * 100_000,
    ]
    path = _written(tmp_path / "r.jsonl", "\n".join(lines))
    found = list(read([path]))
    good = [item for item in found if isinstance(item, Document)]
    bad = [item for item in found if isinstance(item, Refusal)]
    assert [(d.title, d.language) for d in good] == [("T", "ru"), ("r", "zh"), ("r", "de")]
    assert [d.source.removeprefix(path.as_posix()) for d in good] == ["#a", ":3", "#7"]
    assert good[2].text == "x\ufffdy"
    assert len({d.id for d in good}) == 3
    assert [r.source.rsplit(":", 1)[1] for r in bad] == ["2", "5", "6", "7", "9"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t ", "empty"),
        ("a.txt", "\ufeff \u3000".encode(), "no text"),
        ("a.txt", b"PK\x03\x04rest", "binary"),
        ("a.txt", bytes(range(256)) * 20, "binary"),
        ("a.txt", b"\xff\xfea", "not valid utf-16"),
        ("a.md", b"\x01\x02\x03\x04text" * 50, "binary"),
        ("a.jsonl", b"\x7fELF\0\0", "binary"),
        ("a.docx", b"PK\x03\x04", "damaged"),
        ("a.doc", b"\xd0\xcf\x11\xe0", "are not read"),
        ("noending", b"text", "without an ending"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    good = _written(tmp_path / "good.txt", TEXTS["en"])
    found = {Path(i.source).name: i for i in read([tmp_path])}
    assert isinstance(found[good.name], Document)
    item = found[name]
    assert isinstance(item, Refusal)
    assert reason in item.reason
    assert item.hint


def test_huge_special_and_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 100)
    assert "larger" in refused(_written(tmp_path / "big.txt", "a" * 101)).reason
    os.mkfifo(tmp_path / "pipe.txt")
    assert "regular" in refused(tmp_path / "pipe.txt").reason
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "gone.txt")
    assert "no such file" in refused(tmp_path / "dangling.txt").reason


def test_a_link_to_its_own_folder_is_refused(tmp_path: Path) -> None:
    _written(tmp_path / "a.txt", TEXTS["en"])
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.txt").symlink_to(tmp_path / "self.txt")
    kinds = [type(item).__name__ for item in read([tmp_path])]
    assert kinds == ["Document", "Refusal", "Refusal"]


def test_folders_are_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/2.txt", "a/1.txt", ".hidden/0.txt", "c.txt", "b/.x.txt", "g.ttl", "北.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        _written(tmp_path / name, f"{TEXTS['en']} {name}")
    calls: list[tuple[int, int, str]] = []
    found = list(read([tmp_path, tmp_path / "c.txt"], progress=lambda *args: calls.append(args)))
    base = tmp_path.as_posix() + "/"
    assert [i.source.removeprefix(base) for i in found] == ["a/1.txt", "b/2.txt", "c.txt", "北.txt"]
    assert [(done, total) for done, total, _ in calls] == [(n, 5) for n in range(1, 6)]
    assert [i.id for i in found if isinstance(i, Document)] == [
        i.id for i in read([tmp_path]) if isinstance(i, Document)
    ]


def test_bad_requests_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read([tmp_path / "missing"])
    with pytest.raises(UsageError, match="PDF"):
        read([tmp_path])
    _written(tmp_path / "a.xyz", "text")
    with pytest.raises(UsageError, match="nothing to read"):
        read([tmp_path])
    with pytest.raises(UsageError):
        read([])


def test_graph_files_are_left_to_the_graph(tmp_path: Path) -> None:
    path = _written(tmp_path / "g.TTL", "<a> <b> <c> .")
    assert is_graph(path)
    assert not is_graph(tmp_path / "a.txt")
    assert list(read([tmp_path])) == []


def test_only_the_languages_in_play(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.txt", TEXTS["zh"])
    assert one(path, languages=["ja", "en"]).language == "ja"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.sampled_from(sorted(documents.ENDINGS)))
def test_any_bytes_give_a_document_or_a_refusal(tmp_path: Path, data: bytes, ending: str) -> None:
    path = tmp_path / f"any{ending}"
    path.write_bytes(data)
    for item in read([path]):
        assert isinstance(item, Document | Refusal)
        if isinstance(item, Document):
            item.text.encode("utf-8")
            assert item.text.strip()


def test_names_that_are_not_utf8_are_read_and_stay_apart(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    names = (b"a\xff.txt", b"a\xfe.txt", "река 河 नदी نهر แม่น้ำ ü.txt".encode(), b"b\xff.jsonl")
    for name in names:
        try:
            with open(os.path.join(folder, name), "wb") as file:  # noqa: PTH118, PTH123 - bytes
                file.write(b'{"id": "x\\ud800", "text": "river"}' if b"jsonl" in name else b"river")
        except OSError:
            pytest.skip("this file system holds UTF-8 names only")
    found = list(read([tmp_path]))
    assert len(found) == len({item.id for item in found if isinstance(item, Document)}) == 4
    assert len({item.source for item in found}) == 4
    for item in found:
        assert isinstance(item, Document)
        for text in (item.source, item.title, item.id):
            text.encode("utf-8")  # what is kept in a file must be


@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_every_source_has_an_id_of_its_own(one: str, other: str) -> None:
    assert len(document_id(one)) == 16
    assert (document_id(one) == document_id(other)) is (one == other)
    assert document_id("\ud800") != document_id("?")


def test_a_hint_names_the_format_to_save_as_or_the_few_that_are_read(tmp_path: Path) -> None:
    for name in ("a.doc", "a.xyz", "b.txt"):
        _written(tmp_path / name, TEXTS["en"])
    first, second, _ = read([tmp_path])
    assert isinstance(first, Refusal)
    assert isinstance(second, Refusal)
    assert first.hint == "save it as .docx"
    hint = second.hint
    assert "Markdown" in hint
    assert hint.count(",") < len(documents.ENDINGS) / 2


def test_same_bytes_under_two_names_are_two_documents(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        _written(tmp_path / name, TEXTS["ar"])
    one_of, other = read([tmp_path])
    assert isinstance(one_of, Document)
    assert isinstance(other, Document)
    assert one_of.content_hash == other.content_hash
    assert one_of.id != other.id


@pytest.mark.parametrize("ending", [".txt", ".html", ".csv", ".json"])
def test_the_hash_is_of_the_bytes_that_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    path = tmp_path / f"log{ending}"
    before, after = '{"text": "the old text of it"}', '{"text": "a new and longer text of it"}'
    path.write_text(before, encoding="utf-8")
    stat = Path.stat
    replaced = False

    def replacing(self: Path, **options: bool) -> os.stat_result:
        nonlocal replaced
        found = stat(self, **options)
        if self == path and replaced is False:
            replaced = True
            self.write_text(after, encoding="utf-8")
        return found

    found_files = read([path])
    monkeypatch.setattr(Path, "stat", replacing)
    (found,) = found_files
    assert replaced
    assert isinstance(found, Document)
    assert "longer" in found.text
    assert found.content_hash == hashlib.sha256(after.encode()).hexdigest()


def test_a_file_that_vanishes_is_refused(tmp_path: Path) -> None:
    paths = [_written(tmp_path / name, TEXTS["hi"]) for name in ("a.txt", "b.txt", "c.txt")]
    found = read([tmp_path])
    assert isinstance(next(found), Document)
    paths[1].unlink()
    gone, kept = found
    assert isinstance(gone, Refusal)
    assert "no such file" in gone.reason
    assert isinstance(kept, Document)


def test_a_file_that_grows_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _written(tmp_path / "a.txt", "word " * 10)
    found = read([path])
    monkeypatch.setattr(documents, "MAX_BYTES", 100)
    with path.open("a", encoding="utf-8") as file:
        file.write("word " * 100)
    (item,) = found
    assert isinstance(item, Refusal)
    assert "larger" in item.reason


def test_dates_and_tags_are_what_the_file_says(tmp_path: Path) -> None:
    front = "---\ndate: 2025-03-14\ntags: [tides, 潮汐]\n---\n# T\n"
    found = one(_written(tmp_path / "a.md", front + TEXTS["zh"]))
    assert (found.date, found.tags) == ("2025-03-14", ("tides", "潮汐"))
    found = one(_written(tmp_path / "b.md", "---\ndate: 31/02/2025\ntags: a, b\n---\ntext\n"))
    assert (found.date, found.tags) == ("", ("a", "b"))
    plain = one(_written(tmp_path / "c.txt", TEXTS["en"]))
    assert (plain.date, plain.tags) == ("", ())
    line = {"text": TEXTS["hi"], "date": "2024-02-30", "tags": ["एक", "दो", "एक"]}
    found = one(_written(tmp_path / "d.jsonl", json.dumps(line)))
    assert (found.date, found.tags) == ("", ("एक", "दो"))


SHARED = Path(__file__).parents[3] / "shared" / "data" / "documents"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files beside the checkout are absent")
def test_every_real_file_is_a_document_or_refused_with_a_reason() -> None:
    found = list(read([SHARED]))
    sources = {item.source.removeprefix(f"{SHARED.as_posix()}/"): item for item in found}
    refusals = {name for name, item in sources.items() if isinstance(item, Refusal)}
    assert {name for name in refusals if "LICENSE" not in name} == {
        "markitdown/random.bin",
        "py-pdf/libreoffice-writer-password.pdf",
        "unstructured/empty.txt",
        "unstructured/fake-text-all-whitespace.txt",
    }
    for item in found:
        if isinstance(item, Refusal):
            assert item.hint
        else:
            assert item.text.strip()
            assert "\ufffd" not in item.text
            assert all(0 <= p.span[0] <= p.span[1] <= len(item.text) for p in item.pages)
