"""Merging rules in, runs as canonical calls out; also the rules file, and rules suggested from traces."""
