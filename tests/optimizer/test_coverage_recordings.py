"""On recordings of real agents, most held-out arguments are explained by where they come from."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import fmean

import pytest

import langchain_awo as awo
from langchain_awo.optimizer.dataflow.coverage import measure_coverage
from langchain_awo.optimizer.log.corpus import build_corpus

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(
        not os.environ.get("AWO_RECORDINGS"), reason="AWO_RECORDINGS does not name the folder of recordings"
    ),
]


@pytest.mark.parametrize(
    ("name", "domain", "target"),
    [
        ("state_bench", "travel", 0.75),
        ("state_bench", "shopping_assistant", 0.46),
        ("tau_airline", "airline", 0.59),
    ],
)
def test_held_out_arguments_are_covered_with_the_exact_place(name, domain, target):
    traces = awo.load_traces(Path(os.environ["AWO_RECORDINGS"]) / f"{name}.jsonl.gz")
    corpus = build_corpus(trace for trace in traces if trace.domain == domain)
    assert fmean(measure_coverage(corpus, seed=seed).share for seed in range(5)) >= target
