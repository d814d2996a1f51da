"""What every trace store must do, as a suite to run against your own.

>>> class TestMyStore(TraceStoreConformance):
...     def store_url(self, folder):
...         return str(folder / "traces.db")

Needs pytest. Override `open` too when `open_store` does not know the store.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from langchain_awo.errors import StoreError
from langchain_awo.model.trace.outline import Outlines, outline_traces
from langchain_awo.model.trace.trace import (
    Attempt,
    Message,
    ModelCallRecord,
    ReplayMark,
    TokenUsage,
    ToolCallRecord,
    ToolSpec,
    Trace,
)
from langchain_awo.stores import TraceStore, open_store
from langchain_awo.stores.selection import Selection

SEARCH = ToolSpec(
    name="search",
    description="Searches.",
    parameters={"type": "object", "properties": {"q": {"type": "string"}}},
    hints={"readOnlyHint": True},
)
"""A tool that all traces of `example_trace` share."""


def example_trace(number: int, *, text: str = "found") -> Trace:
    """A trace that uses every field of the model; traces of different numbers differ."""
    return Trace(
        trace_id=f"trace-{number}",
        task_id=f"task-{number % 3}",
        thread_id=f"thread-{number % 2}",
        trial=number,
        domain="even" if number % 2 == 0 else "odd",
        model="gpt" if number % 3 == 0 else "claude",
        success=(None, True, False)[number % 3],
        tags=("nightly", "β"),
        started_at=1000.5 + number,
        ended_at=1002.25 + number,
        messages=(
            Message(role="system", text="Be brief.", before=0),
            Message(role="user", text="Where is “it”?\n\U0001f50d", before=0),
        ),
        model_calls=(
            ModelCallRecord(
                model="gpt",
                usage=TokenUsage(input_tokens=10, output_tokens=2, cached_tokens=1),
                scope="lookup",
                offered=("search",),
                started_at=1000.75,
                ended_at=1001.0,
            ),
            ModelCallRecord(text="Done.", usage=TokenUsage()),
            ModelCallRecord(error="RateLimitError: slow down"),
        ),
        tool_calls=(
            ToolCallRecord(
                call_id="a",
                name="search",
                args={"z": 1, "a": [None, True, 1.5, {"deep": []}]},
                output={"hits": [text, "NULL", ""], "next": None},
                model_call=0,
                scope="lookup",
                attempts=(Attempt(status="interrupted", started_at=1.0), Attempt(status="ok", ended_at=2.0)),
                replay=ReplayMark(meta_tool="find", step=1),
                started_at=1001.0,
                ended_at=1001.5,
            ),
            ToolCallRecord(call_id="b", name="search", output='"quoted"', parent_id="a", model_call=0),
            ToolCallRecord(call_id="c", name="gone", status="error", error="KeyError: 'x'", output=False),
        ),
        tools=(ToolSpec(name="gone"), SEARCH),
        metadata={"user": {"id": 7}, "empty": None, "falsy": 0},
    )


def without_outputs(trace: Trace) -> Trace:
    """A trace as it is read without what its tools returned."""
    return replace(trace, tool_calls=tuple(replace(call, output=None) for call in trace.tool_calls))


def list_outlined(pages: Iterable[Outlines]) -> dict[str, tuple[object, ...]]:
    """What is counted of each trace, by its id."""
    found: dict[str, tuple[object, ...]] = {}
    for page in pages:
        ends = page.lengths.cumsum().tolist()
        for row, (end, calls) in enumerate(zip(ends, page.lengths.tolist(), strict=True)):
            names = sorted(page.names[code] for code in page.codes[end - calls : end])
            ids = (page.task_ids[row], page.thread_ids[row], page.domains[row], page.models[row])
            counts = (int(page.model_calls[row]), names, page.meta_tools[row], bool(page.is_asked[row]))
            found[page.trace_ids[row]] = (*ids, *counts, page.specs[row])
    return found


class TraceStoreConformance(ABC):
    """Derive a class whose name starts with `Test`, and say where its stores are."""

    @abstractmethod
    def store_url(self, folder: Path) -> str:
        """Where a store in the given empty folder is to be made."""

    def open(self, url: str, *, create: bool = True, **labels: str) -> TraceStore:
        """Opens a store, limited to a project, tenant or environment."""
        return open_store(url, create=create, **labels)

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """Where the test's store is."""
        return self.store_url(tmp_path)

    @pytest.fixture
    def store(self, url: str) -> Iterator[TraceStore]:
        """A new store."""
        with self.open(url) as store:
            yield store

    def test_a_new_store_is_empty(self, store: TraceStore) -> None:
        """Nothing was recorded: no traces, no error."""
        assert len(store) == 0
        assert list(store.traces()) == []

    def test_a_store_that_must_exist_is_not_made(self, url: str) -> None:
        """With `create=False` a missing store is an error, and stays missing."""
        with pytest.raises(StoreError):
            self.open(url, create=False)
        with pytest.raises(StoreError):
            self.open(url, create=False)

    def test_traces_come_back_equal_and_in_order(self, store: TraceStore) -> None:
        """Every field survives, and the order of appending is the order of reading."""
        written = [example_trace(n) for n in (3, 1, 2)]
        store.append(written)
        store.append([Trace(trace_id="bare")])
        assert list(store.traces()) == [*written, Trace(trace_id="bare")]
        assert len(store) == 4

    def test_the_order_of_arguments_is_kept(self, store: TraceStore) -> None:
        """Arguments read back in the order the model wrote them."""
        store.append([example_trace(1)])
        (trace,) = store.traces()
        assert list(trace.tool_calls[0].args) == ["z", "a"]

    def test_traces_outlive_the_store_object(self, url: str) -> None:
        """What one object stored, another reads: by the url the first one names."""
        with self.open(url) as first:
            first.append([example_trace(1)])
            again = first.url
        with self.open(again, create=False) as second:
            assert list(second.traces()) == [example_trace(1)]

    def test_a_trace_with_a_known_id_replaces_the_earlier_one(self, store: TraceStore) -> None:
        """Appending is idempotent by id; the later trace counts and stands at the end."""
        store.append([example_trace(1), example_trace(2)])
        store.append([example_trace(1, text="found later")])
        assert list(store.traces()) == [example_trace(2), example_trace(1, text="found later")]
        assert store.get("trace-1") == example_trace(1, text="found later")
        assert len(store) == 2

    def test_of_one_id_in_one_batch_the_last_trace_counts(self, store: TraceStore) -> None:
        """The same holds for traces that arrive together."""
        store.append([example_trace(1), example_trace(2), example_trace(1, text="found later")])
        assert list(store.traces()) == [example_trace(2), example_trace(1, text="found later")]

    def test_a_trace_is_found_by_id(self, store: TraceStore) -> None:
        """`get` gives the trace, or a `KeyError` that names the id."""
        store.append(example_trace(n) for n in range(5))
        assert store.get("trace-3") == example_trace(3)
        with pytest.raises(KeyError, match="trace-9"):
            store.get("trace-9")

    def test_conditions_select_traces(self, store: TraceStore) -> None:
        """Each condition selects by its field; several must all hold; stored order stays."""
        written = [example_trace(n) for n in range(6)]
        store.append([*written, Trace(trace_id="bare")])
        assert list(store.traces(domain="odd")) == written[1::2]
        assert list(store.traces(domain="")) == [Trace(trace_id="bare")]
        assert list(store.traces(model="gpt")) == written[::3]
        assert list(store.traces(task_ids={"task-1", "task-2", "task-9"})) == [
            written[n] for n in (1, 2, 4, 5)
        ]
        assert list(store.traces(task_ids=[])) == []
        assert list(store.traces(thread_id="thread-0")) == written[::2]
        assert list(store.traces(since=1004.5)) == written[4:]
        assert list(store.traces(domain="odd", model="gpt", since=1001.0)) == [written[3]]

    def test_a_single_text_is_no_collection_of_tasks(self, store: TraceStore) -> None:
        """`task_ids="task-1"` would mean its letters: it is refused."""
        with pytest.raises(TypeError, match="collection"):
            list(store.traces(task_ids="task-1"))

    def test_more_traces_than_fit_in_a_batch(self, store: TraceStore) -> None:
        """A long stream is stored and read whole."""
        store.append(example_trace(n) for n in range(400))
        assert [trace.trial for trace in store.traces()] == list(range(400))

    def test_reading_goes_on_while_traces_are_appended(self, store: TraceStore) -> None:
        """An iteration that has begun sees every trace that was there, once."""
        store.append(example_trace(n) for n in range(100))
        reading = store.traces()
        seen = [next(reading)]
        store.append(example_trace(n) for n in range(100, 200))
        seen += reading
        assert [trace.trial for trace in seen][:100] == list(range(100))
        assert len({trace.trace_id for trace in seen}) == len(seen)

    def test_a_bad_trace_does_not_keep_the_others_out(self, store: TraceStore) -> None:
        """What cannot be stored is named after the rest is stored."""
        with pytest.raises(StoreError, match="1 traces were not stored"):
            store.append([example_trace(1), Trace(trace_id=""), example_trace(2)])
        assert list(store.traces()) == [example_trace(1), example_trace(2)]

    def test_values_that_json_cannot_hold_are_kept(self, store: TraceStore) -> None:
        """One strange value does not cost the trace."""
        odd = ToolCallRecord(call_id="a", name="f", args={"big": 2**70, "half": "\ud800", "set": {2, 1}})
        store.append([Trace(trace_id="odd", tool_calls=(odd,))])
        (trace,) = store.traces()
        assert trace.tool_calls[0].args == {"big": 2**70, "half": "\\ud800", "set": [1, 2]}

    def test_many_threads_may_append(self, store: TraceStore) -> None:
        """No trace is lost when threads append and read at once."""

        def write(first: int) -> None:
            for n in range(first, first + 10):
                store.append([example_trace(n)])
                assert len(store) > 0

        threads = [threading.Thread(target=write, args=(10 * k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(trace.trial or 0 for trace in store.traces()) == list(range(40))

    def test_reading_without_outputs(self, store: TraceStore) -> None:
        """All but what the tools returned is there."""
        store.append([example_trace(1)])
        (trace,) = store.traces(outputs=False)
        assert trace == without_outputs(example_trace(1))

    def test_outlines_tell_what_is_counted(self, store: TraceStore) -> None:
        """The same as the traces themselves tell; any of them can be read as a whole."""
        store.append([Trace(trace_id="bare", thread_id="one"), *map(example_trace, range(150))])
        traces = {trace.trace_id: trace for trace in store.traces()}
        pages = list(store.outlines(Selection(scope=store.scope)))
        assert list_outlined(pages) == list_outlined(outline_traces(traces.values()))
        for page in pages:
            rows = [row for row, trace_id in enumerate(page.trace_ids) if trace_id in ("bare", "trace-149")]
            assert dict(page.read(rows)) == {row: traces[page.trace_ids[row]] for row in rows}
        selected = Selection.of(scope=store.scope, thread_id="one")
        assert [list(page.trace_ids) for page in store.outlines(selected) if len(page)] == [["bare"]]

    def test_a_tenant_sees_its_own_traces_alone(self, url: str) -> None:
        """Reading, looking up, counting, replacing and deleting stay inside what a handle was opened for."""
        with self.open(url, tenant="acme") as acme, self.open(url, tenant="globex") as globex:
            acme.append([example_trace(1), example_trace(2)])
            globex.append([example_trace(1, text="of globex")])
            assert list(acme.traces()) == [example_trace(1), example_trace(2)]
            assert list(globex.traces()) == [example_trace(1, text="of globex")]
            assert (len(acme), len(globex)) == (2, 1)
            assert globex.get("trace-1") == example_trace(1, text="of globex")
            with pytest.raises(KeyError):
                globex.get("trace-2")
            acme.append([example_trace(1, text="later")])
            assert globex.get("trace-1") == example_trace(1, text="of globex")
            assert globex.delete(thread_id="thread-0") == 0
            assert globex.delete(thread_id="thread-1") == 1
            assert (len(acme), len(globex)) == (2, 0)
            assert globex.summarize().traces == 0

    def test_a_handle_for_all_sees_who_owns_what(self, url: str) -> None:
        """Without labels everything is seen; each label limits on its own; the url keeps them."""
        for project, tenant, number in (("shop", "a", 1), ("shop", "b", 2), ("desk", "a", 3)):
            with self.open(url, project=project, tenant=tenant, environment="live") as store:
                store.append([example_trace(number)])
                again = store.url
        with self.open(again, create=False) as store:
            assert [trace.trial for trace in store.traces()] == [3]
        with self.open(url, tenant="a") as store:
            assert [trace.trial for trace in store.traces()] == [1, 3]
        with self.open(url, environment="test") as store:
            assert list(store.traces()) == []
        with self.open(url) as store:
            assert [trace.trial for trace in store.traces()] == [1, 2, 3]
            assert store.summarize().scopes == {
                ("desk", "a", "live"): 1,
                ("shop", "a", "live"): 1,
                ("shop", "b", "live"): 1,
            }

    def test_traces_of_a_thread_a_user_or_an_age_are_deleted(self, store: TraceStore) -> None:
        """All conditions must hold; the rest stays; without any condition nothing is deleted."""
        store.append([*(example_trace(n) for n in range(6)), Trace(trace_id="undated")])
        store.append([Trace(trace_id="of-ann", metadata={"user_id": "ann"})])
        with pytest.raises(StoreError, match="select traces"):
            store.delete()
        assert store.delete(user="ann") == 1
        assert store.delete(user="7", thread_id="thread-1", before=1002.5) == 1
        assert [trace.trial for trace in store.traces()] == [0, 2, 3, 4, 5, None]
        assert store.delete(before=1003.5) == 2
        assert store.delete(trace_id="trace-5") == 1
        assert [trace.trial for trace in store.traces()] == [3, 4, None]
        store.vacuum()
        assert list(store.traces()) == [example_trace(3), example_trace(4), Trace(trace_id="undated")]
        assert len(store) == 3
        store.append([example_trace(9)])
        assert store.get("trace-9") == example_trace(9)

    def test_a_summary_counts(self, store: TraceStore) -> None:
        """What is stored, from when to when."""
        store.append([*(example_trace(n) for n in range(3)), Trace(trace_id="undated")])
        summary = store.summarize()
        assert (summary.traces, summary.undated, summary.threads, summary.users) == (4, 1, 2, 1)
        assert (summary.model_calls, summary.tool_calls) == (9, 9)
        assert (summary.first, summary.last) == (1000.5, 1002.5)

    @pytest.mark.parametrize("bad", [["deep"], 7, None, [[[[]]]], "x" * 70_000])
    def test_an_odd_id_is_refused_or_kept(self, store: TraceStore, bad: object) -> None:
        """What is no id costs that trace alone."""
        try:
            store.append([example_trace(1), Trace(trace_id=bad), example_trace(2)])  # type: ignore[arg-type]
        except StoreError:
            assert len(store) == 2
        assert store.get("trace-2") == example_trace(2)

    def test_an_id_of_nested_lists_is_refused(self, store: TraceStore) -> None:
        """However deep."""
        deep: list[object] = []
        for _ in range(300):
            deep = [deep]
        with pytest.raises(StoreError, match="1 traces were not stored"):
            store.append([Trace(trace_id=deep), example_trace(2)])  # type: ignore[arg-type]
        assert list(store.traces()) == [example_trace(2)]
