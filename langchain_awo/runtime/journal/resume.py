"""Runs that only the conversation knows of: it says that something was done, and nobody remembers what.

That is all a message is good for. What it says may be old, incomplete or forged, so nothing is taken up from it; but
what it says was done is not done again.
"""

from __future__ import annotations

from collections.abc import Mapping

from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.prebuilt import ToolRuntime

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.trace.handback import HandBack
from langchain_awo.runtime.journal.identity import list_messages

WISH = "wish"
"""Where an artifact keeps the digest of the meta-tool and the arguments it was called with."""


def find_reported_token(meta_tool: MetaTool, wish: str, runtime: ToolRuntime | None) -> str | None:
    """The resume token of the latest run for the same wish that the user heard of and that is not complete.

    Args:
        meta_tool: what is called.
        wish: digest of the meta-tool and its arguments.
        runtime: of the call; without a graph nothing is known of the conversation.
    """
    for message in reversed(list_messages(runtime)):
        if isinstance(message, HumanMessage):
            return None
        kept = message.artifact if isinstance(message, ToolMessage) else None
        if isinstance(kept, Mapping) and kept.get(WISH) == wish:
            return _choose_token(meta_tool, HandBack.read(kept))
    return None


def _choose_token(meta_tool: MetaTool, told: HandBack | None) -> str | None:
    """What goes on where a call stopped, if it had changed something."""
    if told is None or not told.is_stopped:
        return None
    steps = meta_tool.steps
    done = [call.step for call in told.calls if 0 < call.step <= len(steps)]
    has_changed = any(not steps[number - 1].effect.is_read for number in done)
    return told.resume_token if has_changed else None
