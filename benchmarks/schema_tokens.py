"""What the schemas of compiled meta-tools take of every prompt, for the model calls that they save; a table for docs/benchmarks.md.

    AWO_RECORDINGS=path/to/recordings python benchmarks/schema_tokens.py

Each row is the mean over several splits of the tasks into training and held-out halves. Schemas are counted as `bind_tools` sends them,
at four characters a token; model calls are those that the toolkit, chosen blindly, saves on the held-out tasks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from langchain_core.tools import StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool

import langchain_awo as awo
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.tokens import CHARACTERS_PER_TOKEN
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from langchain_awo.optimizer.replay.evaluate import measure_saving, split
from langchain_awo.runtime.tool.lowering import lower

SHOWN = ("append", "replace")
"""Modes in which a model is shown a meta-tool."""


@dataclass(frozen=True, slots=True)
class Row:
    """One split: meta-tools that a model is shown, tokens of their schemas, and saved model calls of all kinds and of flow."""

    shown: int
    tokens: float
    saved: float
    flow: float


def main() -> None:
    options = _arguments()
    write = sys.stdout.write
    write(
        "| recording | meta-tools shown | tokens in every prompt | saved model calls | of flow | tokens for 100 saved calls |\n"
    )
    write("|---|---:|---:|---:|---:|---:|\n")
    for path in sorted(path for path in options.folder.iterdir() if ".jsonl" in path.name):
        rows = list(measure(path, seeds=options.seeds))
        mean = {name: fmean(getattr(row, name) for row in rows) for name in Row.__slots__}
        write(f"| {path.name.split('.')[0]} | {_format_cells(mean)} |\n")


def measure(path: Path, *, seeds: int) -> Iterator[Row]:
    """Compiles one half of the tasks and replays the toolkit on the other, once for each seed."""
    corpus = build_corpus(awo.load_traces(path))
    for seed in range(seeds):
        train, held_out = split(corpus, held_out=0.5, seed=seed)
        meta_tools, _ = compile_corpus(train, Options())
        shown = [each for each in meta_tools if each.mode in SHOWN]
        saving = measure_saving(meta_tools, held_out)
        saved, flow = (share * held_out.model_calls for share in (saving.blind, saving.blind_parts["flow"]))
        yield Row(len(shown), sum(map(count_tokens, shown)), saved, flow)


def count_tokens(meta_tool: MetaTool) -> float:
    """The tokens of the definition that a provider is sent."""
    tools = [
        StructuredTool(name=name, description="A tool.", args_schema={"type": "object"}, func=_call)
        for name in meta_tool.tools
    ]
    sent = convert_to_openai_tool(lower(meta_tool, tools))
    return len(json.dumps(sent, separators=(",", ":"), ensure_ascii=False)) / CHARACTERS_PER_TOKEN


def _call(**arguments: object) -> str:
    """Stands for a live tool, of which only the name matters here."""
    return str(arguments)


def _format_cells(mean: Mapping[str, float]) -> str:
    each = 100 * mean["tokens"] / mean["saved"] if mean["saved"] else 0.0
    return f"{mean['shown']:.1f} | {mean['tokens']:,.0f} | {mean['saved']:,.0f} | {mean['flow']:,.0f} | {each:,.0f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Counts schemas of recordings' meta-tools; prints a Markdown table."
    )
    known = os.environ.get("AWO_RECORDINGS")
    parser.add_argument("folder", type=Path, nargs="?" if known else None, default=Path(known or "."))
    parser.add_argument("--seeds", type=int, default=5, help="how many splits")
    return parser.parse_args()


if __name__ == "__main__":
    main()
