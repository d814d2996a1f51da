"""A recorder whose sink is a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.model.trace.trace import Trace
from tests.capture.scripted_agents import ListSink


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


@pytest.fixture
def recorder(sink: ListSink) -> Iterator[CallbackRecorder]:
    with CallbackRecorder(sink) as recorder:
        yield recorder
    assert recorder.dropped == 0


@pytest.fixture
def recorded(recorder: CallbackRecorder, sink: ListSink) -> Callable[[], list[Trace]]:
    def flushed() -> list[Trace]:
        assert recorder.flush(timeout=20)
        return sink.traces

    return flushed
