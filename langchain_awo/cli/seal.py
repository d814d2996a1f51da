"""`awo seal`: vouches for a toolkit file that was edited and reviewed, or checks that nobody did edit it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from langchain_awo.cli.terminal import put, say


def seal(
    toolkit: Annotated[Path, typer.Argument(metavar="TOOLKIT", help="The toolkit you have reviewed.")],
    *,
    key_file: Annotated[
        Path | None,
        typer.Option(
            help="Sign with the key in this file; with --check, verify the signature.", show_default=False
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only check: exit with 1 if the seal is broken.")
    ] = False,
) -> None:
    """Seal a reviewed toolkit so that it loads again, and print what was sealed.

    Example: `awo seal toolkit.json`, or `awo seal toolkit.json --check --key-file release.key`
    """
    from langchain_awo.model.views.notation import format_plan
    from langchain_awo.plan_file import read_key, read_plan_file, write_plan

    key = read_key(key_file) if key_file else None
    file = read_plan_file(toolkit)
    if check:
        if problem := file.problem(key=key):
            say(problem, style="red")
            raise typer.Exit(1)
        say(f"the seal of {toolkit} is intact")
        return
    put(format_plan(file.plan))
    write_plan(file.plan, toolkit, key=key)
    say(f"{toolkit} is sealed{' and signed' if key else ''}: the above is what it does")
