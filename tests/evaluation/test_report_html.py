"""The page: one file, outside text in it as data, a thousand turns shown within two seconds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from convrag.evaluation.report import make_report
from convrag.evaluation.report_html import report_page
from convrag.evaluation.report_markdown import report_to_markdown
from tests.evaluation.conftest import asked_turns, made_up, run_info

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
    "<!-- ]]> \u202e evil \u2066 \x1b[31m \x00 \u2028 {{DATA}} | [a](http://x) \ud800"
)
SCRIPTS = (
    "ما هي عاصمة النمسا؟",
    "ऑस्ट्रिया की राजधानी",
    "オーストリアの首都",
    "Какая столица",
    "เมืองหลวง",
    "奥地利的首都",
)


class Parts(HTMLParser):
    """Collects elements, their attributes, and what scripts hold."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def page(*questions: str) -> Parts:
    turns = asked_turns(made_up(max(1, len(questions)), 1))
    changed = [
        replace(
            turn,
            trace=replace(
                turn.trace,
                question=question,
                answer=question,
                texts={question: question},
                evidence=(question,),
                problems=(question,),
                kinds=(question,),
            ),
        )
        for turn, question in zip(turns, questions, strict=False)
    ]
    parts = Parts()
    parts.feed(report_page(make_report(changed, info=run_info(made_up(1, 1)))))
    parts.close()
    return parts


def test_hostile_text_stays_data() -> None:
    plain, hostile = page("harmless"), page(HOSTILE)
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]
    shown = json.loads(hostile.scripts[0])["turns"][0]["trace"]["question"]
    assert "</script><script>document.title='owned'</script>" in shown
    assert "{{DATA}}" in shown
    assert not re.search("[\u202e\u2066\x1b\x00\ud800]", shown)
    assert not re.search("[<>&\u2028]", hostile.scripts[0])


def test_every_script_is_in_the_page_as_it_is() -> None:
    shown = json.loads(page(*SCRIPTS).scripts[0])["turns"]
    assert [turn["trace"]["question"] for turn in shown] == list(SCRIPTS)


def test_nothing_is_loaded_from_elsewhere() -> None:
    parts = page("harmless")
    assert not [a for _, attributes in parts.tags for a in attributes if a in ("src", "href")]
    code = parts.scripts[1]
    assert "http" not in code.replace("http://www.w3.org/2000/svg", "")
    assert "innerHTML" not in code
    policy = next(a["content"] for t, a in parts.tags if a.get("http-equiv"))
    assert policy == ("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'")


def test_the_page_is_drawn_by_a_browser(thousand, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    file = tmp_path / "page.html"
    turns = [
        replace(t, trace=replace(t.trace, question=HOSTILE, kinds=("failed",))) if at == 0 else t
        for at, t in enumerate(thousand[1])
    ]
    file.write_text(report_page(make_report(turns)), encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/p",
         "--dump-dom", file.as_uri()],
        capture_output=True, timeout=120, check=True, encoding="utf-8",
    )  # fmt: skip
    assert "1000 of 1000 turns" in done.stdout
    assert "<title>convrag evaluation</title>" in done.stdout
    assert done.stdout.count('<details class="turn"') == 60
    assert "&lt;/script&gt;" in done.stdout


def test_markdown_shows_outside_text_as_text() -> None:
    turns = asked_turns(made_up(3, 1))
    hostile = [replace(t, trace=replace(t.trace, problems=(HOSTILE, "a\n# b"))) for t in turns]
    text = report_to_markdown(make_report(hostile, info=run_info(made_up(3, 1))))
    assert "| answer\\_accuracy |" in text or "| answer_accuracy |" in text
    assert "<script" not in text.replace("\\<script", "")
    assert "\n# b" not in text
    assert "\u202e" not in text
