"""A server or a program told to end in the middle of a request: the run in flight is stored, finished or as abandoned."""

from __future__ import annotations

import signal

import pytest

import langchain_awo as awo
from tests.capture.test_autorecord import end_with_sigterm

TOOLS = """
import os, signal, socket, sys, threading, time, urllib.request
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

release = threading.Event()

@tool
def look(text: str) -> str:
    "Looks."
    return text

@tool
def wait(text: str) -> str:
    "Waits until it may go on."
    print("in flight", flush=True)
    release.wait(60)
    return text

@RunnableLambda
def run(text, config):
    look.invoke({"text": text}, config)
    return wait.invoke({"text": text}, config)
"""

PROGRAM = f"{TOOLS}\nrun.invoke('request')\n"

SERVER = f"""
import asyncio
{TOOLS}
import uvicorn

async def application(scope, receive, send):
    text = await asyncio.to_thread(run.invoke, "request")
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": text.encode()}})

class Server(uvicorn.Server):
    def handle_exit(self, *signalled):
        super().handle_exit(*signalled)
        release.set()

listening = socket.create_server(("127.0.0.1", 0))
address = "http://127.0.0.1:%d" % listening.getsockname()[1]
threading.Thread(target=lambda: print(urllib.request.urlopen(address).read().decode(), flush=True)).start()
Server(uvicorn.Config(application, lifespan="off", log_level="error")).run(sockets=[listening])
"""


def end_in_flight(source, folder):
    """What a recorded program prints after SIGTERM, sent while its tool waits; and its exit code."""
    (folder / "program.py").write_text(source)
    return end_with_sigterm(["program.py"], folder, ready="in flight", timeout=60)


def calls_of(folder):
    (trace,) = awo.load_traces(folder / "traces.db")
    return [(call.name, call.status) for call in trace.tool_calls]


def test_a_program_keeps_what_the_run_in_flight_has_done(tmp_path):
    assert end_in_flight(PROGRAM, tmp_path) == ("", -signal.SIGTERM)
    assert calls_of(tmp_path) == [("look", "ok"), ("wait", "abandoned")]


def test_a_server_answers_the_request_in_flight_and_stores_its_run_whole(tmp_path):
    pytest.importorskip("uvicorn")
    printed, _ = end_in_flight(SERVER, tmp_path)
    assert printed == "request\n"
    assert calls_of(tmp_path) == [("look", "ok"), ("wait", "ok")]
