"""The two lines around the conversation: what it is about, and what happens right now."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from convrag.tui.display import one_line


class TitleBar(Widget):
    """The program's name and the title of the conversation."""

    title = reactive("")

    def render(self) -> RenderResult:
        """Return the line."""
        name = ("convrag", "bold $primary")
        if not self.title:
            return Content.assemble(" ", name)
        return Content.assemble(" ", name, ("  ›  ", "$dim"), one_line(self.title))


class StatusLine(Widget):
    """What is going on at the left, what answers at the right."""

    activity = reactive("")
    fraction: reactive[float | None] = reactive(None)
    facts: reactive[tuple[str, ...]] = reactive(())

    def render(self) -> RenderResult:
        """Return the line, the facts cut before the activity is."""
        width = self.size.width - 2
        left = Content(one_line(self.activity))
        if self.fraction is not None:
            left = Content.assemble(_bar(self.fraction), " ", left)
        right = Content(" · ".join(one_line(fact, 40) for fact in self.facts if fact))
        room = width - left.cell_length - 2
        if room < 4:
            return Content.assemble(" ", left)
        if right.cell_length > room:
            right = right.truncate(room, ellipsis=True)
        gap = " " * (width - left.cell_length - right.cell_length)
        return Content.assemble(" ", left, gap, right.stylize("$dim"))


def _bar(fraction: float, cells: int = 10) -> Content:
    full = round(max(0.0, min(1.0, fraction)) * cells)
    return Content.assemble(("━" * full, "$primary"), ("━" * (cells - full), "$rule"))
