"""The page: one file, outside text in it as data, a thousand turns shown within two seconds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
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


USED = """<script>
const seen = {all: document.getElementById("count").textContent,
  drawn: document.querySelectorAll("details.turn").length,
  first: document.querySelector("details.turn .word").textContent, title: document.title};
function choose(id, value) {
  const target = document.getElementById(id);
  target.value = value;
  target.dispatchEvent(new Event(id === "f-text" ? "input" : "change"));
  return document.getElementById("count").textContent;
}
seen.language = choose("f-language", "zh");
seen.kind = choose("f-kind", "wrong answer");
seen.none = choose("f-text", "no such words");
choose("f-language", ""); choose("f-kind", "failed");
seen.hostile = choose("f-text", "");
const turn = document.querySelector("details.turn");
turn.open = true;
turn.dispatchEvent(new Event("toggle"));
seen.question = turn.querySelector(".q").textContent;
seen.trace = [...turn.querySelectorAll("dt")].map(node => node.textContent);
seen.images = document.images.length;
document.body.dataset.seen = JSON.stringify(seen);
</script></body>"""


def test_the_page_is_used_in_a_browser(thousand, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    file = tmp_path / "page.html"
    turns = [
        replace(t, trace=replace(t.trace, question=HOSTILE, kinds=("failed",))) if at == 0 else t
        for at, t in enumerate(thousand[1])
    ]
    page = report_page(make_report(turns))
    file.write_text(page.replace("</body>", USED), encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/p",
         "--dump-dom", file.as_uri()],
        capture_output=True, timeout=120, check=True, encoding="utf-8",
    )  # fmt: skip
    found = re.search('data-seen="([^"]*)"', done.stdout)
    assert found is not None
    seen = json.loads(unescape(found[1]))
    chinese = [turn for turn in turns if turn.language == "zh"]
    wrong = sum("wrong answer" in turn.trace.kinds for turn in chinese)
    assert 0 < wrong < len(chinese)
    assert seen["all"] == "1000 of 1000 turns"
    assert (seen["drawn"], seen["first"], seen["title"]) == (60, "wrong", "convrag evaluation")
    assert seen["language"] == f"{len(chinese)} of 1000 turns"
    assert seen["kind"] == f"{wrong} of 1000 turns"
    assert seen["none"] == "0 of 1000 turns"
    assert seen["hostile"] == "1 of 1000 turns"
    assert "</script><script>document.title='owned'</script>" in seen["question"]
    assert {"Asked", "Answered", "Expected", "Evidence", "Seconds"} <= set(seen["trace"])
    assert seen["images"] == 0


def test_markdown_shows_outside_text_as_text() -> None:
    turns = asked_turns(made_up(3, 1))
    hostile = [replace(t, trace=replace(t.trace, problems=(HOSTILE, "a\n# b"))) for t in turns]
    text = report_to_markdown(make_report(hostile, info=run_info(made_up(3, 1))))
    assert "| answer\\_accuracy |" in text or "| answer_accuracy |" in text
    assert "<script" not in text.replace("\\<script", "")
    assert "\n# b" not in text
    assert "\u202e" not in text
