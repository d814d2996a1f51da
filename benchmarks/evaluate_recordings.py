"""Evaluates every file of recordings on held-out tasks and prints the table of docs/benchmarks.md.

    AWO_RECORDINGS=path/to/recordings python benchmarks/evaluate_recordings.py --by-domain

Each row is the mean over several splits into training and held-out tasks. Shares are of the held-out model calls.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean

import langchain_awo as awo
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.pipeline import Options
from langchain_awo.optimizer.replay.cost import Prices, estimate_schema_tokens
from langchain_awo.optimizer.replay.evaluate import Evaluation, evaluate


@dataclass(frozen=True, slots=True)
class Job:
    """One evaluation: a corpus and a split."""

    path: Path
    domain: str | None
    seed: int
    max_tools: int
    held_out: float
    prices: Prices

    @property
    def corpus(self) -> str:
        """Name of the row."""
        name = self.path.name.split(".")[0]
        return f"{name} / {self.domain}" if self.domain else name


def main() -> None:
    options = _arguments()
    jobs = _jobs(options)
    rows: dict[str, list[Evaluation]] = {}
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for job, (found, seconds) in zip(jobs, pool.map(run, jobs), strict=True):
            told = f"{job.corpus}, split {job.seed}: blind, flow {found.result.blind_parts['flow']:.1%} in {seconds:.0f} s"
            print(told, file=sys.stderr)
            rows.setdefault(job.corpus, []).append(found)
    print(table(rows))


def run(job: Job) -> tuple[Evaluation, float]:
    """One evaluation and how long it took, in seconds."""
    traces = [trace for trace in _traces(job.path) if job.domain in (None, trace.domain)]
    started = time.perf_counter()
    options = Options(max_tools=job.max_tools, prices=job.prices)
    found = evaluate(traces, options=options, held_out=job.held_out, split_seed=job.seed)
    return found, time.perf_counter() - started


Column = tuple[str, Callable[[Evaluation], float], str]

COLUMNS: Sequence[Column] = (
    ("model calls", lambda e: e.model_calls, "{:,.0f}"),
    ("ceiling: flow", lambda e: e.ceiling.flow, "{:.1%}"),
    ("AWO, exact", lambda e: e.baseline_awo.blind_parts["flow"], "{:.1%}"),
    ("AWO, our bindings", lambda e: e.baseline_awo_consensus.blind_parts["flow"], "{:.1%}"),
    ("**blind**", lambda e: e.result.blind_parts["flow"], "**{:.1%}**"),
    ("of the ceiling", lambda e: _share(e.result.blind_parts["flow"], e.ceiling.flow), "{:.0%}"),
    ("oracle", lambda e: e.result.parts["flow"], "{:.1%}"),
    ("over-fetch", lambda e: e.result.blind_over_fetch, "{:.2f}"),
    ("unwanted writes", lambda e: e.result.unwanted_writes, "{:.0f}"),
    ("all kinds, ceiling", lambda e: e.ceiling.chooser, "{:.1%}"),
    ("blind", lambda e: e.result.blind, "{:.1%}"),
    ("continue, ceiling", lambda e: e.ceiling.continue_, "{:.1%}"),
    ("**continue**", lambda e: e.result.continue_, "**{:.1%}**"),
    ("of the ceiling", lambda e: _share(e.result.continue_, e.ceiling.continue_), "{:.0%}"),
    ("over-fetch", lambda e: e.result.over_fetch, "{:.2f}"),
    ("net tokens, continue", lambda e: e.result.net_tokens, "{:+,.0f}"),
    (
        "schema tokens",
        lambda e: sum(estimate_schema_tokens(m) for m in e.meta_tools if m.mode != "continue"),
        "{:,.0f}",
    ),
)


def table(rows: dict[str, list[Evaluation]]) -> str:
    """The means over the splits as a Markdown table, one row for each corpus."""
    lines = [
        "| corpus | " + " | ".join(name for name, _, _ in COLUMNS) + " |",
        "|---|" + "---:|" * len(COLUMNS),
    ]
    for corpus, found in rows.items():
        cells = [form.format(fmean(map(figure, found))) for _, figure, form in COLUMNS]
        lines.append(f"| {corpus} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _jobs(options: argparse.Namespace) -> list[Job]:
    paths = sorted(path for path in options.folder.iterdir() if ".jsonl" in path.name)
    if options.only:
        paths = [path for path in paths if path.name.split(".")[0] in options.only]
    if not paths:
        raise SystemExit(f"{options.folder} has no such recordings (*.jsonl, *.jsonl.gz)")
    return [
        Job(path, domain, seed, options.max_tools, options.held_out, Prices(schema=options.schema_price))
        for path in paths
        for domain in _domains(path, by_domain=options.by_domain)
        for seed in range(options.seeds)
    ]


def _domains(path: Path, *, by_domain: bool) -> list[str | None]:
    domains = sorted({trace.domain for trace in _traces(path)}) if by_domain else []
    return [None, *domains] if len(domains) > 1 else [None]


@cache
def _traces(path: Path) -> list[Trace]:
    return awo.load_traces(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Evaluate recordings; prints a Markdown table.")
    known = os.environ.get("AWO_RECORDINGS")
    parser.add_argument("folder", type=Path, nargs="?" if known else None, default=Path(known or "."))
    parser.add_argument("--seeds", type=int, default=5, help="how many splits")
    parser.add_argument("--held-out", type=float, default=0.5)
    parser.add_argument("--max-tools", type=int, default=10)
    parser.add_argument(
        "--schema-price", type=float, default=Prices().schema, help="of a token in every prompt"
    )
    parser.add_argument("--by-domain", action="store_true", help="also each domain of a file")
    parser.add_argument("--only", nargs="*", help="names of files, such as tau_retail")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    return parser.parse_args()


if __name__ == "__main__":
    main()
