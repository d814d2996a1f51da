"""Routines as data: steps, bindings, guards and the plan, with their one meaning and their file format."""
