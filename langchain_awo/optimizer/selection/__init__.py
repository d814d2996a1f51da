"""Candidates in, a small set of named meta-tools out: chosen, given a mode, named, with their outputs pruned."""
