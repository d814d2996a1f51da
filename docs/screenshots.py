"""Makes the pictures in report.md again: `python docs/screenshots.py`.

Everything in them is measured: the demo's agent is recorded, its routines are compiled, and it does unseen tasks with them. Only the
days are made up: the demo takes seconds, and its runs are spread over two weeks.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import langchain_awo as awo
from langchain_awo.demo.agent.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.backoffice.tasks import generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World
from langchain_awo.demo.run import WORLD_SEED, split_tasks
from langchain_awo.reporting.report import Report

IMAGES = Path(__file__).parent / "images"
TASKS, SEED = 300, 11
FIRST_DAY, DAY = 1_772_409_600.0, 86_400.0  # 2 March 2026

WIDE, PHONE = (1120, 760), (360, 740)
PICTURES = {
    "report-savings": ("savings", WIDE, False, "#savings"),
    "report-graph": ("savings", WIDE, False, "#graph"),
    "report-graph-dark": ("savings", WIDE, True, "#graph"),
    "report-flow": ("savings", WIDE, False, "#meta-tool-2"),
    "report-flow-dark": ("savings", WIDE, True, "#meta-tool-2"),
    "report-use": ("use", WIDE, False, "#time .verdicts"),
    "report-over-time": ("use", WIDE, False, "#charts"),
    "report-phone": ("savings", PHONE, False, ""),
    "report-phone-graph": ("savings", PHONE, True, "#graph"),
}
"""Which page, how large the window, whether dark, and the section; the top of the page if none is named."""


def main() -> None:
    """Make the two pages, then every picture of them."""
    with TemporaryDirectory() as folder, browser() as chromium:
        pages = dict(make_pages(Path(folder)))
        for name, (page, size, dark, section) in PICTURES.items():
            picture = take(chromium, pages[page], size=size, dark=dark, section=section)
            write(picture, IMAGES / f"{name}.png")


def make_pages(folder: Path) -> Iterator[tuple[str, Path]]:
    """A report on recorded runs and what was compiled from them, and one on later runs with the meta-tools."""
    with World.create(seed=WORLD_SEED) as world, world.copy() as other:
        train, unseen = split_tasks(generate_tasks(world, TASKS, seed=SEED), held_out=0.3, seed=SEED)
        tools = back_office_tools(world)
        with awo.TraceRecorder(folder / "traces.db") as recorder:
            run_tasks(build_agent(scripted_model(), tools), train, callbacks=[recorder])
        toolkit = awo.compile_toolkit(folder / "traces.db", tools=tools)
        tools = back_office_tools(other)
        toolkit = awo.MetaToolkit(plan=toolkit.plan, tools=tools)
        agent = build_agent(scripted_model(), tools, middleware=[awo.MetaToolMiddleware(toolkit)])
        with awo.TraceRecorder(folder / "later.db") as recorder:
            run_tasks(agent, unseen, callbacks=[recorder])
    before, later = awo.load_traces(folder / "traces.db"), awo.load_traces(folder / "later.db")
    report = awo.report(spread(before, start=0, days=9), toolkit, source="traces.db")
    yield "savings", saved(report, folder / "savings.html")
    runs = [*spread(before[:90], start=0, days=6), *spread(later, start=6, days=8)]
    yield "use", saved(awo.report(runs, toolkit, source="traces.db", evaluated=False), folder / "use.html")


def spread(traces: Sequence[awo.Trace], *, start: int, days: int) -> list[awo.Trace]:
    """The same runs, as if they had taken place over some days."""
    moments = [
        FIRST_DAY + (start + days * number / len(traces)) // 1 * DAY + number for number in range(len(traces))
    ]
    return [replace(trace, started_at=at, ended_at=at + 1) for trace, at in zip(traces, moments, strict=True)]


def saved(report: Report, path: Path) -> Path:
    """Where the page was written."""
    report.save(path)
    return path


@contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium from the system."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("chromium is not installed")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program)


def take(chromium: Browser, page: Path, *, size: tuple[int, int], dark: bool, section: str) -> bytes:
    """A picture of a section, without the bar that follows the reader."""
    width, height = size
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        device_scale_factor=2 if width < WIDE[0] else 1,
    )
    shown = context.new_page()
    shown.goto(page.as_uri())
    if not section:
        return shown.screenshot()
    shown.locator("nav").evaluate("(bar) => { bar.style.display = 'none'; }")
    box = shown.locator(section).bounding_box()
    shown.set_viewport_size({"width": width, "height": height})
    left = max(0, box["x"] - 28) if width == WIDE[0] else 0
    area = {
        "x": left,
        "y": box["y"],
        "width": min(width - left, box["width"] + 56),
        "height": min(box["height"], 1_150),
    }
    return shown.screenshot(full_page=True, clip=area)


def write(picture: bytes, path: Path) -> None:
    """A picture of at most 256 colours, rare ones kept: text and areas need no more."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    path.parent.mkdir(exist_ok=True)
    image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
