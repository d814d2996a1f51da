"""The public surface is this list."""

from __future__ import annotations

import inspect

import pytest

import langchain_awo


def test_the_names_are_explicit_and_sorted():
    assert langchain_awo.__all__ == sorted(langchain_awo.__all__)
    assert dir(langchain_awo) == langchain_awo.__all__
    assert langchain_awo.__all__ == [
        "AwoError",
        "Effect",
        "MaskRules",
        "MetaToolMiddleware",
        "MetaToolkit",
        "Trace",
        "TraceRecorder",
        "TraceStore",
        "__version__",
        "compile_toolkit",
        "estimate",
        "import_traces",
        "load_traces",
        "monitor",
        "open_store",
        "recompile",
        "record",
        "report",
        "session",
        "tool_node",
        "workflow_graph",
    ]


@pytest.mark.parametrize("name", [name for name in langchain_awo.__all__ if name != "__version__"])
def test_every_name_is_there_and_says_what_it_is(name):
    assert inspect.getdoc(getattr(langchain_awo, name))


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = langchain_awo.nothing
