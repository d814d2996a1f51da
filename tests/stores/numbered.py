"""Traces that processes of a test make, without the time it takes to import LangChain."""

from __future__ import annotations

from langchain_awo.model.trace.trace import (
    Message,
    ModelCallRecord,
    TokenUsage,
    ToolCallRecord,
    ToolSpec,
    Trace,
)


def numbered_trace(number):
    """A trace of a number; those of different numbers differ in every part."""
    return Trace(
        trace_id=f"trace-{number}",
        task_id=f"task-{number % 3}",
        trial=number,
        started_at=1000.5 + number,
        messages=(Message(role="user", text=f"Where is {number}?", before=0),),
        model_calls=(ModelCallRecord(usage=TokenUsage(input_tokens=number)), ModelCallRecord(text="Done.")),
        tool_calls=tuple(
            ToolCallRecord(
                call_id=f"c{k}", name="find", args={"n": number}, output=[number] * 20, model_call=0
            )
            for k in range(3)
        ),
        tools=(ToolSpec(name="find", description="Finds."),),
    )
