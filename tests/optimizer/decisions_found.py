"""Prints, as a table for docs/benchmarks.md, where recorded agents decide how to go on, and what explains it.

    AWO_RECORDINGS=path/to/recordings python -m tests.optimizer.decisions_found

After each read the places where it was made are counted, and those in which agents went on to another tool before they wrote. A
condition on what the read showed counts as an explanation if it holds on tasks it was not found on, on both sides.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from langchain_awo import load_traces
from langchain_awo.model.ir.metatool import Guard
from langchain_awo.model.views.notation import format_guard
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.mining.conditions import Case, collect_facts, explain
from langchain_awo.optimizer.mining.decide import SURE, is_sure
from langchain_awo.optimizer.mining.occurrences import collect_occurrences, list_followers

RECORDINGS = ("state_bench", "tau_airline", "tau_retail", "workbench")
OPEN = (0.15, 0.85)
"""Outside of these shares agents hardly decide."""
LEAST = 40
"""Places that show a decision."""
EACH = 5


def decisions(corpus):
    """Rows (places, anchor, tool, went on, what explains it), those an explanation was found for first."""
    for anchor, effect in corpus.effects.items():
        found = collect_occurrences(corpus, anchor) if effect.is_read else []
        for tool in list_followers(found, min_tasks=5) if len(found) >= LEAST else ():
            cases = [
                Case(each.task, collect_facts(each.frame), any(call.tool == tool for call in each.followers))
                for each in found
            ]
            went_on = sum(case.followed for case in cases)
            if OPEN[0] <= went_on / len(cases) <= OPEN[1]:
                yield len(cases), anchor, tool, went_on, _explanation(explain(cases))


def _explanation(found):
    if found is None:
        return False, "nothing the read shows explains it"
    first, *also = found.conditions
    guard = Guard(source=first.source, test=first.test, value=first.value, also=tuple(also))
    seen = found.evidence
    counts = f"{seen.followed} of {seen.held}; {seen.others_followed} of {seen.others} others"
    return is_sure(found, SURE), f"`{format_guard(guard)}`: {counts}"


def main():
    """Prints the table."""
    write = sys.stdout.write
    write(
        "| recording | after | agents go on to | places | best condition, on held-out tasks | explained |\n"
    )
    write("|---|---|---|---|---|---|\n")
    for name in RECORDINGS:
        corpus = build_corpus(load_traces(Path(os.environ["AWO_RECORDINGS"]) / f"{name}.jsonl.gz"))
        rows = sorted(decisions(corpus), key=lambda row: (not row[4][0], -row[0], row[1], row[2]))
        for places, anchor, tool, went_on, (sure, told) in rows[:EACH]:
            said = "yes" if sure else "no: the agent decides"
            write(f"| {name} | `{anchor}` | `{tool}` | {went_on} of {places} | {told} | {said} |\n")


if __name__ == "__main__":
    main()
