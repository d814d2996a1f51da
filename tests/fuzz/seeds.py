"""What fuzzing starts from: a small good input of every kind, and the files of a folder that `AWO_FUZZ_CORPUS` names."""

from __future__ import annotations

import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from langchain_core.messages import messages_from_dict
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.sqlite import SqliteSaver

import langchain_awo as awo
from langchain_awo.capture.importers.messages import import_messages
from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, ToolSpec, Trace
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.optimizer.counting.state import to_bytes
from langchain_awo.optimizer.counting.summary import summarize
from langchain_awo.optimizer.pipeline import Options, compile_plan
from langchain_awo.plan_file import encode_plan
from tests.capture.importers.samples import SAMPLES
from tests.fuzz.databases import pack
from tests.model.test_plan_schema import FULL
from tests.review.recordings import runs

TEXTS = (
    b'{"id": 12345678901234567890, "a": [1e400, NaN, "\\ud800"]}',
    b"{'id': 7, 'when': datetime.date(2024, 1, 2)}",
    b"id,city\n7,Porto\n8,Faro",
    b"| id | city |\n|---|---|\n| 7 | Porto |",
    b"<order id='7'><city>Porto</city></order>",
    b"Orders:\n- id: 7\n  city: Porto\n- id: 8",
    b"Login failed: password=hunter22; Authorization: Bearer abc.def-ghi",
    b"https://ann:pw@host/x?api_key=q7Zp2Vx9Lk4Wn8Tb3Rc6Yd1Hf5Gj0Ms4",
    b"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
)
RULES = (
    b"version: 1\nrules:\n- ignore:\n    tool: think\n- alias:\n    tools: [get_a, get_b]\n    name: get\n"
)
REVIEWED = Options(writes="guarded", effects={"page_team": Effect.WRITE, "pay_back": Effect.WRITE})
CONFIG = b'traces = "traces.db"\n[effects]\nrefund = "write"\n[compile]\nmax_tools = 3\n'


def seeds_of(target: str) -> list[bytes]:
    """Good inputs of a target."""
    own = {
        "records": _records,
        "lines": lambda: [_stored("traces.jsonl")],
        "database": lambda: [_stored("traces.db"), _checkpoints()],
        "mask": lambda: list(TEXTS),
        "text": lambda: list(TEXTS),
        "messages": lambda: [_messages()],
        "toolkit": lambda: [_toolkit()],
        "rules": lambda: [RULES],
        "config": lambda: [CONFIG],
        "token": lambda: [b"0123456789abcdef.0123456789abcdef01234567"],
        "sealed": lambda: [_toolkit(), encode_plan(FULL).encode(), encode_plan(reviewed_plan()).encode()],
        "notation": lambda: [format_meta_tool(each, whole=True).encode() for each in _known()],
        "decide": lambda: [json.dumps(each).encode() for each in _decisions()],
        "state": lambda: [to_bytes(summarize([_trace()]))],
    }[target]()
    return [*own, *(_given() if target in ("records", "text") else [])]


@cache
def reviewed_plan() -> ToolkitPlan:
    """A plan with a routine for every action of the review page."""
    return compile_plan(list(import_messages(runs(30))), options=REVIEWED)


def _known() -> list[MetaTool]:
    return [*FULL.meta_tools, *reviewed_plan().meta_tools]


def _decisions() -> list[dict[str, Any]]:
    """Each action of the page, on each routine that it could be meant for."""
    values = {
        "accept": "read it",
        "reject": "not this one",
        "undecide": "",
        "rename": "another_name",
        "reword": "Says what it does.",
        "mode": "continue",
        "approval": ["pay_back", "page_team"],
    }
    return [
        {"name": each.name, "action": action, "value": value, "by": "ann", "stamp": "0"}
        for each in reviewed_plan().meta_tools
        for action, value in values.items()
    ]


def found_by(target: str) -> list[Path]:
    """Inputs that once made a target fail."""
    return sorted((Path(__file__).parent / "found" / target).glob("*"))


def _records() -> list[bytes]:
    """Each sample, to be recognised."""
    rows = (make() for _, make in SAMPLES.values())
    texts = ("\n".join(map(json.dumps, each if isinstance(each, list) else [each])) for each in rows)
    return [b"\0" + text.encode() for text in texts]


def _given() -> list[bytes]:
    folder = os.environ.get("AWO_FUZZ_CORPUS")
    files = sorted(Path(folder).glob("*")) if folder else []
    return [b"\0" + path.read_bytes() for path in files if path.is_file()]


def _trace() -> Trace:
    call = ToolCallRecord(call_id="c", name="find", args={"id": 7}, output={"city": "Porto"}, model_call=0)
    return Trace(
        trace_id="run-1",
        messages=(Message(role="user", text="go", before=0),),
        model_calls=(ModelCallRecord(model="m"),),
        tool_calls=(call,),
        tools=(ToolSpec(name="find", parameters={"type": "object"}),),
    )


@cache
def _stored(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        with awo.open_store(path) as store:
            store.append([_trace()])
        return pack(path) if path.suffix == ".db" else path.read_bytes()


SAID = (
    {"type": "human", "data": {"content": "go"}},
    {"type": "ai", "data": {"content": "", "tool_calls": [{"name": "find", "args": {}, "id": "1"}]}},
    {"type": "tool", "data": {"content": "x", "tool_call_id": "1"}},
)


def _messages() -> bytes:
    return json.dumps(SAID).encode()


@cache
def _checkpoints() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/checkpoints.db"
        with SqliteSaver.from_conn_string(path) as saver:
            kept = empty_checkpoint() | {"channel_values": {"messages": messages_from_dict(list(SAID))}}
            where = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
            saver.put(where, kept, {"source": "loop", "step": 1, "parents": {}}, {})
        return pack(Path(path))


@cache
def _toolkit() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "toolkit.json"
        awo.compile_toolkit([_trace()]).save(path)
        return path.read_bytes()
