"""Runs in, verified candidate routines out, and what was refused with its reason."""
