"""Which threads get no meta-tools, so that there is something to compare with."""

from __future__ import annotations

import random

from langgraph.config import get_config

from langchain_awo.model.text.encoding import compute_digest


def is_held_out(share: float) -> bool:
    """Whether the current thread is held out: always the same for one thread, by chance without one.

    Args:
        share: of all threads, between 0 and 1.
    """
    if share <= 0:
        return False
    thread = get_config().get("configurable", {}).get("thread_id")
    chance = int(compute_digest(str(thread)), 16) / 16**16 if thread is not None else random.random()  # noqa: S311  # no secret
    return chance < share
