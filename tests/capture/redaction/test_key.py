"""The key of the masks stays with the user."""

from __future__ import annotations

import multiprocessing
import stat

import pytest

from langchain_awo.api.recording import TraceRecorder
from langchain_awo.capture.redaction import KEY_VARIABLE, Redactor, use_key_beside
from langchain_awo.capture.redaction.fingerprint import Fingerprint
from langchain_awo.errors import MaskError
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.stores import open_store
from tests.capture.scripted_agents import look

TRACE = Trace(
    trace_id="x",
    tool_calls=(ToolCallRecord(call_id="1", name="t", args={"password": "hunter22"}),),
)


def mask_in(redactor: Redactor) -> str:
    return redactor.redact(TRACE).tool_calls[0].args["password"]


def mask_of_process(store: str) -> str:
    return mask_in(Redactor(key=use_key_beside(store)))


@pytest.mark.parametrize("name", ["traces.db", "traces.jsonl"])
def test_a_secret_has_the_same_mask_in_every_run_of_a_program(tmp_path, name):
    store = str(tmp_path / name)
    assert mask_of_process(store) == mask_of_process(store)
    assert mask_of_process(store) != mask_of_process(str(tmp_path / "other.db"))


def test_the_key_is_a_file_beside_the_store_that_only_its_owner_reads(tmp_path):
    store = str(tmp_path / "traces.db")
    mask = mask_of_process(store)
    key = tmp_path / "traces.db.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text().strip() not in mask
    assert [path.name for path in tmp_path.iterdir()] == ["traces.db.key"]


def test_without_a_secret_there_is_no_key(tmp_path):
    Redactor(key=use_key_beside(str(tmp_path / "traces.db"))).redact(Trace(trace_id="x"))
    assert list(tmp_path.iterdir()) == []


def test_processes_that_start_together_share_one_key(tmp_path):
    store = str(tmp_path / "traces.db")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        masks = pool.map(mask_of_process, [store] * 4)
    assert len(set(masks)) == 1


def test_the_environment_comes_first_and_writes_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "k" * 32)
    one, two = (mask_of_process(str(tmp_path / name)) for name in ("a.db", "b.db"))
    assert one == two
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_given_is_used(tmp_path):
    for name in ("a.db", "b.db"):
        with TraceRecorder(tmp_path / name, mask_key="k" * 32) as recorder:
            look.invoke({"where": "password: hunter22"}, {"callbacks": [recorder]})
    one, two = (
        next(iter(open_store(tmp_path / name).traces())).tool_calls[0].args for name in ("a.db", "b.db")
    )
    assert one == two
    assert "hunter22" not in one["where"]


def test_a_short_key_is_refused(tmp_path):
    with pytest.raises(MaskError, match="at least 16"):
        TraceRecorder(tmp_path / "a.db", mask_key="short")


def test_a_key_file_that_cannot_be_used_is_said_and_nothing_is_stored_in_clear(tmp_path, caplog):
    (tmp_path / "traces.db.key").mkdir()
    assert mask_of_process(str(tmp_path / "traces.db")).startswith("<secret:")
    assert KEY_VARIABLE in caplog.text


def test_a_key_file_that_others_can_read_is_said(tmp_path, caplog):
    store = str(tmp_path / "traces.db")
    mask_of_process(store)
    (tmp_path / "traces.db.key").chmod(0o644)
    mask_of_process(store)
    assert "chmod 600" in caplog.text


def test_masks_have_sixty_four_bits():
    masks = {Fingerprint(lambda: b"k" * 32).mask(str(index)) for index in range(1_000)}
    assert len(masks) == 1_000
    assert all(len(mask) == len("<secret:>") + 16 for mask in masks)
