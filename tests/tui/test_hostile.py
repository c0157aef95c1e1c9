from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.content import Content

from convrag.errors import ConvragError
from convrag.events import Failed
from convrag.sessions import SessionInfo
from convrag.tui.answer_markdown import answer_parser
from convrag.tui.display import marked, one_line, shown
from convrag.tui.exchange import Exchange
from convrag.tui.graph import GraphPane, GraphTree
from convrag.tui.session_list import SessionOptions
from convrag.tui.trace import event_line
from convrag.types import Mode, Triple
from convrag.views import Edge, EntityView
from tests.tui.conftest import Chat, Start
from tests.tui.scripted import Script, ScriptedResponder, passage

HOSTILE = (
    "[/foo] x [/] y",
    "[bold]b[/bold] Paris[capital_of]France",
    "[@click=app.quit]click[/] [link=https://bad.example]x[/link]",
    "\x1b[2J\x1b]0;title\x07\x1b]8;;https://bad.example\x1b\\link\x1b]8;;\x1b\\",
    "a\u202eb\u2066c\u2069 \u200b\ufeff\u200d\x00\x07\x08\x7f\x9b31m",
    "# h\n[x](https://bad.example) ![i](x.png) <b>t</b> <https://a.example> www.b.example",
    "[1](cite:2) [2](cite:https) [9999](cite:9999) [1][2]",
    "[a]: https://bad.example\n\n[a] [a][a]",
    "$(rm -rf ~) `rm` ${HOME} {0} %s %(x)s",
    "x" * 10_000,
    "\n" * 300,
    "ما [/b] عاصمة\u202e؟",
    "肯尼亚[@click=app.quit]的首都[/]",
    "👩‍👩‍👧‍👦 \u0301\u0301\u0301 e\u0301" + "\u0300" * 50,
    "\ud800 lone",
)
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

hostile = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.sampled_from("[]/@=click()<>!#*_`~\\:1a \n\u202e\x1b\u200bع首"), max_size=40),
)


def links(text: str) -> list[str]:
    tokens = answer_parser().parse(text)
    for token in tokens:
        assert token.type not in ("html_block", "heading_open", "code_block", "hr"), token.type
    children = [child for token in tokens for child in token.children or ()]
    assert not {c.type for c in children} & {"image", "html_inline"}
    return [str(c.attrs["href"]) for c in children if c.type == "link_open"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_an_answer_acts_but_a_citation(text: str) -> None:
    assert all(re.fullmatch(r"cite:\d{1,3}", href) for href in links(shown(text)))


@given(hostile)
def test_no_mix_of_marks_acts(text: str) -> None:
    assert all(re.fullmatch(r"cite:\d{1,3}", href) for href in links(shown(text)))


def test_citations_are_found_where_they_count() -> None:
    assert links("a [1], b [2](cite:2); \\[3\\] `[4]` [12][1]") == [
        "cite:1",
        "cite:2",
        "cite:12",
        "cite:1",
    ]


@given(hostile, st.integers(-5, 60), st.integers(-5, 60))
def test_marking_keeps_the_text_and_is_never_markup(text: str, start: int, end: int) -> None:
    content = marked(text, (start, end))
    assert not UNSAFE.search(content.plain.replace("\n", "").replace("\t", ""))
    assert all("@click" not in str(span.style) for span in content.spans)
    a, b = max(0, start), min(len(text), end)
    if a < b and b < 600:
        assert shown(text[a:b]) in content.plain


@given(hostile)
def test_lines_are_lines(text: str) -> None:
    line = one_line(text, 50)
    assert len(line) <= 50
    assert not UNSAFE.search(line)
    assert "\n" not in line


async def through_every_widget(chat: Chat, responder: ScriptedResponder, text: str) -> None:
    """Send ``text`` as question, answer, passage, label, error and title, and read the screen."""
    app = chat.app
    evidence = (passage(text, title=text),)
    script = Script(
        pieces=(text[:7], text[7:]),
        rewritten=f"{text}?",
        evidence=evidence,
        span=(2, 9),
        mode=Mode.GENERATED,
    )
    responder.scripts = [script, Script(error=ConvragError(text, text))]
    await app._ask(text)
    await app._ask(text)
    await chat.rest()
    for exchange in app.query(Exchange):
        exchange.say(text)
    app._status.activity = text
    app._status.facts = (text, text)
    app.title = "convrag"
    app.query_one("TitleBar").title = text  # type: ignore[attr-defined]
    app._tell(ConvragError(text, text))
    app._list.query_one(SessionOptions).show([SessionInfo("id", text, text, 0.0, 0.0, 1)], now=1.0)
    edge = Edge(Triple(text, text, text), text, text, text, True)
    view = EntityView(text, text, text, (edge,))
    app.query_one(GraphPane).show([text], describe=lambda _: view, cited={edge.triple.id: 1})
    app._side.show_trace([event_line(Failed(ConvragError(text)), 0.1)])
    for tab in ("sources", "graph", "trace"):
        app._show_side(tab)  # type: ignore[arg-type]
        await chat.pilot.pause()
        strips = app.screen._compositor.render_strips()
        assert not UNSAFE.search("".join(strip.text for strip in strips))
    assert not UNSAFE.search(app.export_screenshot().replace("\n", ""))
    assert app.query_one(GraphTree).root.children


async def test_hostile_text_goes_through_every_widget(start: Start) -> None:
    responder = ScriptedResponder()
    async with start(responder, size=(140, 40)) as chat:
        await chat.rest()
        for text in HOSTILE:
            await through_every_widget(chat, responder, text)
            await chat.app.action_new_session()
        assert chat.app.is_running


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(hostile)
def test_any_text_can_be_content(text: str) -> None:
    assert Content(shown(text)).plain == shown(text)
