"""The command `awo`: its verbs, and what becomes of errors."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from langchain_awo import __version__
from langchain_awo.cli import compile as compile_verb
from langchain_awo.cli import (
    configuration,
    decide,
    demo,
    diff,
    estimate,
    evaluate,
    explain,
    export,
    importing,
    monitor,
    recompile,
    replay,
    report,
    review,
    rules,
    schema,
    seal,
    show,
    store,
)
from langchain_awo.cli.config import read_config
from langchain_awo.cli.terminal import say
from langchain_awo.errors import AwoError

BAD_INPUT = 2
"""Exit code for bad usage and bad input."""


class Verbs(TyperGroup):
    """Runs a verb; errors this package raises on purpose end it with one line and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb that was asked for."""
        try:
            return super().invoke(ctx)
        except AwoError as error:
            say(f"awo: {error}", style="red")
            raise typer.Exit(BAD_INPUT) from error


app = typer.Typer(
    name="awo",
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 success, 1 a check failed, 2 bad usage or bad input. "
    "Results go to stdout, everything else to stderr.",
)
_START = "Is it worth it?"
app.command("demo", rich_help_panel=_START)(demo.demo)
app.command("import", rich_help_panel=_START)(importing.import_recordings)
app.command("evaluate", rich_help_panel=_START)(evaluate.evaluate_traces)
app.command("estimate", rich_help_panel=_START)(estimate.estimate_traces)

_COMPILE = "Compile and read"
app.command("compile", rich_help_panel=_COMPILE)(compile_verb.compile_traces)
app.command("recompile", rich_help_panel=_COMPILE)(recompile.recompile_toolkit)
app.command("show", rich_help_panel=_COMPILE)(show.show)
app.command("explain", rich_help_panel=_COMPILE)(explain.explain)
app.command("diff", rich_help_panel=_COMPILE)(diff.diff)
app.add_typer(rules.app, name="rules", rich_help_panel=_COMPILE)

_DECIDE = "Decide what is installed"
app.command("review", rich_help_panel=_DECIDE)(review.review)
app.command("accept", rich_help_panel=_DECIDE)(decide.accept)
app.command("reject", rich_help_panel=_DECIDE)(decide.reject)
app.command("undecide", rich_help_panel=_DECIDE)(decide.undecide)
app.command("rename", rich_help_panel=_DECIDE)(decide.rename)
app.command("reword", rich_help_panel=_DECIDE)(decide.reword)
app.command("set-mode", rich_help_panel=_DECIDE)(decide.set_mode)
app.command("seal", rich_help_panel=_DECIDE)(seal.seal)

_WATCH = "Watch it in use"
app.command("monitor", rich_help_panel=_WATCH)(monitor.monitor)
app.command("replay", rich_help_panel=_WATCH)(replay.replay_toolkit)
app.command("report", rich_help_panel=_WATCH)(report.report)

_FILES = "Stores, files and settings"
app.add_typer(store.app, name="store", rich_help_panel=_FILES)
app.add_typer(export.app, name="export", rich_help_panel=_FILES)
app.command("schema", rich_help_panel=_FILES)(schema.schema)
app.command("config", rich_help_panel=_FILES)(configuration.show_config)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001  # Typer's signature
    if wanted:
        typer.echo(f"langchain-awo {__version__}")
        raise typer.Exit


@app.callback()
def awo(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001  # its callback does it all
        bool,
        typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None:
    """Record LangChain agents, compile the routines they repeat into verified meta-tools."""
    context.obj = read_config(Path.cwd())
    context.default_map = context.obj.defaults(context.command)


class _Warnings(logging.Handler):
    """Shows what the package warns of where errors are shown, and in colour."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show one warning."""
        say(f"awo: {record.getMessage()}", style="yellow")


def main() -> None:
    """Run the command line."""
    logger, warnings = logging.getLogger("langchain_awo"), _Warnings(logging.WARNING)
    logger.addHandler(warnings)
    try:
        app()
    finally:
        logger.removeHandler(warnings)
