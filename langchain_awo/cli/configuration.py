"""`awo config`: which file gives defaults, and which."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from langchain_awo.cli.config import FILE, TABLE, Config
from langchain_awo.cli.options import AsJson
from langchain_awo.cli.terminal import put, put_json


def show_config(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the defaults of the other verbs and the file they come from; the command line takes precedence.

    Example: `awo config --json`
    """
    config: Config = context.obj
    if as_json:
        file = str(config.path) if config.path else None
        put_json({"file": file, "values": dict(config.values)})
    elif config.path is None:
        put(
            f"neither {FILE} nor {TABLE} in pyproject.toml, in {Path.cwd()}; every option has its own default"
        )
    else:
        put(config.where)
        put(
            "\n".join(
                f"{key.replace('_', '-')} = {json.dumps(value)}" for key, value in config.values.items()
            )
        )
