"""Draws what `make bench` measured as one SVG, readable on light and dark pages; the same figures give the same picture."""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from bench_figures import ROOT, Figures, Table, describe_figures
from matplotlib.figure import Figure

PICTURE: Final = ROOT / "docs" / "images" / "benchmarks.svg"

INK: Final = "#010203"
"""What text and axes are drawn in; the page's scheme decides what colour that is."""

BLUE, ORANGE, GREEN = "#3f83c9", "#c9731f", "#2e9468"
"""Legible on white and on black."""

_STYLE: Final = (
    "<style>svg{--ink:#24292f}@media(prefers-color-scheme:dark){svg{--ink:#e6edf3}}"
    "text{font-family:system-ui,sans-serif}</style>"
)

_SETTINGS: Final = {
    "svg.hashsalt": "langchain-awo",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color"),
        INK,
    ),
}


def draw_figures(figures: Figures) -> str:
    """The picture as SVG text, with a title and a description in words."""
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(9, 7.2), layout="constrained")
        (calls, lengths), (reading, counting) = figure.subplots(2, 2)
        _draw_compiling(calls, lengths, figures.tables["scale 1"])
        _draw_reading(reading, figures.tables["reading 1"])
        _draw_counting(counting, figures.tables["counting 1"])
        figure.suptitle(figures.origin, fontsize=9)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _finish(written.getvalue(), figures)


def write_picture(figures: Figures, path: Path = PICTURE) -> None:
    """Writes the picture where the page shows it."""
    path.write_text(draw_figures(figures), encoding="utf-8")


def _draw_compiling(calls: Any, lengths: Any, table: Table) -> None:
    rows = list(
        zip(
            table.column("awo compile"),
            table.numbers("calls"),
            table.numbers("CPU s above start-up"),
            strict=True,
        )
    )
    recorded = [(number, cpu) for name, number, cpu in rows if name == "recorded runs"]
    joined = [(_read_length(name), cpu) for name, _, cpu in rows if name.startswith("runs of ")]
    for axes, points, title, label in (
        (calls, recorded, "Compiling, by the number of calls", "tool calls in the log"),
        (lengths, joined, "Compiling, by the length of runs", "tool calls in a run"),
    ):
        axes.plot(*zip(*points, strict=True), marker="o", color=BLUE)
        axes.set(title=title, xlabel=label, ylabel="CPU s above start-up", xscale="log")
        axes.set_ylim(bottom=0)


def _draw_reading(axes: Any, table: Table) -> None:
    names = [
        f"{store}, {calls}" for store, calls in zip(table.column("store"), table.column("calls"), strict=True)
    ]
    places = range(len(names))
    for shift, name, colour in ((-0.2, "times orjson", BLUE), (0.2, "whole, times orjson", ORANGE)):
        axes.barh(
            [place + shift for place in places], table.numbers(name), 0.36, color=colour, label=_NAMES[name]
        )
    axes.set_yticks(list(places), names)
    axes.invert_yaxis()
    axes.set(title="Reading, beside parsing arguments with orjson", xlabel="times as long")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=2)


_NAMES: Final = {
    "times orjson": "counted, as compiling does",
    "whole, times orjson": "whole, as monitoring does",
}


def _draw_counting(axes: Any, table: Table) -> None:
    speeds = zip(table.column("counting"), table.numbers("calls a CPU s"), strict=True)
    rows = sorted((pair for pair in speeds if pair[1] == pair[1]), key=lambda pair: pair[1])
    names = [f"awo: {name.split(',')[0]}" if name in _OURS else name.split(",")[0] for name, _ in rows]
    colours = [GREEN if name in _OURS else ORANGE for name, _ in rows]
    axes.barh(names, [speed for _, speed in rows], color=colours)
    axes.set(title="Counting histories", xlabel="tool calls a CPU second", xscale="log")


_OURS: Final = (
    "columns of numbers",
    "a Parquet file of names, read and counted",
    "tuples of names",
    "lists of names",
)


def _read_length(name: str) -> float:
    return float(re.sub(r"\D", "", name))


def _finish(svg: str, figures: Figures) -> str:
    """With the page's colours, and words for a screen reader; without what differs from one run to the next."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    words = (
        f'<title id="title">Compiling, reading and counting, in CPU time</title>'
        f'<desc id="desc">{escape(describe_figures(figures))}</desc>'
    )
    opening = re.search(r"<svg [^>]*>", svg)
    assert opening, "matplotlib wrote no SVG"
    named = f'{opening[0][:-1]} role="img" aria-labelledby="title desc">{words}{_STYLE}'
    svg = svg[opening.start() :].replace(opening[0], named, 1).replace(INK, "var(--ink)")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
