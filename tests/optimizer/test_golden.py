"""The meta-tools of the demo and of the public recordings as lists that a person can review: each must look written by hand.

After a change of the optimizer, write the lists anew and read the difference:

    AWO_RECORDINGS=path/to/recordings python -m tests.optimizer.test_golden
"""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest

from langchain_awo import load_traces
from langchain_awo.api.recording import TraceRecorder
from langchain_awo.demo.agent.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.backoffice.tasks import generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World
from langchain_awo.model.ir.binding import Output, list_leaves
from langchain_awo.model.ir.provider_schema import adapt_schema
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.views.notation import format_numbered_step
from langchain_awo.optimizer.dataflow.places import list_positions
from langchain_awo.optimizer.mining.forms import MAX_PARAMETERS
from langchain_awo.optimizer.pipeline import Options, compile_plan
from langchain_awo.optimizer.selection.returned import ORDINALS
from langchain_awo.optimizer.selection.words import split_name
from langchain_awo.runtime.tool.signatures import read_spec
from langchain_awo.testing import generate_world, play

GOLDEN = Path(__file__).with_name("golden")
RECORDINGS = ("state_bench", "tau_airline", "tau_retail", "workbench")


def of_demo(writes, folder):
    """What is compiled from an agent in the back office."""
    with World.create(seed=7) as world, TraceRecorder(folder / "traces.db") as recorder:
        tools = back_office_tools(world)
        agent = build_agent(scripted_model(), tools)
        run_tasks(agent, generate_tasks(world, 150), callbacks=[recorder])
        recorder.flush()
        specs = [read_spec(tool) for tool in tools]
        return compile_plan(load_traces(folder / "traces.db"), tools=specs, options=Options(writes=writes))


def of_world(seed):
    return compile_plan(play(generate_world(seed, tools=4), 30))


def of_recording(name):
    return compile_plan(load_traces(Path(os.environ["AWO_RECORDINGS"]) / f"{name}.jsonl.gz"))


def listed(plan):
    """What a person reviews: how it is called, what it says, what a model sees of its parameters, what it does."""
    return "\n\n".join(map(_shown, plan.meta_tools)) + "\n" if plan.meta_tools else "none\n"


def _shown(each):
    names = ", ".join(spec.name if spec.required else f"{spec.name}?" for spec in each.parameters)
    lines = [f"{each.name}({names})  [{each.mode}]"]
    lines += textwrap.wrap(each.description, 100, initial_indent="    ", subsequent_indent="    ")
    lines += [f"    {spec.name}: {dumps(adapt_schema(spec.schema))}" for spec in each.parameters]
    steps = (format_numbered_step(n, step).split("  # ")[0] for n, step in enumerate(each.steps, start=1))
    return "\n".join([*lines, *(step.rstrip() for step in steps)])


def held_to(name, plan):
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert listed(plan) == expected
    for each in plan.meta_tools:
        assert_looks_written_by_hand(each)


def assert_looks_written_by_hand(each):
    assert len(split_name(each.name)) <= 5, each.name
    assert len(each.name) <= 60, each.name
    assert len(each.parameters) <= MAX_PARAMETERS, each.name
    assert_told_as_it_is(each)
    assert not any(spec.schema.get("type") == "boolean" and not spec.required for spec in each.parameters)
    assert "Runs:" not in each.description
    if each.effect.is_read:
        assert each.description.startswith(("Returns ", "Logs in "))
        assert "It only reads data." in each.description
    else:
        assert split_name(each.steps[-1].tool)[0] in split_name(each.name)
        assert all(spec.required for spec in each.parameters)


def assert_told_as_it_is(each):
    """What is read of one position only, of what a caller names, or under a condition, is said to be."""
    leaves = [leaf for step in each.steps for binding in step.bindings for leaf in list_leaves(binding)]
    paths = [leaf.path for leaf in leaves if isinstance(leaf, Output)]
    for position in {position for path in paths for position in list_positions(path)}:
        assert ORDINALS[int(position)] in each.description, each.name
    for step in each.steps:
        if step.over and step.over.filter and step.over.filter.named:
            assert f"the given {step.over.filter.named.name}" in each.description, each.name
        if step.guard and step.effect.is_read:
            assert "read only if" in each.description or "searches again" in each.description, each.name


@pytest.mark.parametrize("writes", ["none", "guarded"])
def test_the_meta_tools_of_the_demo(writes, tmp_path):
    held_to(f"demo-{writes}", of_demo(writes, tmp_path))


@pytest.mark.parametrize("seed", range(3))
def test_the_meta_tools_of_a_generated_world(seed):
    held_to(f"world-{seed}", of_world(seed))


@pytest.mark.recordings
@pytest.mark.skipif(
    not os.environ.get("AWO_RECORDINGS"), reason="AWO_RECORDINGS does not name the folder of recordings"
)
@pytest.mark.parametrize("name", RECORDINGS)
def test_the_meta_tools_of_a_recording(name):
    held_to(name, of_recording(name))


def write_all(folder):
    """Writes the lists anew."""
    GOLDEN.mkdir(exist_ok=True)
    plans = {f"world-{seed}": of_world(seed) for seed in range(3)}
    for writes in ("none", "guarded"):
        (folder / writes).mkdir()
        plans[f"demo-{writes}"] = of_demo(writes, folder / writes)
    if os.environ.get("AWO_RECORDINGS"):
        plans |= {name: of_recording(name) for name in RECORDINGS}
    for name, plan in plans.items():
        (GOLDEN / f"{name}.txt").write_text(listed(plan), encoding="utf-8")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder))
