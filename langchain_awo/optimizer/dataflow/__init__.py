"""Runs in, bindings out: where the arguments of calls come from, by consensus over many traces."""
