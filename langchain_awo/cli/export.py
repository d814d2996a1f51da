"""`awo export`: a toolkit in another form."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from langchain_awo.cli.sources import live_tools
from langchain_awo.cli.terminal import counted, say


def export(
    toolkit: Annotated[Path, typer.Argument(metavar="TOOLKIT", help="A toolkit that `awo compile` wrote.")],
    *,
    mcp: Annotated[bool, typer.Option("--mcp", help="Serve the meta-tools over MCP on stdio.")] = False,
    tools: Annotated[
        str | None, typer.Option(metavar="MODULE:ATTR", help="The live tools that the meta-tools call.")
    ] = None,
) -> None:
    """Serve a toolkit to other programs.

    Example: `awo export toolkit.json --mcp --tools shop.tools:TOOLS`
    """
    if not mcp:
        raise typer.BadParameter("say in which form, such as --mcp", param_hint="--mcp")
    if tools is None:
        raise typer.BadParameter("an MCP server needs the live tools", param_hint="--tools")
    _serve(toolkit, tools)


def _serve(path: Path, tools: str) -> None:
    from langchain_awo import __version__
    from langchain_awo.runtime.mcp_server import serve_stdio
    from langchain_awo.runtime.toolkit import MetaToolkit

    with redirect_stdout(sys.stderr):  # stdout carries the protocol, and importing tools may print
        loaded = MetaToolkit.load(path, tools=live_tools(tools))
    for name, reason in sorted(loaded.disabled.items()):
        say(f"{name} is disabled: {reason}", style="yellow")
    say(f"serving {counted(len(loaded.meta_tools), 'meta-tool')} of {path} on stdio")
    serve_stdio(loaded, version=__version__)
