"""After a question that counts, the things counted: "which ones?", "name them, please"."""

from __future__ import annotations

import re

from convrag.dialogue.lexicon import Lexicon
from convrag.dialogue.seen import Seen, content_count
from convrag.graph.linking import DictionaryLinker
from convrag.types import Query

_MOST_CONTENT = 1
"""Content words besides those that ask for the names."""


def counted_named(seen: Seen, linker: DictionaryLinker) -> Query | None:
    """Return the last question, which counted, asked for what it counted."""
    asks = seen.lexicon.spoken(seen.text, "naming")
    spans = [span for _, span in asks]
    if not asks or seen.links or content_count(seen.text, seen.language, spans) > _MOST_CONTENT:
        return None
    text = _uncounted(seen.state.last_question, seen.lexicon)
    if not text:
        return None
    links = linker.link(text, language=seen.language, fuzzy=False)
    return Query(text, seen.text, seen.language, links, 0.85, False, "followup")


def _uncounted(question: str, lexicon: Lexicon) -> str:
    """Return the question with "which" for "how many", or "" where it counts nothing."""
    for pair in lexicon.templates("counted"):
        many, _, which = pair.partition("=")
        found = re.search(rf"(?<!\w){re.escape(many)}(?!\w)", question, re.IGNORECASE)
        found = found or (re.search(re.escape(many), question) if not many.isascii() else None)
        if found:
            said = which.capitalize() if found[0][:1].isupper() else which
            return question[: found.start()] + said + question[found.end() :]
    return ""
