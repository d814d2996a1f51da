"""One pass over a log: what it keeps is bounded, fair, and the same in any order and any parts."""

import gzip
import random
from dataclasses import replace

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import langchain_awo as awo
from langchain_awo.errors import CompileError
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.model.trace.outline import outline_traces
from langchain_awo.model.trace.thread import CONTINUED, CONVERSATION
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, ToolSpec, Trace
from langchain_awo.optimizer.counting.distinct import Distinct
from langchain_awo.optimizer.counting.sample import Bounds
from langchain_awo.optimizer.counting.state import from_bytes, read_state, to_bytes, write_state
from langchain_awo.optimizer.counting.summary import Summary, summarize
from langchain_awo.optimizer.pipeline import Options, compile_plan, compile_summary
from langchain_awo.plan_file import encode_plan

SMALL = Bounds(fair=20, rare=6, all_rare=30, longest=8)


def run(number, tools, *, thread=None, outputs=None):
    """A run of one call for each model call."""
    calls = tuple(
        ToolCallRecord(
            call_id=f"{number}-{i}",
            name=tool,
            args={"key": f"k{number}"},
            output=(outputs or {}).get(i, {"id": i}),
            model_call=i,
        )
        for i, tool in enumerate(tools)
    )
    return Trace(
        trace_id=f"run {number}",
        task_id=f"task {number % 50}",
        thread_id=thread,
        messages=(Message(role="user", text=f"k{number}", before=0),),
        model_calls=tuple(ModelCallRecord() for _ in calls),
        tool_calls=calls,
        tools=tuple(ToolSpec(name=tool, hints={"readOnlyHint": bool(number % 3)}) for tool in set(tools)),
    )


RUNS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["get_a", "get_b", "get_c", "rare"]), max_size=12),
        st.sampled_from([None, None, "one", "two"]),
    ),
    max_size=40,
).map(lambda found: [run(n, tools, thread=thread) for n, (tools, thread) in enumerate(found)])


def test_a_state_keeps_keys_in_their_order():
    """A plan shows constants and schemas as they were recorded, whether or not they came through a file."""
    parameters = {"properties": {"size": {"type": "string"}, "colour": {"type": "string"}}}
    trace = replace(
        run(1, ["get_a"]),
        tool_calls=(ToolCallRecord(call_id="1", name="get_a", args={"size": "M", "colour": "red"}),),
        tools=(ToolSpec(name="get_a", parameters=parameters),),
    )
    found = from_bytes(to_bytes(summarize([trace])))
    (kept,) = found.sampled().traces
    assert list(kept.tool_calls[0].args) == ["size", "colour"]
    assert list(found.specs["get_a"].parameters["properties"]) == ["size", "colour"]


class TestParts:
    @given(RUNS, st.randoms(use_true_random=False), st.integers(1, 5))
    @settings(max_examples=60, deadline=None)
    def test_any_order_and_any_parts_give_the_same_bytes(self, traces, chance, parts):
        """Parts are counted apart, written, read and merged in any order."""
        whole = to_bytes(summarize(traces, bounds=SMALL))
        shuffled = chance.sample(traces, len(traces))
        counted = [to_bytes(summarize(shuffled[n::parts], bounds=SMALL)) for n in range(parts)]
        chance.shuffle(counted)
        merged = Summary(SMALL)
        for part in counted:
            merged.merge(from_bytes(part))
        assert to_bytes(merged) == whole

    @given(RUNS, st.randoms(use_true_random=False))
    @settings(max_examples=30, deadline=None)
    def test_a_trace_is_counted_once(self, traces, chance):
        """Traces that are there already change nothing, whatever they come with."""
        found = Summary(SMALL)
        for some in (
            chance.sample(traces, len(traces) // 2),
            chance.sample(traces, len(traces)),
            [*traces, *traces],
        ):
            for outlines in outline_traces(some):
                found.add(outlines, new_only=True)
        assert to_bytes(found) == to_bytes(summarize(traces, bounds=SMALL))

    def test_parts_with_a_trace_in_common_do_not_add_up(self):
        """Counts cannot be taken apart again, so the merge is refused."""
        traces = [run(n, ["get_a"]) for n in range(4)]
        found = summarize(traces[:3])
        with pytest.raises(CompileError, match="1 traces are in two"):
            found.merge(summarize(traces[2:]))

    def test_other_bounds_do_not_add_up(self):
        """A sample cannot grow again."""
        with pytest.raises(CompileError, match="other bounds"):
            Summary().merge(Summary(SMALL))


class TestSample:
    def test_the_fair_part_is_the_traces_with_the_smallest_digests(self):
        """Nothing else decides, such as the order or what is called."""
        traces = [run(n, ["get_a", "get_b"]) for n in range(100)]
        sampled = summarize(traces, bounds=replace(SMALL, rare=1)).sampled()
        smallest = sorted((trace.trace_id for trace in traces), key=compute_digest)[:10]
        assert sampled.fair is None
        assert {trace.trace_id for trace in sampled.traces} == set(smallest)
        assert not sampled.is_whole

    def test_rare_tools_are_in_but_not_in_the_fair_part(self):
        """Of a thousand runs the few that call a rare tool are looked at; they do not count in what a routine is worth."""
        traces = [run(n, ["rare" if n % 200 == 7 else "get_a"]) for n in range(1000)]
        sampled = summarize(traces, bounds=SMALL).sampled()
        rare = {trace.trace_id for trace in traces if trace.tool_calls[0].name == "rare"}
        found = {trace.trace_id for trace in sampled.traces}
        assert rare <= found
        assert sampled.calling["rare"] == rare
        assert len(sampled.fair) == 20
        assert len(found) <= 25

    def test_very_many_tools_share_one_bound(self):
        """A thousand tools do not make the sample a thousand times as large."""
        traces = [run(n, [f"get_{n % 1000}"]) for n in range(4_000)]
        sampled = summarize(traces, bounds=replace(SMALL, all_rare=2_000)).sampled()
        assert 1000 <= len(sampled.traces) <= 2_100

    def test_a_conversation_is_in_as_a_whole_or_not_at_all(self):
        """What was said in an earlier turn is known in a later one."""
        going_on = {CONVERSATION: CONTINUED}
        traces = [
            replace(
                run(n, ["get_a"], thread=f"thread {n % 60}"),
                task_id=None,
                metadata=going_on,
            )
            for n in range(180)
        ]
        sampled = summarize(traces, bounds=SMALL).sampled()
        assert {len(trace.tool_calls) for trace in sampled.traces} == {3}

    @pytest.mark.parametrize("outputs", [{}, {9: "x" * 400_000}, {0: {"rows": ["y" * 900] * 900}}])
    def test_of_a_long_run_only_the_beginning_is_looked_at(self, outputs):
        """By calls, and by characters, which count as calls."""
        traces = [run(0, ["get_a"] * 500, outputs=outputs), *(run(n, ["get_a"]) for n in range(1, 9))]
        bounds = Bounds(longest=50)
        found = summarize(traces, bounds=bounds)
        sampled = found.sampled()
        longest = next(trace for trace in sampled.traces if trace.trace_id == "run 0")
        assert len(longest.tool_calls) == len(longest.model_calls) == min([*outputs, 50])
        assert (found.calls["get_a"], sampled.is_whole) == (508, False)

    def test_what_any_trace_says_of_a_tool_is_known(self):
        """A hint that speaks against a tool counts, also from a trace that is not looked at."""
        traces = [run(n, ["get_a"]) for n in range(1, 300, 3)]
        bad = replace(
            traces[-1], trace_id="bad", tools=(ToolSpec(name="get_a", hints={"destructiveHint": True}),)
        )
        log = summarize([*traces, bad], bounds=replace(SMALL, fair=3, rare=1))
        assert "bad" not in {trace.trace_id for trace in log.sampled().traces}
        assert log.known_specs()[0].hints["destructiveHint"] is True
        plan = compile_summary(log)
        assert [each.code for each in plan.refused] == ["destructive"]


class TestPlan:
    def test_a_plan_of_a_large_log_tells_of_all_of_it(self):
        """Counts are those of the log; how many runs were looked at stands beside them."""
        traces = [run(n, ["get_a", "get_b"]) for n in range(100)]
        plan = compile_summary(summarize(traces, bounds=SMALL))
        assert {name: plan.corpus[name] for name in ("traces", "tasks", "model_calls", "sampled")} == {
            "traces": 100, "tasks": 50, "model_calls": 200, "sampled": 10,
        }  # fmt: skip
        assert plan.corpus["paths"].keys() == {"get_a > get_b"}

    def test_runs_of_one_thread_may_come_apart(self):
        """Joined before or not, they give the same plan."""
        traces = [run(n, ["get_a", "get_b"], thread=f"thread {n // 2}") for n in range(40)]
        joined = awo.load_traces(traces)
        assert encode_plan(compile_plan(traces)) == encode_plan(compile_plan(joined))

    def test_the_literal_strategy_never_works_on_a_sample(self):
        """Its threshold is a number of executions of the whole log."""
        log = summarize([run(n, ["get_a", "get_b"]) for n in range(100)], bounds=SMALL)
        with pytest.raises(CompileError, match="counts whole logs"):
            compile_summary(log, options=Options(strategy="awo"))


class TestState:
    def test_night_after_night_is_as_all_at_once(self, tmp_path):
        """Same plan, same bytes in the file."""
        traces = [run(n, ["get_a", "get_b", "get_c"][: 1 + n % 3]) for n in range(90)]
        random.Random(3).shuffle(traces)  # noqa: S311  # any order
        for night in range(3):
            toolkit = awo.compile_toolkit(
                traces[30 * night : 30 * night + 40], state=tmp_path / "mining.state"
            )
        once = awo.compile_toolkit(traces, state=tmp_path / "once.state")
        assert (
            encode_plan(toolkit.plan)
            == encode_plan(once.plan)
            == encode_plan(awo.compile_toolkit(traces).plan)
        )
        assert (tmp_path / "mining.state").read_bytes() == (tmp_path / "once.state").read_bytes()
        assert (tmp_path / "once.state").stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda _: b"no state at all", "is not a mining state"),
            (lambda data: data[: len(data) // 2], "is not a mining state, or is cut off"),
            (lambda data: _edited(data, version=99), "version 99"),
            (lambda data: _edited(data, langchain_awo="traces"), "choose another path"),
            (lambda data: _edited(data, bounds={"fair": 3}), "other bounds"),
            (lambda data: _edited(data, only={"domain": "shop"}), "domain 'shop'"),
            (lambda data: _edited(data, ids="?"), "is not a mining state, or is cut off"),
        ],
    )
    def test_another_file_is_refused(self, tmp_path, spoil, message):
        """Nothing is added to what would not add up, and the file stays as it is."""
        path = tmp_path / "mining.state"
        write_state(summarize([run(n, ["get_a"]) for n in range(5)]), path)
        spoilt = spoil(path.read_bytes())
        path.write_bytes(spoilt)
        with pytest.raises(CompileError, match=message):
            awo.compile_toolkit([run(9, ["get_a"])], state=path)
        assert path.read_bytes() == spoilt

    def test_the_literal_strategy_keeps_no_state(self, tmp_path):
        """It would be as large as the log."""
        with pytest.raises(CompileError, match="keeps no state"):
            awo.compile_toolkit([run(1, ["get_a"])], state=tmp_path / "mining.state", strategy="awo")

    def test_a_missing_folder_is_named(self, tmp_path):
        """Like every file that cannot be written."""
        with pytest.raises(CompileError, match="cannot be written"):
            write_state(Summary(), tmp_path / "nowhere" / "mining.state")
        assert read_state(tmp_path / "none.state").traces == 0


def _edited(data, **changes):
    head, *rest = gzip.decompress(data).split(b"\n")
    return gzip.compress(b"\n".join([orjson.dumps({**orjson.loads(head), **changes}), *rest]))


@given(st.lists(st.integers(0, 2**64 - 1)), st.lists(st.integers(0, 30)))
def test_distinct_numbers_are_a_set(some, others):
    """Also after they were sorted in, written and read."""
    found = _distinct(some)
    assert len(found) == len(set(some))
    read = Distinct.from_text(found.to_text())
    assert read.is_within(found)
    assert read.update(_distinct(others)) == len(set(some) & set(others))
    assert len(read) == len({*some, *others})
    assert read.to_text() == _distinct([*others, *some]).to_text()


def _distinct(numbers):
    found = Distinct()
    found.add(np.array(numbers, np.uint64))
    return found
