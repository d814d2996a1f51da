"""What a routine does next, decided in one place for mining, verification, replay and execution.

In: a meta-tool, and the outcome of each call it asked for. Out: the next calls, and in the end what became of the routine.
Nothing here makes a call. The executor plugs live tools in, replay plugs in recorded calls.

- `deciding`: which calls one step makes, given what exists, or why it makes none
- `execution`: a whole routine, step by step, with what stops it
- `outcome`: the data that passes between the routine and whoever makes its calls
- `explaining`: the same decisions as sentences for a model and a person
"""
