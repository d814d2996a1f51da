"""The options that several verbs share."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from langchain_awo.errors import ArgumentError
from langchain_awo.model.ir.argument_checks import check_choice, check_share
from langchain_awo.model.trace.effect import Effect

Traces = Annotated[
    str,
    typer.Argument(
        metavar="TRACES",
        help="A trace store (.db, .jsonl, or its URL), or runs in any format that `awo import` reads.",
    ),
]
Domain = Annotated[str | None, typer.Option(help="Only traces from this domain.")]
Model = Annotated[str | None, typer.Option(help="Only traces of this model.")]
MaxTools = Annotated[int, typer.Option(min=1, help="At most this many meta-tools.")]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="AGE|TIME",
        help="Only runs that started this long ago or later, such as `24h` or `7d`, or at or after `2026-03-14`.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print nothing but JSON to stdout.")]
Toolkit = Annotated[
    Path, typer.Option("--toolkit", "-t", help="A toolkit written by `awo compile`.", show_default=False)
]

Protect = Annotated[
    list[str] | None, typer.Option(metavar="TOOL", help="A tool that no meta-tool may call; repeatable.")
]
State = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="File that keeps the counts; use it again to add new traces to the earlier ones.",
        show_default=False,
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        min=1, help="Processes that read and count: parts of a database, files of a Parquet folder."
    ),
]
Effects = Annotated[
    list[str] | None,
    typer.Option(
        "--effect",
        metavar="TOOL=EFFECT",
        help=f"What a tool does: {', '.join(Effect)}; repeatable.",
    ),
]
Tools = Annotated[
    str | None,
    typer.Option(
        metavar="MODULE:ATTR",
        help="The live tools, as module:attribute; without them, signatures come from the traces.",
    ),
]
Rules = Annotated[
    Path | None,
    typer.Option(help="Merging rules, in the format that `awo rules suggest` writes.", show_default=False),
]
Writes = Annotated[
    bool,
    typer.Option(
        "--writes/--reads-only",
        help="Also compile writes that always follow or that a condition explains; by default, only reads.",
    ),
]
CACHING: Final = typer.Option(
    "--prompt-caching/--no-prompt-caching",
    help="Whether your provider caches prompts. If not, only what saves tokens at full price is kept.",
    show_default=False,
)
SplitSeed = Annotated[int, typer.Option(help="Seed for which tasks are held out.")]


def _parse_share(value: float | None) -> float | None:
    """A share as it was given.

    Raises:
        ArgumentError: it is not between 0 and 1.
    """
    if value is not None:
        check_share(value, option="--held-out")
    return value


def _parse_strategy(value: str) -> str:
    """A way to compile as it was given.

    Raises:
        ArgumentError: there is none of that name; the message has the nearest.
    """
    check_choice(value, ("default", "awo"), option="--strategy")
    return value


Strategy = Annotated[
    str,
    typer.Option(
        metavar="default|awo",
        callback=_parse_strategy,
        help="`default`, or `awo` for the paper's algorithm as published.",
    ),
]
HeldOut = Annotated[
    float, typer.Option(callback=_parse_share, help="Share of tasks to hold out, from 0 to 1.")
]
PriceFile = Annotated[
    Path | None,
    typer.Option("--prices", help="A price table to use instead of the built-in one."),
]


_SECONDS: Final = {"h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGE: Final = re.compile(r"(\d+(?:\.\d+)?)([hdw])")


def parse_age(age: str, *, option: str) -> float:
    """Seconds of an age such as `12h`, `30d` or `8w`.

    Raises:
        typer.BadParameter: it is none.
    """
    match = _AGE.fullmatch(age.strip())
    if match is None:
        raise typer.BadParameter(f"{age!r} is not an age; write 12h, 30d or 8w", param_hint=option)
    return float(match[1]) * _SECONDS[match[2]]


def parse_since(since: str | None) -> float | None:
    """A moment in seconds since the epoch: so long ago, or a date or time, which is UTC unless it says otherwise.

    Raises:
        typer.BadParameter: it is neither.
    """
    if since is None:
        return None
    if _AGE.fullmatch(since.strip()):
        return time.time() - parse_age(since, option="--since")
    try:
        moment = datetime.fromisoformat(since.strip())
    except ValueError as error:
        raise typer.BadParameter(
            f"{since!r} is neither an age nor a time; write 24h, 7d, 2026-03-14 or 2026-03-14T06:00",
            param_hint="--since",
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_effects(declared: Sequence[str] | None) -> dict[str, Effect]:
    """What `--effect` says, by tool."""
    effects = {}
    for text in declared or ():
        tool, equals, name = text.rpartition("=")
        if not (tool and equals):
            raise ArgumentError(f"--effect {text}: write TOOL=EFFECT, such as --effect get_order=read")
        check_choice(name, Effect, option=f"--effect {tool}")
        effects[tool] = Effect(name)
    return effects


PHASES = {"mine": "looking for routines", "select": "choosing"}
"""What the passes of the optimizer are called in progress bars."""
