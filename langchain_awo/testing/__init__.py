"""Test doubles that ship with the package, for its users' tests as well as its own.

Scripted chat models stand in for an LLM; generated tool worlds have a data flow that is known.
"""

from __future__ import annotations

from langchain_awo.testing.judging import Judgement, judge
from langchain_awo.testing.scripted import Policy, ScriptedCall, ScriptedChatModel, ScriptStep, ask_tools
from langchain_awo.testing.world_building import generate_world
from langchain_awo.testing.world_runs import play
from langchain_awo.testing.worlds import QUIET, Flow, Noise, ToolWorld, WorldTool

__all__ = [
    "QUIET",
    "Flow",
    "Judgement",
    "Noise",
    "Policy",
    "ScriptStep",
    "ScriptedCall",
    "ScriptedChatModel",
    "ToolWorld",
    "WorldTool",
    "ask_tools",
    "generate_world",
    "judge",
    "play",
]
