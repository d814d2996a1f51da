"""A server that is told to end answers what it has begun, and loses no trace of it."""

from __future__ import annotations

import pytest

import langchain_awo as awo
from tests.capture.test_autorecord import run

pytest.importorskip("uvicorn")

SERVER = """
import os, signal, socket, threading, urllib.request
import uvicorn
from langchain_core.tools import tool

@tool
def note(text: str) -> str:
    "Notes."
    return text

async def application(scope, receive, send):
    text = note.invoke({"text": scope["path"]})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})

listening = socket.create_server(("127.0.0.1", 0))
port = listening.getsockname()[1]

def ask():
    for number in range(20):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/{number}", timeout=20).read()
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=ask).start()
uvicorn.Server(uvicorn.Config(application, lifespan="off", log_level="error")).run(sockets=[listening])
"""


def test_what_uvicorn_answered_before_sigterm_is_stored(tmp_path):
    (tmp_path / "server.py").write_text(SERVER)
    done = run(["-m", "langchain_awo.autorecord", "server.py"], tmp_path, AWO_RECORD="traces.db")
    stored = {trace.tool_calls[0].args["text"] for trace in awo.load_traces(tmp_path / "traces.db")}
    assert stored == {f"/{number}" for number in range(20)}, done.stderr
