"""Test doubles that ship with the package, for its users' tests as well as its own."""

from __future__ import annotations

from langchain_awo.testing.scripted import Policy, ScriptedCall, ScriptedChatModel, ScriptStep, ask_tools

__all__ = ["Policy", "ScriptStep", "ScriptedCall", "ScriptedChatModel", "ask_tools"]
