"""The options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Traces = Annotated[
    str,
    typer.Argument(
        metavar="TRACES", help="A trace store (.db, .jsonl, or its URL) or a file of recorded messages."
    ),
]
Domain = Annotated[str | None, typer.Option(help="Only traces of this domain.")]
Model = Annotated[str | None, typer.Option(help="Only traces of this model.")]
MaxTools = Annotated[int, typer.Option(min=1, help="At most this many meta-tools.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print nothing but JSON to stdout.")]
Toolkit = Annotated[
    Path, typer.Option("--toolkit", "-t", help="A toolkit that `awo compile` wrote.", show_default=False)
]

PHASES = {"mine": "looking for routines", "select": "choosing"}
"""What the passes of the optimizer are called in progress bars."""
