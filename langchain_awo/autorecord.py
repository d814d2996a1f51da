"""Recording that is switched on from outside: by an import of this module, or as `python -m langchain_awo.autorecord script.py`.

The environment says where to and under which labels; without `AWO_RECORD` nothing happens at all:

| variable | is |
|---|---|
| `AWO_RECORD` | where traces go: `traces.db`, a path or a URL |
| `AWO_TASK_ID` | the task of every run that does not name its own |
| `AWO_PROJECT` | a domain for every run that does not name its own |
| `AWO_TAGS` | further tags, separated by commas |

Nothing in here stops a program: if the store cannot be opened it is said in a warning, and the program runs unrecorded.
"""

from __future__ import annotations

import logging
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from langchain_awo.api.recording import TraceRecorder
from langchain_awo.capture.draining import drain_on_sigterm
from langchain_awo.capture.install import record_everywhere
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.capture.state import Label
from langchain_awo.errors import AwoError
from langchain_awo.model.secrets import hide_secrets

RECORD: Final = "AWO_RECORD"
"""The variable that switches recording on."""

logger = logging.getLogger(__name__)

_started: list[CallbackRecorder] = []


def start(environment: Mapping[str, str] | None = None) -> CallbackRecorder | None:
    """Records every LangChain run of this process from now on, once, if the environment says so.

    The traces of runs that are over are written when the program is told to end by SIGTERM, unless it handles that itself.

    Args:
        environment: variables to read; those of the process if not given.

    Returns:
        The recorder, `None` where nothing is recorded.
    """
    variables = os.environ if environment is None else environment
    address = variables.get(RECORD, "").strip()
    if not address or _started:
        return _started[0] if _started else None
    try:
        recorder = TraceRecorder(address, defaults=_read_label(variables))
    except (AwoError, OSError, ImportError) as error:
        logger.warning(
            "%s=%s: nothing is recorded; the program continues: %s",
            RECORD,
            hide_secrets(address),
            hide_secrets(str(error)),
        )
        return None
    _started.append(recorder)
    record_everywhere(recorder)
    drain_on_sigterm(recorder)
    return recorder


def _read_label(variables: Mapping[str, str]) -> Label:
    tags = (tag.strip() for tag in variables.get("AWO_TAGS", "").split(","))
    return Label(
        task_id=variables.get("AWO_TASK_ID") or None,
        domain=variables.get("AWO_PROJECT", ""),
        tags=tuple(tag for tag in tags if tag),
    )


def main(arguments: Sequence[str]) -> None:
    """Runs a script, or a module with `-m`, as `python` does."""
    if not arguments or arguments in (["-m"], ["-h"], ["--help"]):
        sys.exit(
            "usage: python -m langchain_awo.autorecord script.py [arguments ...], or -m module [arguments ...]"
        )
    if arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        sys.path[0:0] = [str(Path.cwd())]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(arguments)
        sys.path[0:0] = [str(Path(arguments[0]).resolve().parent)]
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    # Under its own name: the program may import it too, and recording starts once.
    import_module("langchain_awo.autorecord").main(sys.argv[1:])
else:
    start()
