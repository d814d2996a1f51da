"""Traces in, runs out: rounds and calls in segments, effect classes of tools, meta-tool calls inlined, variants of runs."""
