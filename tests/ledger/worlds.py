"""Tries the ledger in many worlds and counts: `python -m tests.ledger.worlds 100` takes about ten minutes of CPU.

Prints, for every figure of every verb, in how many trials it was within its stated interval of what was executed, and by how much it
was off where it was not; then the trials in which something was off.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_awo.optimizer.log.corpus import build_corpus
from tests.ledger.trial import MODES, Check, WorldTrial, losses


def checks_of(world: WorldTrial) -> Iterator[tuple[str, Check]]:
    """Every check of a world, with the mode that it was made in."""
    for mode in MODES:
        if (trial := world.trial(mode)) is not None:
            yield from ((mode or "as planned", each) for each in trial.checks())
    yield from (("as planned", each) for each in world.verbs())
    yield (
        "as planned",
        Check("compile: meta-tools that lose both", len(losses(world.plan, build_corpus(world.recorded))), 0),
    )


def main(first: int, count: int) -> None:
    """Tries so many worlds and prints what came of it."""
    found: dict[str, list[Check]] = defaultdict(list)
    off: list[str] = []
    for seed in range(first, first + count):
        with TemporaryDirectory() as folder:
            for mode, check in checks_of(WorldTrial(seed, Path(folder))):
                found[check.name].append(check)
                if not check.holds:
                    told = f"{check.name}: {check.said:,.4g}, executed {check.executed:,.4g} \u00b1 {check.within:,.4g}"
                    off.append(f"world {seed}, {mode}: {told}\n")
                    sys.stderr.write(off[-1])
        sys.stderr.write(f"{seed + 1 - first} of {count} worlds, {len(off)} off\n")
    for name, checks in found.items():
        held = [each.holds for each in checks]
        sys.stdout.write(f"{name:40} {sum(held):5,} of {len(held):,}\n")
    sys.stdout.write("".join(off))


if __name__ == "__main__":
    main(int(sys.argv[2]) if len(sys.argv) > 2 else 0, int(sys.argv[1]))
