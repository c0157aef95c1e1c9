"""``convrag ask``: one question, answered on stdout with its sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convrag.cli.options import (
    EncoderOption,
    FilterOption,
    GeneratorOption,
    IndexOption,
    KOption,
    PackOption,
    ThreadsOption,
    open_source,
)

if TYPE_CHECKING:
    from convrag.pipeline import Pipeline
    from convrag.sessions import SessionStore
    from convrag.types import Answer, Dialogue, Filter, Turn


def ask(
    question: Annotated[str, typer.Argument(help="The question, or '-' to read it from stdin.")],
    json: Annotated[
        bool, typer.Option("--json", help="Print the answer as one JSON object.")
    ] = False,
    pack: PackOption = None,
    index: IndexOption = None,
    language: Annotated[
        str,
        typer.Option(
            "--language", "-l", metavar="XX", help="The question's language; else guessed."
        ),
    ] = "",
    session: Annotated[
        str | None,
        typer.Option("--session", "-s", metavar="ID", help="Go on with this conversation."),
    ] = None,
    encoder: EncoderOption = None,
    generator: GeneratorOption = None,
    threads: ThreadsOption = None,
    k: KOption = None,
    filters: FilterOption = None,
) -> None:
    """Answer one question with its sources."""
    from convrag.config import load_config
    from convrag.errors import UsageError
    from convrag.sessions import SessionStore
    from convrag.wire import parse_filter

    config = load_config(encoder=encoder, generator=generator, threads=threads, k=k)
    text = _question(question)
    if language and not (len(language) == 2 and language.isascii() and language.isalpha()):
        raise UsageError(f"--language {language}: not a language code", "two letters, like 'de'")
    wanted = parse_filter(filters or ())
    store = SessionStore(config.sessions_path) if session else None
    pack, index = _session_source(store, session, pack, index)

    from convrag.cli.output import progress_bar

    with progress_bar("opening") as show:
        pipeline = open_source(config, pack, index, show)
    try:
        _answer(pipeline, store, session, text, language.lower(), wanted, as_json=json)
    finally:
        pipeline.close()


def _question(argument: str) -> str:
    from convrag.errors import UsageError

    if argument == "-":
        import sys

        argument = sys.stdin.read()
    text = argument.strip()
    if not text:
        raise UsageError("the question is empty", 'ask like this: convrag ask "..."')
    return text


def _session_source(
    store: SessionStore | None, session: str | None, pack: str | None, index: Path | None
) -> tuple[str | None, Path | None]:
    """Return where to search: what was named, else what the session was about."""
    if store is None or session is None or pack or index:
        return pack, index
    from convrag.errors import UsageError
    from convrag.packs import pack_called

    about = store.info(session).pack
    if name := pack_called(about):
        return name, None
    raise UsageError(
        f"session {session} is about '{about}', which is no bundled pack",
        "name its index with --index DIR",
    )


def _answer(
    pipeline: Pipeline,
    store: SessionStore | None,
    session: str | None,
    text: str,
    language: str,
    wanted: Filter,
    *,
    as_json: bool,
) -> None:
    import time
    import uuid

    from convrag.types import Dialogue, Role, Turn

    dialogue = store.load(session) if store and session else Dialogue(uuid.uuid4().hex[:12])
    turn = Turn(uuid.uuid4().hex[:12], Role.USER, text, language, time.time())
    if store:
        store.save_turn(dialogue.id, turn)
    answer, after = _respond(pipeline, dialogue, turn, wanted, stream=not as_json)
    if store:
        store.save_answer(
            after,
            answer,
            evidence_text=lambda item: pipeline.evidence_text(item, language=answer.language),
        )
    if as_json:
        _write_json(pipeline, answer)
    else:
        _write_sources(pipeline, answer)
        if answer.choices and not session:
            from convrag.cli.output import note

            note("ask again with the one you mean, or reply with its number in a --session")


def _respond(
    pipeline: Pipeline, dialogue: Dialogue, turn: Turn, wanted: Filter, *, stream: bool
) -> tuple[Answer, Dialogue]:
    """Return the answer and the dialogue after it, its text written as it comes when ``stream``."""
    from convrag.cli.output import say, stdout_is_terminal
    from convrag.errors import ModelError
    from convrag.events import Failed, Finished, TextChunk

    live = stream and stdout_is_terminal()
    finished: Finished | None = None
    for event in pipeline.respond(dialogue, turn, filter=wanted):
        if isinstance(event, TextChunk) and live:
            say(event.text, end="")
        elif isinstance(event, Failed):
            if live:
                say()
            raise event.error
        elif isinstance(event, Finished):
            finished = event
    if finished is None:
        raise ModelError("the answer ended before it was finished", "ask again")
    if stream:
        say("" if live else finished.answer.text)
    return finished.answer, finished.dialogue


def _write_json(pipeline: Pipeline, answer: Answer) -> None:
    from convrag.cli.output import say_json
    from convrag.wire import answer_to_json

    say_json(
        answer_to_json(
            answer,
            evidence_text=lambda item: pipeline.evidence_text(item, language=answer.language),
        )
    )


def _write_sources(pipeline: Pipeline, answer: Answer) -> None:
    from convrag.cli.output import say
    from convrag.types import Passage

    evidence = {item.id: item for item in answer.evidence}
    shown: set[int] = set()
    for citation in answer.citations:
        found = evidence.get(citation.evidence_id)
        if found is None or citation.marker in shown:
            continue
        if not shown:
            say()
        shown.add(citation.marker)
        if isinstance(found.item, Passage):
            title = pipeline.title(found, language=answer.language)
            page = f", p. {found.item.page}" if found.item.page else ""
            say(f"[{citation.marker}] {' '.join(title.split())} ({found.item.source}{page})")
        else:
            text = pipeline.evidence_text(found, language=answer.language)
            several = f" ({', '.join(found.sources)})" if found.sources else ""
            say(f"[{citation.marker}] {' '.join(text.split())}{several}")
