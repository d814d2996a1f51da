"""The options that several verbs share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from langchain_awo.model.trace.effect import Effect

Traces = Annotated[
    str,
    typer.Argument(
        metavar="TRACES",
        help="A trace store (.db, .jsonl, or its URL), or runs in any format that `awo import` reads.",
    ),
]
Domain = Annotated[str | None, typer.Option(help="Only traces of this domain.")]
Model = Annotated[str | None, typer.Option(help="Only traces of this model.")]
MaxTools = Annotated[int, typer.Option(min=1, help="At most this many meta-tools.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print nothing but JSON to stdout.")]
Toolkit = Annotated[
    Path, typer.Option("--toolkit", "-t", help="A toolkit that `awo compile` wrote.", show_default=False)
]

Protect = Annotated[
    list[str] | None, typer.Option(metavar="TOOL", help="A tool no meta-tool may call; may be repeated.")
]
State = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Keeps what was counted; given again, the traces are added to those of before.",
        show_default=False,
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        min=1, help="Reads and counts in so many processes: parts of a database, files of a Parquet folder."
    ),
]
Effects = Annotated[
    list[str] | None,
    typer.Option(
        "--effect",
        metavar="TOOL=EFFECT",
        help=f"What a tool does to the world: {', '.join(Effect)}; may be repeated.",
    ),
]
Tools = Annotated[
    str | None,
    typer.Option(metavar="MODULE:ATTR", help="The live tools; without them shapes come from the traces."),
]
Rules = Annotated[
    Path | None,
    typer.Option(help="Merging rules, as `awo rules suggest` writes them.", show_default=False),
]
Writes = Annotated[
    bool,
    typer.Option(
        "--writes/--reads-only",
        help="Also compile writes that always follow, or that a condition explains; by default only reads are compiled.",
    ),
]
SplitSeed = Annotated[int, typer.Option(help="Which tasks are held out.")]
HeldOut = Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the tasks that is held out.")]
PriceFile = Annotated[
    Path | None,
    typer.Option("--prices", help="A table of prices instead of the one that comes with this package."),
]


def parse_effects(declared: Sequence[str] | None) -> dict[str, Effect]:
    """What `--effect` says, by tool."""
    effects = {}
    for text in declared or ():
        tool, equals, name = text.rpartition("=")
        if not (tool and equals) or name not in {*Effect}:
            raise typer.BadParameter(
                f"{text!r} is not TOOL=EFFECT with one of {', '.join(Effect)}", param_hint="--effect"
            )
        effects[tool] = Effect(name)
    return effects


PHASES = {"mine": "looking for routines", "select": "choosing"}
"""What the passes of the optimizer are called in progress bars."""
