"""`awo export`: a toolkit in another form, or traces as Parquet files."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from langchain_awo.cli.options import AsJson, Effects, parse_effects
from langchain_awo.cli.sources import load_live_tools
from langchain_awo.cli.store import Environment, Project, Store, Tenant
from langchain_awo.cli.terminal import format_count, progress, put, put_json, say
from langchain_awo.model.trace.effect import Effect


class ToolkitByDefault(TyperGroup):
    """`awo export toolkit.json …` means `awo export toolkit toolkit.json …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Adds the verb that is left out."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["toolkit", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=ToolkitByDefault, no_args_is_help=True)


@app.callback()
def exports() -> None:
    """Show a toolkit as code, serve it to other programs, or write traces as Parquet files.

    Example: `awo export toolkit.json --python -o view.py`, or `awo export traces --store traces.db -o runs.parquet`
    """


@app.command("traces")
def export_traces(
    traces: Store,
    *,
    output: Annotated[
        str, typer.Option("--output", "-o", help="A new folder, or its URL on an object store.")
    ],
    project: Project = None,
    tenant: Tenant = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Write the traces of a store as Parquet files, by project and day.

    Example: `awo export traces --store traces.db -o runs.parquet`
    """
    from langchain_awo.errors import MissingExtraError
    from langchain_awo.model.secrets import hide_secrets
    from langchain_awo.stores import open_store

    try:
        from langchain_awo.stores.parquet_export import export_parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow or fsspec", extra="parquet") from error
    skipped: list[object] = []
    with (
        open_store(traces, create=False, project=project, tenant=tenant, environment=environment) as store,
        progress({"export": f"exporting {traces}"}) as tell,
    ):
        total = len(store)
        done = export_parquet(
            store, output, on_error=skipped.append, progress=lambda count: tell("export", count, total)
        )
    for problem in skipped:
        say(f"skipped {problem}", style="yellow")
    if as_json:
        put_json(
            {
                "traces": done.traces,
                "files": done.files,
                "skipped": len(skipped),
                "folder": hide_secrets(output),
            }
        )
    else:
        put(
            f"{format_count(done.traces, 'trace')} of {hide_secrets(traces)} in {format_count(done.files, 'file')} below {hide_secrets(output)}"
        )


@app.command("toolkit")
def toolkit_as(
    toolkit: Annotated[Path, typer.Argument(metavar="TOOLKIT", help="A toolkit written by `awo compile`.")],
    *,
    python: Annotated[bool, typer.Option("--python", help="Print the toolkit as readable Python.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write the Python code.", show_default=False),
    ] = None,
    mcp: Annotated[bool, typer.Option("--mcp", help="Serve the meta-tools over MCP on stdio.")] = False,
    tools: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:ATTR", help="The live tools that the meta-tools call, as module:attribute."
        ),
    ] = None,
    effect: Effects = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help="Serve only a toolkit signed with the key in this file.", show_default=False),
    ] = None,
) -> None:
    """Show a toolkit as code, or serve it to other programs.

    Example: `awo export toolkit.json --python -o view.py`, or `awo export toolkit.json --mcp --tools shop.tools:TOOLS`
    """
    if python == mcp:
        raise typer.BadParameter("choose exactly one form", param_hint="--python or --mcp")
    if output and mcp:
        raise typer.BadParameter("an MCP server writes no file", param_hint="--output")
    if python:
        _write(toolkit, output)
    elif tools is None:
        raise typer.BadParameter("an MCP server needs the live tools", param_hint="--tools")
    else:
        _serve(toolkit, tools, effects=parse_effects(effect), key_file=key_file)


def _write(path: Path, output: Path | None) -> None:
    from langchain_awo.errors import PlanError
    from langchain_awo.model.views.python_view import render_python
    from langchain_awo.plan_file import is_plan_file, read_plan
    from langchain_awo.small_files import replace_file

    code = render_python(read_plan(path))
    if output is None:
        put(code.rstrip("\n"))
        return
    try:
        if output.is_file() and is_plan_file(output):
            raise PlanError(f"{output} is a compiled toolkit; choose another path for the code")
        replace_file(output, code)
    except OSError as error:
        raise PlanError(
            f"{output} cannot be written: {error.strerror or error}; choose another path"
        ) from error
    say(f"{path} as Python code in {output}")


def _serve(path: Path, tools: str, *, effects: dict[str, Effect], key_file: Path | None) -> None:
    from langchain_awo import __version__
    from langchain_awo.plan_file import read_key
    from langchain_awo.runtime.tool.mcp_server import serve_stdio
    from langchain_awo.runtime.tool.toolkit import MetaToolkit

    with redirect_stdout(sys.stderr):  # stdout carries the protocol, and importing tools may print
        key = read_key(key_file) if key_file else None
        loaded = MetaToolkit.load(path, tools=load_live_tools(tools), effects=effects, key=key)
    for name, reason in sorted(loaded.disabled.items()):
        say(f"{name} is disabled: {reason}", style="yellow")
    say(f"serving {format_count(len(loaded.meta_tools), 'meta-tool')} of {path} on stdio")
    serve_stdio(loaded, version=__version__)
