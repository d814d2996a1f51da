"""A folder of Parquet files is read like any other store, and is written by an export."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from langchain_awo.errors import SchemaVersionError, StoreError, TornRecordError
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores import open_store
from langchain_awo.testing.store_conformance import example_trace, without_outputs

pytest.importorskip("pyarrow", reason="pyarrow is not installed")
pytest.importorskip("fsspec", reason="fsspec is not installed")

from langchain_awo.stores.parquet_export import export_parquet

DAY = 86_400


def dated(number, day=0, **changes):
    trace = example_trace(number, **changes)
    return Trace(
        **{name: getattr(trace, name) for name in trace.__slots__} | {"started_at": day * DAY + 60.0 + number}
    )


@pytest.fixture
def source(tmp_path):
    """A store with two projects, three days and a trace without a time."""
    path = tmp_path / "traces.db"
    with open_store(path, project="shop", tenant="acme") as store:
        store.append([dated(1, 0), dated(2, 1), Trace(trace_id="undated")])
    with open_store(path, project="help desk/é") as store:
        store.append([dated(1, 1, text="of the desk"), dated(4, 2)])
    with open_store(path) as store:
        yield store


@pytest.fixture(params=["local", "file", "memory"])
def folder(request, tmp_path, source):
    """The same traces exported to a path, a file URL and an object store in memory."""
    place = {
        "local": str(tmp_path / "runs.parquet"),
        "file": f"file://{tmp_path / 'runs.parquet'}",
        "memory": f"memory://{tmp_path.name}/runs.parquet",
    }[request.param]
    assert export_parquet(source, place).traces == 5
    return place


def ids(store, **conditions):
    return sorted((trace.trace_id, trace.domain) for trace in store.traces(**conditions))


def content(trace):
    return dumps(asdict(trace))


def test_traces_come_back_equal(folder, source):
    with open_store(folder, create=False) as store:
        read = sorted(store.traces(), key=content)
        assert read == sorted(source.traces(), key=content)
        assert len(store) == 5
        assert store.summarize().scopes == source.summarize().scopes
        assert store.get("trace-4") == dated(4, 2)
        with pytest.raises(KeyError, match="trace-9"):
            store.get("trace-9")


def test_only_what_is_asked_for_is_read(folder):
    with open_store(folder) as store:
        assert without_outputs(dated(4, 2)) in list(store.traces(outputs=False))


def test_conditions_and_labels_limit_what_is_read(folder):
    with open_store(folder) as store:
        assert ids(store, since=1 * DAY) == [("trace-1", "odd"), ("trace-2", "even"), ("trace-4", "even")]
        assert ids(store, before=1 * DAY) == [("trace-1", "odd")]
        assert ids(store, domain="even", task_ids=["task-2"]) == [("trace-2", "even")]
        assert ids(store, user="7", thread_id="thread-1") == [("trace-1", "odd")] * 2
    with open_store(folder, project="shop") as store:
        assert ids(store) == [("trace-1", "odd"), ("trace-2", "even"), ("undated", "")]
        again = store.url
    with open_store(folder, tenant="acme", project="help desk/é") as store:
        assert (ids(store), len(store)) == ([], 0)
    with open_store(again) as store:
        assert store.get("trace-1") == dated(1, 0)


def test_files_lie_by_project_and_day(tmp_path, source):
    export_parquet(source, str(tmp_path / "out"))
    folders = sorted(
        str(path.parent.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.parquet")
    )
    assert folders == [
        "project=help%20desk%2F%C3%A9/day=1970-01-02",
        "project=help%20desk%2F%C3%A9/day=1970-01-03",
        "project=shop/day=1970-01-01",
        "project=shop/day=1970-01-02",
        "project=shop/day=__HIVE_DEFAULT_PARTITION__",
    ]
    with open_store(tmp_path / "out") as store:
        assert len(store) == 5


def test_a_scoped_handle_exports_its_own_traces(tmp_path, source):
    with open_store(source.url, project="shop") as own:
        assert export_parquet(own, str(tmp_path / "own.parquet")).traces == 3


def test_nothing_stored_makes_an_empty_folder_that_opens(tmp_path):
    with open_store(tmp_path / "none.db") as store:
        export_parquet(store, str(tmp_path / "none.parquet"))
    with open_store(tmp_path / "none.parquet") as store:
        assert (list(store.traces()), len(store)) == ([], 0)


def test_a_folder_is_not_written_twice(tmp_path, source):
    export_parquet(source, str(tmp_path / "out.parquet"))
    with pytest.raises(StoreError, match="holds Parquet files already; choose a new folder"):
        export_parquet(source, str(tmp_path / "out.parquet"))


def test_a_folder_can_only_be_read(folder):
    with open_store(folder) as store:
        with pytest.raises(StoreError, match="can only be read"):
            store.append([example_trace(1)])
        with pytest.raises(StoreError, match="nothing was deleted"):
            store.delete(thread_id="x")


def test_a_folder_without_files_is_no_store(tmp_path):
    for name in ("gone.parquet", "parquet:///gone", "memory://gone.parquet"):
        with pytest.raises(StoreError, match="no folder with Parquet files"):
            open_store(name)


@pytest.mark.parametrize("kept", [0, 3, 100, 0.5, 0.999])
def test_a_truncated_file_is_named_and_the_others_are_read(tmp_path, source, kept):
    export_parquet(source, str(tmp_path / "out.parquet"))
    (victim,) = (tmp_path / "out.parquet").glob("project=shop/day=1970-01-01/*")
    whole = victim.read_bytes()
    victim.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    torn = []
    with open_store(tmp_path / "out.parquet") as store:
        assert len(list(store.traces(on_error=torn.append))) == 4
        assert len(store) == 4
        assert [error.where for error in torn] == [str(victim)]
        assert "nothing of this file can be read" in str(torn[0])
        with pytest.raises(TornRecordError, match="day=1970-01-01"):
            list(store.traces())


def test_a_damaged_part_costs_itself(tmp_path):
    """Bytes spoilt in the middle: what was read before and after is there, the rest is told."""
    with open_store(tmp_path / "many.db") as store:
        store.append(dated(n, text=str(n) * 40) for n in range(1200))
        export_parquet(store, str(tmp_path / "out.parquet"))
    (victim,) = (tmp_path / "out.parquet").rglob("*.parquet")
    content = bytearray(victim.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = b"\xff" * 400
    victim.write_bytes(content)
    torn = []
    with open_store(tmp_path / "out.parquet") as store:
        read = {trace.trial for trace in store.traces(on_error=torn.append)}
    assert read < set(range(1200))
    assert len(read) >= 600
    assert "row group" in torn[0].where


def test_a_file_of_something_else_is_told(tmp_path, source):
    import pyarrow as pa
    import pyarrow.parquet as pq

    export_parquet(source, str(tmp_path / "out.parquet"))
    pq.write_table(pa.table({"x": [1]}), tmp_path / "out.parquet" / "other.parquet")
    torn = []
    with open_store(tmp_path / "out.parquet") as store:
        assert len(list(store.traces(on_error=torn.append))) == 5
    assert "something else than traces" in str(torn[0])


def test_a_file_of_a_later_version_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "new.parquet").mkdir()
    later = pa.table({"x": [1]}).replace_schema_metadata({"langchain_awo": "traces", "schema_version": "9"})
    pq.write_table(later, Path(tmp_path / "new.parquet" / "a.parquet"))
    with open_store(tmp_path / "new.parquet") as store, pytest.raises(SchemaVersionError, match="'9'"):
        list(store.traces())
