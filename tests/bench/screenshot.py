"""Take the README's picture: the real chat over the real world pack, asked in three languages.

python -m tests.bench.screenshot .readme/chat.svg
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from convrag.config import load_config
from convrag.pipeline import open_pipeline
from convrag.sessions import SessionStore
from convrag.tui.app import ChatApp

QUESTIONS = (
    "hi, um, what's the capital of Korea?",
    "the southern one",
    "and the other one?",
    "¿Y qué moneda se usa allí?",
    "富士山的高度是多少？",
    "What is Brussels known for?",
)
SIZE = (150, 44)


async def picture(target: Path) -> None:
    """Ask the questions and write the screen as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        sessions = SessionStore(Path(folder) / "sessions.sqlite")
        app = ChatApp(
            lambda progress: open_pipeline(load_config(), pack="world", progress=progress),
            sessions,
            pack="World geography",
        )
        async with app.run_test(size=SIZE) as pilot:
            for question in QUESTIONS:
                app._prompt.put(question)
                await pilot.press("enter")
                for _ in range(600):
                    await pilot.pause(0.05)
                    if app._responder is not None and app._run is None and not app._queue:
                        break
            await pilot.pause(0.5)
            target.write_text(app.export_screenshot(title="convrag chat"), encoding="utf-8")
        sessions.close()


if __name__ == "__main__":
    asyncio.run(picture(Path(sys.argv[1])))
