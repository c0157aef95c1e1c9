"""An answer's Markdown on the screen: what came from outside can be shaped, but it cannot act."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from textual.widgets import Markdown

from convrag.text.sanitize import plain

_MARKER = re.compile(r"\[(\d{1,3})\](?:\(cite:\1\))?")
CITE = "cite:"

_OFF = ("link", "image", "autolink", "html_inline", "entity", "linkify")
_OFF_BLOCKS = ("html_block", "reference", "heading", "lheading", "code", "hr")


def answer_parser() -> MarkdownIt:
    """Return a reader of Markdown that knows no links but citations, ``[n]`` or ``[n](cite:n)``.

    Links, images, HTML, headings, rules and indented code are left as the text they are, so that a
    passage quoted in an answer cannot make any.
    """
    parser = MarkdownIt("commonmark")
    parser.disable([*_OFF[:-1], *_OFF_BLOCKS])
    parser.inline.ruler.before("emphasis", "citation", _citation)
    return parser


def _citation(state: StateInline, silent: bool) -> bool:
    found = _MARKER.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        opened = state.push("link_open", "a", 1)
        opened.attrs = {"href": f"{CITE}{found[1]}"}
        state.push("text", "", 0).content = f"[{found[1]}]"
        state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


class AnswerMarkdown(Markdown):
    """The text of one answer; clicking ``[n]`` posts `Markdown.LinkClicked` with ``cite:n``."""

    def __init__(self, text: str = "") -> None:
        super().__init__(plain(text), parser_factory=answer_parser, open_links=False)
