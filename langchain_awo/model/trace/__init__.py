"""Runs as data: traces, threads of them, and what is known of tools."""
