"""`awo schema`: the JSON Schema of a toolkit file."""

from __future__ import annotations

from langchain_awo.cli.terminal import put_json


def schema() -> None:
    """Print the JSON Schema of a compiled toolkit.

    Example: `awo schema > toolkit.schema.json`
    """
    from langchain_awo.model.ir.plan_schema import plan_schema

    put_json(plan_schema())
