"""The help screen and the palette, both read off the table of actions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from convrag.tui.actions import ACTIONS, SLASH, TARGETS, Action

_NAMES = {"escape": "esc", "ctrl+j,shift+enter": "ctrl+j", "1,2,3,4,5,6,7,8,9": "1 … 9"}


def key_name(action: Action) -> str:
    """Return an action's key as people say it."""
    return _NAMES.get(action.key, action.key)


def help_text() -> Content:
    """Return the whole help: keys by place, then commands."""
    parts: list[Content] = []
    for target, where in TARGETS.items():
        parts.append(Content.assemble((where, "bold $primary")))
        parts += [
            Content.assemble((f"  {key_name(a):<10}", "bold"), " ", a.description)
            for a in ACTIONS
            if a.target == target
        ]
        parts.append(Content(""))
    parts.append(Content.assemble(("Typed into the prompt", "bold $primary")))
    for name, action in SLASH.items():
        usage = f"/{name} {action.arguments}".rstrip()
        parts.append(Content.assemble((f"  {usage:<20}", "bold"), " ", action.description))
    parts.append(Content(""))
    parts.append(Content("A question that begins with / is sent after a blank: “ /etc/hosts?”"))
    parts.append(Content("Arabic and Hebrew are shown in the order they are read, from the left."))
    return Content("\n").join(parts)


class HelpScreen(ModalScreen[None]):
    """Every key and command."""

    BINDINGS = [("escape,f1,q", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """Build the text in a box that scrolls."""
        with Vertical(classes="dialog help-dialog"):
            with VerticalScroll():
                yield Static(help_text())
            yield Static(Content("esc closes"), classes="hint")


class ActionProvider(Provider):
    """The palette: the actions of the table by their "verb: noun"."""

    async def discover(self) -> Hits:
        """Yield every action of the app."""
        for action in ACTIONS:
            if action.target == "app":
                yield DiscoveryHit(action.palette, self._runner(action), help=action.description)

    async def search(self, query: str) -> Hits:
        """Yield the actions whose name or description fits ``query``."""
        matcher = self.matcher(query)
        for action in ACTIONS:
            score = matcher.match(f"{action.palette} {action.description}")
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(action.palette),
                    self._runner(action),
                    help=f"{action.description} ({key_name(action)})",
                )

    def _runner(self, action: Action):  # type: ignore[no-untyped-def]  # noqa: ANN202
        async def run() -> None:
            await self.app.run_listed_action(action)  # type: ignore[attr-defined]

        return run
