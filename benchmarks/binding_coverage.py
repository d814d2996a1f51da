"""Measures on held-out tasks how many arguments are bound by place, and prints the table of docs/benchmarks.md.

    AWO_RECORDINGS=path/to/recordings python benchmarks/binding_coverage.py

Each row is the mean over five splits by task into halves. docs/metrics.md defines the columns.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean

import langchain_awo as awo
from langchain_awo.optimizer.dataflow.coverage import Coverage, measure_coverage
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus

Column = tuple[str, Callable[[Coverage], float], str]

COLUMNS: Sequence[Column] = (
    ("arguments", lambda c: c.arguments, "{:,.0f}"),
    ("unique match", lambda c: c.part(c.unique), "{:.1%}"),
    ("**covered**", lambda c: c.share, "**{:.1%}**"),
    ("constant", lambda c: c.part(c.covered["constant"]), "{:.1%}"),
    ("output", lambda c: c.part(c.covered["output"]), "{:.1%}"),
    ("argument", lambda c: c.part(c.covered["argument"]), "{:.1%}"),
    ("item", lambda c: c.part(c.covered["item"]), "{:.1%}"),
    ("missed, a place holds it", lambda c: c.part(c.missed.total()), "{:.1%}"),
    ("missed, said", lambda c: c.part(c.said), "{:.1%}"),
    ("missed, nowhere", lambda c: c.part(c.nowhere), "{:.1%}"),
)


def main() -> None:
    options = _arguments()
    print("| corpus | " + " | ".join(name for name, _, _ in COLUMNS) + " |")
    print("|---|" + "---:|" * len(COLUMNS))
    for name, corpus in _corpora(options.folder, options.only):
        found = [measure_coverage(corpus, seed=seed) for seed in range(options.seeds)]
        cells = [form.format(fmean(map(figure, found))) for _, figure, form in COLUMNS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        if options.missed:
            _print_missed(found, options.missed)


def _print_missed(found: Sequence[Coverage], count: int) -> None:
    missed: Counter[str] = Counter()
    for each in found:
        missed.update(each.missed)
    for argument, times in missed.most_common(count):
        print(f"    {argument}: {times / sum(each.arguments for each in found):.1%}")


def _corpora(folder: Path, only: Sequence[str] | None) -> Iterator[tuple[str, Corpus]]:
    """Every file, and each domain of a file that has several."""
    paths = sorted(path for path in folder.iterdir() if ".jsonl" in path.name)
    for path in paths:
        name = path.name.split(".")[0]
        if only and name not in only:
            continue
        traces = awo.load_traces(path)
        domains = sorted({trace.domain for trace in traces}, key=str)
        for domain in domains if 1 < len(domains) <= 2 else [None]:  # many small ones say little
            own = [trace for trace in traces if domain in (None, trace.domain)]
            yield (f"{name} / {domain}" if domain else name), build_corpus(own)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Coverage of held-out arguments; prints a Markdown table.")
    known = os.environ.get("AWO_RECORDINGS")
    parser.add_argument("folder", type=Path, nargs="?" if known else None, default=Path(known or "."))
    parser.add_argument("--seeds", type=int, default=5, help="how many splits")
    parser.add_argument("--only", nargs="*", help="names of files, such as tau_retail")
    parser.add_argument(
        "--missed", type=int, default=0, help="also list so many arguments that were missed most"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
