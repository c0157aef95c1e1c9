"""Tables, JSON, XML, mail, subtitles, web pages and light markup."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import pytest

from convrag.text.chunk import chunk
from convrag.text.documents import Refusal, read
from convrag.types import Document


def every(path: Path, data: str | bytes) -> list[Document | Refusal]:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read([path]))


def one(path: Path, data: str | bytes) -> Document:
    (found,) = every(path, data)
    assert isinstance(found, Document), found
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_rows_name_their_columns(tmp_path: Path, delimiter: str) -> None:
    rows = [["名前", "город", "مدينة"], ["佐藤", "Москва", "القاهرة"], ["नाम", "서울", "เมือง"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    assert one(tmp_path / "a.csv", text).text.strip() == (
        "名前: 佐藤; город: Москва; مدينة: القاهرة\n\n名前: नाम; город: 서울; مدينة: เมือง"
    )


def test_csv_with_quotes_uneven_rows_and_no_names(tmp_path: Path) -> None:
    text = 'name,note\n"Ann, Bo","two\nlines"\nx,y,extra\n,only\n'
    assert one(tmp_path / "a.csv", text).text.strip() == (
        "name: Ann, Bo; note: two lines\n\nname: x; note: y; extra\n\nnote: only"
    )
    assert one(tmp_path / "b.csv", "a,3.5\nb,4\n").text.strip() == "a; 3.5\n\nb; 4"
    assert one(tmp_path / "c.tsv", "a,b\tc\nd,e\tf\n").text.strip() == "a,b: d,e; c: f"
    assert one(tmp_path / "d.csv", "name,age\n").text == "name; age"


def test_each_row_of_a_table_stays_whole_in_a_passage(tmp_path: Path) -> None:
    rows = "\n".join(f"{n},river number {n},long and wide and deep" for n in range(200))
    found = one(tmp_path / "a.csv", f"number,name,about\n{rows}\n")
    passages = chunk(found, max_words=40)
    assert len(passages) > 20
    for passage in passages:
        assert passage.text.startswith("number: ")
        assert passage.text.endswith("deep")


def test_json_objects_with_a_text_are_documents(tmp_path: Path) -> None:
    data = {
        "language": "de",
        "data": [
            {
                "title": "Donau",
                "tags": ["Fluss"],
                "paragraphs": [{"context": "Die Donau fließt."}, {"context": "Sie ist lang."}],
            },
            {"id": "x/1", "title": "Нил", "language": "ru", "text": "Нил.", "date": "2024-01-02"},
        ],
    }
    found = every(tmp_path / "a.json", json.dumps(data))
    assert all(isinstance(item, Document) for item in found)
    docs = [item for item in found if isinstance(item, Document)]
    base = (tmp_path / "a.json").as_posix()
    assert [d.source.removeprefix(base) for d in docs] == [
        "#/data/0/paragraphs/0",
        "#/data/0/paragraphs/1",
        "#x/1",
    ]
    assert [(d.title, d.language, d.date, d.tags) for d in docs] == [
        ("Donau", "de", "", ("Fluss",)),
        ("Donau", "de", "", ("Fluss",)),
        ("Нил", "ru", "2024-01-02", ()),
    ]
    assert len({d.content_hash for d in docs}) == len({d.id for d in docs}) == 3


def test_json_without_texts_is_lines(tmp_path: Path) -> None:
    data = [{"имя": "Нил", "km": 6650, "stops": ["a", "ب"]}, {"имя": "長江", "at": {"sea": True}}]
    assert one(tmp_path / "a.json", json.dumps(data)).text == (
        "имя: Нил; km: 6650; stops: a, ب\n\nимя: 長江\n\nat: sea: yes"
    )
    single = one(tmp_path / "b.json", '{"title": "T", "body": "नदी", "keywords": "a, b"}')
    assert (single.text, single.title, single.tags) == ("नदी", "T", ("a", "b"))
    assert single.source.endswith("b.json")
    (bad,) = every(tmp_path / "c.json", '{"a": 1')
    assert isinstance(bad, Refusal)
    assert "line 1" in bad.reason


RSS = """<rss version="2.0" xmlns:c="http://purl.org/rss/1.0/modules/content/"><channel>
<title>Feed</title><language>ru-ru</language>
<item><title>Река &amp; море</title><guid>u1</guid><category>вода</category>
<pubDate>Mon, 02 Sep 2024 10:00:00 +0300</pubDate><description>short</description>
<c:encoded>&lt;p&gt;Длинный &lt;b&gt;текст&lt;/b&gt;.&lt;/p&gt;&lt;script&gt;x&lt;/script&gt;
</c:encoded></item>
<item><title>Второй</title><guid>u1</guid><description>
<![CDATA[<p>Текст</p>]]></description></item>
</channel></rss>"""


def test_feed_entries_are_documents(tmp_path: Path) -> None:
    first, second = every(tmp_path / "a.rss", RSS)
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.text, first.title, first.language) == ("Длинный текст.", "Река & море", "ru")
    assert (first.date, first.tags) == ("2024-09-02", ("вода",))
    assert first.source.endswith("a.rss#u1")
    assert second.source.endswith("a.rss[2]")
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ar"><entry><id>i</id><title>ن</title>'
        '<updated>2024-03-04T00:00:00Z</updated><category term="ماء"/><content type="xhtml">'
        '<div xmlns="http://www.w3.org/1999/xhtml"><p>نص</p></div></content></entry></feed>'
    )
    found = one(tmp_path / "b.xml", atom)
    assert (found.text, found.language, found.date, found.tags) == (
        "نص",
        "ar",
        "2024-03-04",
        ("ماء",),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "koi8_r"])
def test_other_xml_is_lines_whatever_encoding_it_still_names(tmp_path: Path, encoding: str) -> None:
    named = "koi8-r" if encoding == "koi8_r" else "utf-8"
    text = (
        f'<?xml version="1.0" encoding="{named}"?><all><river><name>Нева</name><km>74</km></river>'
        "<p>Это <b>смешанный</b> текст.</p></all>"
    )
    found = one(tmp_path / "a.xml", text.encode(encoding))
    assert found.text == "name: Нева; km: 74\n\nЭто смешанный текст."


def message(subject: str, body: str, *files: tuple[str, str, bytes]) -> EmailMessage:
    found = EmailMessage()
    found["Subject"] = subject
    found["From"] = "Анна <a@example.org>"
    found["To"] = "李 <b@example.org>"
    found["Date"] = "Fri, 16 Dec 2022 23:04:16 -0500"
    found.set_content(body)
    found.add_alternative(f"<p>HTML {body}</p>", subtype="html")
    for name, kind, data in files:
        main, sub = kind.split("/")
        found.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return found


@pytest.mark.parametrize("word", ["река", "河", "نهر", "नदी", "ποταμός", "강"])
def test_mail_and_its_attachments(tmp_path: Path, word: str) -> None:
    data = message(
        f"Über {word}",
        f"{word} ist lang.",
        (f"{word}.txt", "application/octet-stream", f"{word} beside".encode()),
        ("x.png", "image/png", b"\x89PNG"),
    ).as_bytes()
    found = every(tmp_path / "m.eml", data)
    mail, attached, picture = found
    assert isinstance(mail, Document)
    assert (mail.title, mail.date) == (f"Über {word}", "2022-12-16")
    assert mail.text == (
        "From: Анна <a@example.org>\nTo: 李 <b@example.org>\n"
        "Date: Fri, 16 Dec 2022 23:04:16 -0500\n"
        f"Attachments: {word}.txt, x.png\n\n{word} ist lang."
    )
    assert isinstance(attached, Document)
    assert attached.source.endswith(f"m.eml!/{word}.txt")
    assert attached.text == f"{word} beside"
    assert isinstance(picture, Refusal)
    assert ".png" in picture.reason


def test_mail_in_an_old_encoding_with_only_html(tmp_path: Path) -> None:
    head = (
        b"From: a@b.c\r\nSubject: =?iso-8859-8-i?B?+ezl7Q==?=\r\n"
        b'Content-Type: text/html; charset="iso-8859-8-i"\r\n\r\n'
    )
    data = head + "<p>שלום <b>עולם</b></p><style>p{}</style>".encode("iso8859_8")
    found = one(tmp_path / "a.eml", data)
    assert found.title == "שלום"
    assert found.text.endswith("\n\nשלום עולם")
    raw = "Subject: Привет всем друзьям\r\nFrom: a@b.c\r\n\r\nТекст письма здесь\r\n".encode(
        "koi8_r"
    )
    found = one(tmp_path / "b.eml", raw)
    assert found.title == "Привет всем друзьям"
    assert found.text.endswith("Текст письма здесь")


def test_mailboxes_and_forwarded_messages(tmp_path: Path) -> None:
    inner = message("Inner", "Inside 河.")
    outer = message("Outer", "See below.")
    outer.add_attachment(inner)
    data = b"".join(
        b"From a@b Mon Sep 17 00:00:00 2001\n"
        + m.as_bytes().replace(b"\nFrom ", b"\n>From ")
        + b"\n"
        for m in (outer, message("Second", "नदी है।"))
    )
    found = every(tmp_path / "a.mbox", data)
    base = (tmp_path / "a.mbox").as_posix()
    assert [i.source.removeprefix(base) for i in found] == ["[1]", "[1]!/message-1.eml", "[2]"]
    assert [i.title for i in found if isinstance(i, Document)] == ["Outer", "Inner", "Second"]
    (bad,) = every(tmp_path / "b.mbox", "no mail")
    assert isinstance(bad, Refusal)


VTT = """WEBVTT

NOTE not said

STYLE
::cue { color: red }

a-1
00:01.000 --> 00:02.000 align:left
<v Анна>Река <i>длинная</i> &amp; 深い</v>

00:02.000 --> 00:03.000
<v Анна>Река длинная &amp; 深い

00:03.000 --> 00:04.000
<v.loud علي>نعم

01:00:09.000 --> 01:00:10.000
हाँ
"""


def test_subtitles_are_what_is_said(tmp_path: Path) -> None:
    assert one(tmp_path / "a.vtt", VTT).text == "Анна: Река длинная & 深い\n\nعلي: نعم\n\nहाँ"
    srt = "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<b>Eins</b>\r\nzwei\r\n\r\n2\r\n"
    srt += "00:00:02,500 --> 00:00:03,000\r\nτρία\r\n"
    assert one(tmp_path / "a.srt", srt).text == "Eins\nzwei\nτρία"
    assert one(tmp_path / "a.txt", "\ufeff" + srt).text == "Eins\nzwei\nτρία"
    (bad,) = every(tmp_path / "b.vtt", "WEBVTT\n\nNOTE nothing\n")
    assert isinstance(bad, Refusal)


PAGE = """<html lang="ja"><head><title>川</title><meta name="keywords" content="川, река">
<meta property="article:published_time" content="2024-10-05T08:00:00Z"><script>var a</script>
</head><body><nav><a href="/">Home</a></nav><div class="sidebar">Side</div>
<div><a>Eins</a> <a>zwei</a> <a>drei</a> <a>vier</a></div>
<h1>Die <em>Donau</em></h1><p>{text}</p><ol><li>Первый<ul><li>नीचे</li></ul></li><li>ثان</li></ol>
<table><tr><th>Name</th><th>km</th></tr><tr><td>長江<br>河</td><td>6300</td></tr></table>
<p hidden>hidden</p><p style="display: none">hidden</p><ruby>川<rt>かわ</rt></ruby>
<footer>Imprint</footer></body></html>"""


def test_html_keeps_structure_and_drops_what_lies_around(tmp_path: Path) -> None:
    text = "The river is long and wide. " * 30
    found = one(tmp_path / "a.html", PAGE.format(text=text))
    assert found.text == (
        f"# Die Donau\n\n{text.strip()}\n\n1. Первый\n- नीचे\n2. ثان\n\n"
        "| Name | km |\n| 長江 河 | 6300 |\n\n川"
    )
    assert (found.title, found.language, found.date) == ("川", "ja", "2024-10-05")
    assert found.tags == ("川", "река")
    marked = PAGE.replace("<h1>", "<main><h1>").replace("</table>", "</table></main>")
    assert one(tmp_path / "b.html", marked.format(text=text)).text.endswith("| 6300 |")


def test_a_page_of_links_is_not_left_empty(tmp_path: Path) -> None:
    links = "".join(f"<li><a href='{n}'>The river of number {n} 河</a></li>" for n in range(40))
    assert "number 39 河" in one(tmp_path / "a.html", f"<body><ul>{links}</ul></body>").text


def test_light_markup_gets_markdown_headings(tmp_path: Path) -> None:
    rst = "=====\nРека\n=====\n\n:date: 2024-02-03\n\nText.\n\n河\n--\n\nMore.\n\nनदी\n----\n"
    found = one(tmp_path / "a.rst", rst)
    assert [line for line in found.text.splitlines() if line.startswith("#")] == [
        "# Река",
        "## 河",
        "## नदी",
    ]
    assert (found.title, found.date) == ("Река", "2024-02-03")
    org = "#+TITLE: نهر\n#+DATE: <2024-02-03>\n#+FILETAGS: :a:b:\n"
    org += "* TODO One :x:\n:P:\n1\n:END:\n** 둘\n"
    found = one(tmp_path / "a.org", org)
    assert (found.title, found.date, found.tags) == ("نهر", "2024-02-03", ("a", "b"))
    assert found.text == "# One\n## 둘\n"
    adoc = "= Ποταμός\n:keywords: x, y\n// no\n\n== Zwei\n|===\n|a|b\n|===\n"
    found = one(tmp_path / "a.adoc", adoc)
    assert (found.title, found.tags) == ("Ποταμός", ("x", "y"))
    assert found.text == "# Ποταμός\n\n## Zwei\n|a|b\n"
