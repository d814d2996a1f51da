"""Routines for readers: the notation, Python code and differences."""
