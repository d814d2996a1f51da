"""`awo diff`: what changed from one toolkit to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from langchain_awo.cli.options import AsJson
from langchain_awo.cli.terminal import measure_width, put, put_json, say


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The old toolkit.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The new toolkit.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two toolkits; exit code 1 if anything does.

    Other evidence for the same meta-tools is shown too but is not a difference.

    Example: `awo diff toolkit.json new-toolkit.json`
    """
    from langchain_awo.model.ir.schema import get_adapter
    from langchain_awo.model.views.difference import Difference, compare_plans
    from langchain_awo.model.views.difference_text import format_difference
    from langchain_awo.plan_file import read_plan_file

    files = [read_plan_file(path) for path in (old, new)]
    difference = compare_plans(*(file.plan for file in files))
    for file in files:
        if problem := file.problem():
            say(problem, style="yellow")
    if as_json:
        put_json({"same": difference.is_same, **get_adapter(Difference).dump_python(difference, mode="json")})
    else:
        put(format_difference(difference, width=measure_width()))
    raise typer.Exit(0 if difference.is_same else 1)
