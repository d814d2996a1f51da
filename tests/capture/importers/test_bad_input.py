"""Whatever a source holds, what can be read comes in, the rest is accounted for, and only `AwoError`s are raised."""

from __future__ import annotations

import copy
import gzip
import json
import random
import sqlite3
import tracemalloc
import zipfile
from contextlib import closing

import pyarrow as pa
import pytest
from pyarrow import parquet

from langchain_awo.capture.importers import ImportSummary, import_traces
from langchain_awo.errors import AwoError, ImportFormatError
from langchain_awo.stores import open_store
from tests.capture.importers.samples import SAMPLES

GOOD = {"id": "good", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}
ODD = [
    *(
        None,
        0,
        -1,
        1e308,
        "",
        "x",
        [],
        {},
        [[]],
        {"a": {}},
        True,
        10**25,
        "\ud800",
        ["x"],
        {"function": ["x"]},
        "{",
        "[1",
        "9" * 30,
    ),
    *(
        float("nan"),
        {"lc": 1, "kwargs": [], "id": 3},
        {"type": "tool_use"},
        [{"type": "tool_use", "name": 5}],
    ),
]


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def read(source, **options):
    """The ids that came in, and what was told about the rest."""
    bad = []
    found = [trace.trace_id for trace in import_traces(source, on_skipped=bad.append, **options)]
    return found, [str(each) for each in bad]


@pytest.mark.parametrize(
    "record",
    [
        {"id": nested(300), "messages": []},
        {"messages": [], "tools": [["x"]]},
        {"messages": [{"role": nested(300)}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": ["x"]}]}]},
        {"messages": [7]},
        {"messages": [], "success": {"deep": nested(300)}},
    ],
)
def test_a_strange_record_costs_only_itself(record):
    found, bad = read([GOOD, record, {**GOOD, "id": "last"}])
    assert found == ["good", "last"]
    assert len(bad) == 1
    assert bad[0].startswith("line 2: ")


@pytest.mark.parametrize("form", ["lines", "array"])
@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b'{"id": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested too deeply"),
        (b'{"id": "\xff\xfe"}', "not UTF-8"),
        (b'{"id": tru}', "not JSON"),
        (b'{"id": "a" "b"}', "not JSON"),
    ],
)
def test_an_element_that_is_no_json_costs_only_itself(tmp_path, form, broken, reason):
    """In JSON lines and in an array alike."""
    good, last = json.dumps(GOOD).encode(), json.dumps({**GOOD, "id": "last"}).encode()
    separator, (before, after) = (b"\n", (b"", b"")) if form == "lines" else (b",\n", (b"[", b"]"))
    path = tmp_path / "runs.json"
    path.write_bytes(before + separator.join([good, broken, last]) + after)
    found, bad = read(path)
    assert found == ["good", "last"]
    assert len(bad) == 1
    assert "line 2" in bad[0]
    assert reason in bad[0]


def test_an_archive_that_unpacks_to_very_much_is_refused(tmp_path):
    """Before it fills the memory; an honest one of the same size is read."""
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"messages": [' + b" " * 66_000_000, compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(ImportFormatError, match="more than 200 times its size"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()


def test_an_archive_of_nothing_but_brackets_is_given_up(tmp_path):
    """Before its end is looked for; what stands before it comes in."""
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(b"[" + json.dumps(GOOD).encode() + b"," + b"[" * 5_000_000))
    found, (told,) = read(path)
    assert found == ["good"]
    assert "nothing after it is read" in told


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_devices_are_refused(path):
    with pytest.raises(ImportFormatError, match="it is a device"):
        read(path)


def test_a_truncated_parquet_file_is_named_and_an_empty_one_has_no_runs(tmp_path):
    path = tmp_path / "runs.parquet"
    parquet.write_table(
        pa.Table.from_pylist([{"id": "a", "messages": json.dumps(GOOD["messages"])}] * 50), path
    )
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(
        ImportFormatError, match=r"runs\.parquet is a Parquet file that is cut off or damaged"
    ):
        read(path)


def test_a_damaged_database_is_named(tmp_path):
    path = tmp_path / "agent.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE checkpoints (thread_id, checkpoint_ns, checkpoint_id, type, checkpoint, parent_checkpoint_id, metadata)"
        )
        database.executemany(
            "INSERT INTO checkpoints VALUES (?, '', ?, 'msgpack', ?, NULL, NULL)",
            [(f"t{n}", str(n), b"\xc1" * 3000) for n in range(50)],
        )
    found, bad = read_or_refuse(path)
    assert found == []
    assert "a stored value is damaged" in bad
    path.write_bytes(path.read_bytes()[:5000] + b"\0" * 60_000)
    with pytest.raises(AwoError, match=r"agent\.db"):
        read(path)


def read_or_refuse(path):
    with pytest.raises(ImportFormatError) as refused:
        read(path)
    return [], str(refused.value)


def test_an_archive_that_is_no_log_is_named(tmp_path):
    path = tmp_path / "some.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "dear")
    with pytest.raises(ImportFormatError, match="is a zip archive"):
        read(path)


def test_a_store_is_no_recording(tmp_path):
    """It is opened, not imported; also in a folder of recordings, where it is told and the others come in."""
    with open_store(tmp_path / "own.jsonl") as store:
        store.append(import_traces([GOOD]))
    with pytest.raises(ImportFormatError, match="is a trace store; open it as one"):
        read(tmp_path / "own.jsonl")
    (tmp_path / "runs.jsonl").write_text(json.dumps({**GOOD, "id": "other"}))
    found, (told,) = read(tmp_path)
    assert found == ["other"]
    assert "own.jsonl, line 1: is a trace store" in told


def test_the_calls_of_a_long_run_get_their_answers():
    """Also when the calls have the same id, or none."""
    messages = []
    for number in range(4_000):
        call_id = "same" if number % 2 else ""
        call = {"id": call_id, "function": {"name": "f", "arguments": {"n": number}}}
        messages += [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call_id, "content": str(number)},
        ]
    (trace,) = import_traces([{"messages": messages}], mask=False)
    assert all(call.output == str(call.args["n"]) for call in trace.tool_calls)
    assert len({call.call_id for call in trace.tool_calls}) == 4_000


def test_an_array_is_held_one_element_at_a_time(tmp_path):
    """Eighteen megabytes of runs in one line, as long as the longest of them in memory."""
    path = tmp_path / "runs.json"
    with path.open("w") as file:
        file.write("[")
        file.writelines(f"{json.dumps({**GOOD, 'id': n, 'note': 'x' * 60_000})}," for n in range(300))
        file.write("]")
    tracemalloc.start()
    try:
        assert sum(1 for _ in import_traces(path, mask=False)) == 300
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


def test_spans_of_a_skewed_clock_and_with_lost_parents_still_belong_to_their_calls():
    """A tool whose clock is an hour behind is the execution of the call with its id."""
    rows = SAMPLES["langsmith"][1]()
    for row in rows:
        if row["run_type"] == "tool":
            row.update(start_time="2024-05-02T09:00:00", end_time="2024-05-02T09:00:01", parent_run_id="lost")
    (trace,) = import_traces(rows)
    assert [(call.status, call.model_call) for call in trace.tool_calls] == [("ok", 0), ("error", 0)]


def test_spans_in_a_circle_are_read():
    rows = SAMPLES["openinference"][1]()
    for row, other in zip(rows, [*rows[1:], rows[0]], strict=True):
        row["parent_id"] = other["context.span_id"]
    (trace,) = import_traces(rows)
    assert len(trace.model_calls) == 2


def test_what_is_not_understood_is_counted():
    summary = ImportSummary()
    searched = [{"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}] * 12
    late = {"role": "tool", "tool_call_id": "nowhere", "content": "x"}
    list(import_traces([{"messages": [late, {"role": "assistant", "content": searched}]}], summary=summary))
    assert summary.unread == {"answer to an unknown call": 1, "server_tool_use": 12}


@pytest.mark.parametrize("name", SAMPLES)
def test_no_mutation_of_a_sample_raises_anything_else(name):
    """Eighty of each, the same every time."""
    form, make = SAMPLES[name]
    chance = random.Random(name)  # noqa: S311  # no secret
    for turn in range(80):
        records = mutated(chance, copy.deepcopy(make()))
        try:
            for trace in import_traces(records, form if turn % 2 else None, on_skipped=lambda _: None):
                assert trace.trace_id
        except AwoError:
            continue


def mutated(chance, records):
    for _ in range(chance.choice([1, 1, 3])):
        holder, key = chance.choice(list(places(records)))
        match chance.randrange(4):
            case 0 if isinstance(holder, dict):
                holder[chance.choice(list(holder))] = copy.deepcopy(holder[key])
            case 1:
                del holder[key]
                return records
            case _:
                holder[key] = copy.deepcopy(chance.choice([*ODD, nested(300)]))
    return records


def places(value, depth=0):
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield value, key
        if depth < 20:
            yield from places(item, depth + 1)
