"""`awo import`: recordings of other origin into a store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from langchain_awo.cli.options import AsJson
from langchain_awo.cli.terminal import counted, put, put_json, say, waiting

app = typer.Typer(no_args_is_help=True)


@app.callback()
def formats() -> None:
    """Bring recordings of other origin into a trace store.

    Example: `awo import messages recordings.jsonl.gz --store traces.db`
    """


@app.command("messages")
def messages(
    file: Annotated[
        Path, typer.Argument(help="JSON lines or a JSON array of recorded chats, plain or gzip.")
    ],
    *,
    store: Annotated[str, typer.Option(help="The trace store to add to; made if there is none.")],
    mask: Annotated[
        bool, typer.Option(help="Mask secrets, as a recorder does; docs/guides/secrets.md says how.")
    ] = True,
    strict: Annotated[bool, typer.Option(help="Exit with 1 if a line was skipped.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import chat messages in OpenAI's shape; docs/file-formats.md describes it.

    A line that cannot be used is reported by number with the reason and skipped.

    Example: `awo import messages recordings.jsonl.gz --store traces.db`
    """
    from langchain_awo.capture.importers import ImportSummary, import_messages
    from langchain_awo.capture.redaction import Redactor, key_beside
    from langchain_awo.errors import ImportFormatError
    from langchain_awo.stores import open_store

    if not file.is_file():
        raise ImportFormatError(f"{file} cannot be read: there is no such file")
    summary = ImportSummary()
    with open_store(store) as target, waiting(f"importing {file}"):
        redactor = Redactor(mask, key=key_beside(target.url))
        target.append(
            redactor.redact(trace)
            for trace in import_messages(
                file, on_error=lambda bad: say(f"skipped {file}, {bad}", style="yellow"), summary=summary
            )
        )
        total = len(target)
    if as_json:
        put_json({**asdict(summary), "stored": total})
    else:
        put(
            f"{counted(summary.traces, 'trace')} with {counted(summary.model_calls, 'model call')} and "
            f"{counted(summary.tool_calls, 'tool call')} imported into {store}, which now holds "
            f"{counted(total, 'trace')}; {counted(summary.bad_lines, 'line')} skipped"
        )
    if strict and summary.bad_lines:
        raise typer.Exit(1)
