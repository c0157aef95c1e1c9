"""Prompts as data: what a model would take for a control token is broken up."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    r"<(?=\|[^<>|\s]{1,40}\|>)"
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|start_of_turn|end_of_turn|start_of_image|end_of_image"
    r"|image_soft_token|unused\d{1,4}|repo_name|reponame|file_sep|filename|gh_stars"
    r"|extra_id_\d{1,3}|jupyter_\w{1,20}|issue_\w{1,20}|empty_output)>)"
    r"|\[(?=/?INST\])|<(?=</?SYS>>)",
    re.ASCII,
)


def plain_prompt(text: str) -> str:
    """Return ``text`` with a space after the first character of every control token in it.

    A prompt carries documents, labels and what the user typed. The runtimes read control tokens in
    a prompt as such, so a document could end the turn it is quoted in. NUL, and half a surrogate
    pair, become U+FFFD: no tokenizer reads them.
    """
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROL.sub(lambda found: f"{found.group()} ", text)
