"""``convrag packs``: the bundled knowledge packs."""

from __future__ import annotations


def packs() -> None:
    """List the bundled knowledge packs with their languages."""
    from convrag.cli.output import table
    from convrag.packs import available_packs

    rows = [
        (pack.name, pack.title, " ".join(pack.languages), pack.description)
        for pack in available_packs()
    ]
    table(("name", "title", "languages", "description"), rows)
