from __future__ import annotations

import re

import pytest

from convrag.tui.exchange import Exchange
from convrag.tui.graph import GraphPane, GraphTree
from convrag.tui.sources import SourceCard, SourcesPane
from convrag.tui.trace import TracePane
from convrag.types import Filter
from tests.tui.conftest import Chat, Start, rendered
from tests.tui.scripted import NAIROBI, SPAN, TEXT, ScriptedResponder


def cards(chat: Chat) -> list[str]:
    return [rendered(c) for c in chat.app.query_one(SourcesPane).query_children(SourceCard)]


async def test_a_filter_is_set_shown_used_and_cleared(start: Start) -> None:
    async with start() as chat:
        await chat.rest()
        await chat.pilot.press("ctrl+f")
        await chat.pilot.pause()
        assert "Everything is searched" in chat.said()[-1]
        await chat.send("/filter colour=red")
        assert "no key 'colour'" in chat.said()[-1]
        await chat.send("/filter tag='[bold]保修 [/x]' language=zh")
        assert "tag='[bold]保修 [/x]'" in chat.said()[-1]
        assert chat.app._status.facts[0].startswith("only language=zh tag=")
        assert "only language=zh" in str(chat.app._status.render())
        await chat.ask("Where?")
        answer = chat.app.query_one(Exchange).answer
        assert answer is not None
        assert answer.query.filter == Filter(languages=("zh",), tags=("[bold]保修 [/x]",))
        await chat.send("/why")
        assert "only language=zh tag='[bold]保修 [/x]'" in chat.text("#trace-pane Static")[-1]
        await chat.send("/filter off")
        assert chat.app._status.facts[0] == ""
        await chat.send("/filter")
        assert "Everything is searched" in chat.said()[-1]


async def test_a_chat_may_begin_with_a_filter(start: Start) -> None:
    async with start(filter=Filter(tags=("гарантия",))) as chat:
        await chat.rest()
        assert chat.app._status.facts[0] == "only tag=гарантия"


async def test_sources_are_numbered_in_answer_order_with_the_rest_folded(start: Start) -> None:
    async with start() as chat:
        await chat.ask("q")
        first, second = cards(chat)
        assert first.startswith("[1] Kenya 0.87 · dense #1 · lexical #2 Kenya is a country")
        assert first.endswith("world/kenya.md, p. 3")
        assert second.startswith("[2] Kenya: capital fact · 0.71 · graph #1 The capital of Kenya")
        assert "via Kenya → capital" in second
        folded = [rendered(c) for c in chat.app.query("Collapsible SourceCard").results(SourceCard)]
        assert len(folded) == 1
        assert folded[0].startswith("Nairobi National Park")


async def test_the_cited_span_is_marked(start: Start) -> None:
    async with start() as chat:
        await chat.ask("q")
        card = chat.app.query_one(SourcesPane).query_children(SourceCard).first()
        content = card.visual
        marked = [content.plain[s.start : s.end] for s in content.spans if s.style == "$mark"]
        assert marked == [TEXT[slice(*SPAN)]]


async def test_clicking_a_citation_chooses_its_source(start: Start) -> None:
    async with start(size=(80, 24)) as chat:
        await chat.ask("q")
        assert not chat.app._side.display
        answer = chat.app.query_one("AnswerMarkdown MarkdownParagraph")
        line = rendered(answer)
        await chat.pilot.click(answer, offset=(line.index("[2]") + 1, 0))
        await chat.pilot.pause()
        await chat.until(lambda: chat.app._side.display, "the sources open")
        await chat.until(lambda: chat.app.query(".source.chosen"))
        assert [c.marker for c in chat.app.query(".source.chosen").results(SourceCard)] == [2]
        await chat.pilot.press("escape")
        assert not chat.app._side.display


async def test_number_keys_on_a_turn_choose_its_source(start: Start) -> None:
    async with start() as chat:
        await chat.ask("q")
        await chat.pilot.press("alt+up", "2")
        await chat.until(lambda: chat.app.query(".source.chosen"))
        assert [c.marker for c in chat.app.query(".source.chosen").results(SourceCard)] == [2]
        await chat.pilot.press("9")
        await chat.pilot.pause()
        assert not chat.app.query(".source.chosen")
        await chat.pilot.press("alt+down")
        assert chat.app.focused is chat.app._prompt


def labels(chat: Chat) -> list[str]:
    tree = chat.app.query_one(GraphTree)
    lines: list[str] = []
    for root in tree.root.children:
        lines.append(str(root.label))
        lines += [str(child.label) for child in root.children]
    return lines


async def test_the_graph_is_rooted_at_the_entities_and_can_be_walked(start: Start) -> None:
    async with start() as chat:
        await chat.ask("q")
        assert labels(chat)[:4] == [
            "Kenya",
            "a place in East Africa",
            "● [2] capital → Nairobi",
            "near → Nairobi",
        ]
        await chat.pilot.press("f3")
        await chat.pilot.pause()
        await chat.pilot.press("down", "down", "enter")
        await chat.until(lambda: labels(chat)[0] == "Nairobi", "Nairobi is the root")
        assert "● [2] capital ← Kenya" in labels(chat)
        await chat.pilot.press("backspace")
        await chat.until(lambda: labels(chat)[0] == "Kenya", "Kenya is the root again")
        await chat.pilot.press("a")
        await chat.pilot.pause()
        assert chat.app._prompt.text == "Kenya "
        assert chat.app.focused is chat.app._prompt


async def test_an_answer_may_come_in_while_the_graph_is_taken_down(start: Start) -> None:
    async with start() as chat:
        await chat.ask("q")
        pane = chat.app.query_one(GraphPane)
        await pane.remove_children()
        pane.show((), describe=None, cited={})


async def test_an_entity_that_is_gone_leaves_the_graph_empty(start: Start) -> None:
    responder = ScriptedResponder()
    async with start(responder) as chat:
        await chat.ask("q")
        pane = chat.app._side.query_one("#graph-pane")
        pane.show(
            ["urn:gone"], describe=lambda _: responder.describe("urn:gone", language=""), cited={}
        )  # type: ignore[attr-defined]
        assert labels(chat) == []
        pane.show([NAIROBI], describe=None, cited={})  # type: ignore[attr-defined]
        assert labels(chat) == []


async def test_the_trace_lists_the_stages_with_times(start: Start) -> None:
    async with start() as chat:
        await chat.ask("q")
        text = rendered(chat.app.query_one(TracePane).query_one("Static"))
        stages = (
            "Rewrite 12 ms",
            "Link 4 ms",
            "Retrieve 31 ms",
            "Read 20 ms",
            "First text",
            "Finished",
        )
        places = [text.index(stage) for stage in stages]
        assert places == sorted(places)
        assert "3 found · dense 2 · graph 1 · lexical 2" in text


@pytest.mark.parametrize(
    ("size", "sessions", "side", "footer"),
    [
        ((140, 40), True, True, True),
        ((110, 32), False, True, True),
        ((80, 24), False, False, True),
        ((58, 24), False, False, False),
        ((80, 16), False, False, False),
    ],
)
async def test_panes_follow_the_size(
    start: Start, size: tuple[int, int], sessions: bool, side: bool, footer: bool
) -> None:
    async with start(size=size) as chat:
        app = chat.app
        assert (app._list.display, app._side.display) == (sessions, side)
        assert app.query_one("Footer").display is footer
        assert app._prompt.display
        await chat.pilot.press("f5")
        assert app._list.display is not sessions
        await chat.pilot.press("f5", "f4")
        await chat.pilot.pause()
        assert app._side.display
        assert app.query_one("#main").display is (size[0] >= 100)


async def test_resizing_keeps_everything_usable(start: Start) -> None:
    async with start(size=(140, 40)) as chat:
        await chat.ask("q")
        for width, height in ((50, 15), (80, 24), (104, 30), (140, 40)):
            await chat.pilot.resize_terminal(width, height)
            await chat.pilot.pause()
            assert chat.app._prompt.display
            assert chat.app._prompt.region.right <= width
        assert chat.app._side.display
        assert chat.app._list.display
        assert chat.app.query_one(Exchange).answer is not None


async def test_a_screenshot_gives_wide_characters_their_room(start: Start) -> None:
    async with start() as chat:
        await chat.ask("肯尼亚的首都")
        svg = chat.app.export_screenshot()
        (length,) = set(re.findall(r'textLength="([\d.]+)"[^>]*>肯尼亚的首都<', svg))
        assert float(length) == pytest.approx(12 * 12.2)
