"""What shaping leaves out of results, on recordings: characters of outputs as a model is told them, whole and shaped.

    AWO_RECORDINGS=path/to/recordings python benchmarks/shaped_results.py

Half of the tasks of each file are compiled; every output that the other half has of a tool in a meta-tool is told as that step of the
meta-tool would tell it, notes about what is left out included.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import langchain_awo as awo
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.telling import tell_steps
from langchain_awo.model.stepping.outcome import FinishedCall, OriginalCall
from langchain_awo.model.text.encoding import decode, dumps
from langchain_awo.model.trace.trace import ToolCallRecord
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.pipeline import compile_plan
from langchain_awo.optimizer.replay.evaluate import split
from langchain_awo.runtime.answer.render_steps import build_told_calls


def told(meta_tool: MetaTool, number: int, record: ToolCallRecord, *, shape: bool) -> int:
    """Characters of one recorded output as a step of a meta-tool tells it."""
    call = OriginalCall(step=number, tool=record.name, args=dict(record.args), key="")
    return len(
        dumps(
            tell_steps(
                meta_tool,
                build_told_calls([FinishedCall(call=call, output=decode(record.output))]),
                shape=shape,
            )
        )
    )


def measure(path: Path) -> tuple[int, int, int]:
    """Outputs told, and their characters whole and shaped."""
    traces = awo.load_traces(path)
    _, rest = split(build_corpus(traces), held_out=0.5, seed=0)
    held_out = {run.trace_id for run in rest.runs}
    unseen = [trace for trace in traces if trace.trace_id in held_out]
    meta_tools = compile_plan([trace for trace in traces if trace.trace_id not in held_out]).meta_tools
    records = [call for trace in unseen for call in trace.tool_calls if call.status == "ok"]
    pairs = [
        (meta_tool, number, record)
        for meta_tool in meta_tools
        for number, step in enumerate(meta_tool.steps, start=1)
        for record in records
        if record.name == step.tool
    ]
    whole, shaped = (sum(told(*pair, shape=shape) for pair in pairs) for shape in (False, True))
    return len(pairs), whole, shaped


def main() -> None:
    """Measures and prints."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    folder = os.environ.get("AWO_RECORDINGS")
    if not folder:
        sys.exit("set AWO_RECORDINGS to the folder of recordings; see docs/file-formats.md")
    print(f"{'':14}{'outputs':>9}{'whole':>13}{'shaped':>13}   characters")
    for path in sorted(Path(folder).glob("*.jsonl*")):
        outputs, whole, shaped = measure(path)
        share = f"{shaped / whole - 1:+.1%}" if whole else ""
        print(f"{path.name.split('.')[0]:14}{outputs:9,}{whole:13,}{shaped:13,}   {share}")


if __name__ == "__main__":
    main()
