"""The lines are there to be read by eye, and a torn one costs only itself."""

from __future__ import annotations

import gzip
import json

import pytest

from langchain_awo.errors import StoreError, TornRecordError
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores import log_torn, open_store
from langchain_awo.testing.store_conformance import example_trace


@pytest.fixture
def path(tmp_path):
    """A store with three traces: a header, two tools, three traces."""
    path = tmp_path / "traces.jsonl"
    with open_store(path) as store:
        store.append(example_trace(n) for n in range(3))
    return path


def trials(path, **options):
    with open_store(path, create=False) as store:
        return [trace.trial for trace in store.traces(**options)]


def cut(path, size):
    path.write_bytes(path.read_bytes()[:-size])


def test_each_line_says_what_it_is(path):
    """A header, then each tool once before the first trace that names it."""
    header, *lines = map(json.loads, path.read_text().splitlines())
    assert header == {"langchain_awo": "traces", "schema_version": 1}
    assert [next(iter(line)) for line in lines] == ["tool", "tool", "trace_id", "trace_id", "trace_id"]
    assert lines[2]["tools"] == [lines[0]["tool"], lines[1]["tool"]]
    assert "scope" not in lines[2]["tool_calls"][1], "defaults are left out"


def test_a_torn_last_line_is_named_by_number(path):
    """The error says which line is cut off."""
    cut(path, 10)
    with pytest.raises(TornRecordError, match=r"traces\.jsonl, line 6: the line is cut off") as caught:
        trials(path)
    assert caught.value.where == f"{path}, line 6"


def test_a_torn_line_can_be_skipped_with_a_warning(path, caplog):
    """With `log_torn` the rest is read and the log names the line."""
    cut(path, 10)
    assert trials(path, on_error=log_torn) == [0, 1]
    assert "line 6" in caplog.text


def test_the_next_append_starts_on_a_fresh_line(path):
    """What is written after a torn line is whole, and the torn one stays reported by its number."""
    cut(path, 10)
    with open_store(path) as store:
        store.append([example_trace(7)])
        store.append([example_trace(8)])
    torn = []
    assert trials(path, on_error=torn.append) == [0, 1, 7, 8]
    assert [error.where for error in torn] == [f"{path}, line 6"]
    assert b" <cut off>\n" in path.read_bytes()


def test_an_open_store_sees_a_line_torn_by_another_writer(path):
    """A store that was open all along goes on after the other writer's torn line."""
    with open_store(path) as store:
        assert len(store) == 3
        cut(path, 10)
        store.append([example_trace(7)])
        torn = []
        assert [trace.trial for trace in store.traces(on_error=torn.append)] == [0, 1, 7]
        assert [error.where for error in torn] == [f"{path}, line 6"]


def test_a_torn_newer_version_does_not_hide_the_older_one(path):
    """When the rewriting of a trace is cut off, the earlier version still counts."""
    with open_store(path) as store:
        store.append([example_trace(1, text="found later")])
    cut(path, 10)
    for _ in range(2):
        torn = []
        assert trials(path, on_error=torn.append)[:3] == [0, 1, 2]
        assert len(torn) == 1
        with open_store(path) as store:
            store.append([example_trace(7)])


def test_a_last_line_that_only_lacks_its_end_is_whole(path):
    """Editors and killed writers leave such lines; nothing is lost or marked."""
    cut(path, 1)
    assert trials(path) == [0, 1, 2]
    with open_store(path) as store:
        store.append([example_trace(3)])
    assert trials(path) == [0, 1, 2, 3]
    assert b"<cut off>" not in path.read_bytes()


def test_a_torn_header_is_written_again(path):
    """A writer killed while it made the file leaves an empty store."""
    for size in (0, 1, 20, 46):
        path.write_bytes(b'{"langchain_awo":"traces","schema_version":1}\n'[:size])
        assert trials(path) == []
        with open_store(path) as store:
            store.append([example_trace(1)])
        assert trials(path) == [1]


def test_tools_of_a_cut_batch_are_written_again(path):
    """A specification that was cut off is not taken for stored."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:-5])
    with open_store(path) as store:
        store.append([example_trace(5)])
        assert list(store.traces(on_error=log_torn)) == [example_trace(5)]


def test_two_open_stores_write_each_tool_once(path):
    """A writer learns what another has written before it writes."""
    path.unlink()
    with open_store(path) as one, open_store(path) as two:
        one.append([example_trace(1)])
        two.append([example_trace(2)])
        one.append([example_trace(3)])
        assert len(one) == len(two) == 3
    assert path.read_text().count('{"tool":') == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"trace_id": "x", "tool_calls": [{}]}', "tool_calls/0/call_id: Field required"),
        ('{"trace_id": "x", "tools": ["0123"]}', "the specification 0123 is not in the store"),
        ('{"other": 1}', "neither a trace nor a tool"),
        ('{"tool": 7}', "neither a trace nor a tool"),
        ("[]", "neither a trace nor a tool"),
        ("hello", "not JSON"),
    ],
)
def test_a_line_that_is_no_record_is_named_and_the_others_are_read(path, line, reason):
    """What somebody wrote into the file by hand is checked like anything else."""
    path.write_text(path.read_text() + line + "\n\n" + '{"tags": ["by hand"], "trace_id": "y"}\n')
    torn = []
    with open_store(path) as store:
        traces = list(store.traces(on_error=torn.append))
        assert store.get("y") == traces[-1] == Trace(trace_id="y", tags=("by hand",))
    assert [error.where for error in torn] == [f"{path}, line 7"]
    assert reason in str(torn[0])


def test_a_file_that_was_replaced_under_an_open_store_is_read_anew(path):
    """An open store does not answer from memory of a file that is gone."""
    with open_store(path) as store:
        assert len(store) == 3
        path.write_text('{"langchain_awo":"traces","schema_version":1}\n{"trace_id":"new"}\n')
        assert [trace.trace_id for trace in store.traces()] == ["new"]


def test_a_compressed_store_is_read_but_not_written(path):
    """An archive opens under any name; appending says what to do instead."""
    packed = path.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with open_store(packed, create=False) as store:
        assert list(store.traces()) == [example_trace(n) for n in range(3)]
        assert (len(store), store.get("trace-1")) == (3, example_trace(1))
        with pytest.raises(StoreError, match="can only be read; append to a plain"):
            store.append([example_trace(4)])
    path.write_bytes(packed.read_bytes())
    assert trials(path) == [0, 1, 2]


def test_a_compressed_store_that_breaks_off_gives_what_came_before(path):
    """The cut is reported like a torn line."""
    with open_store(path) as store:
        store.append(example_trace(n, text=str(n) * 99) for n in range(3, 300))
    path.write_bytes(gzip.compress(path.read_bytes())[:-300])
    torn = []
    read = trials(path, on_error=torn.append)
    assert read == list(range(len(read)))
    assert 0 < len(read) < 300
    assert "is truncated" in str(torn[0])
    with pytest.raises(TornRecordError, match="is truncated"):
        trials(path)


def test_a_compressed_store_is_not_made(tmp_path):
    """There is nothing to read in a new archive."""
    with pytest.raises(StoreError):
        open_store(tmp_path / "traces.jsonl.gz")
