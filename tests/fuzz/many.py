"""Many changes of good inputs, one after the other: `python -m tests.fuzz.many TARGET COUNT MINUTES [CORPUS]`, whichever is over first.

Minutes are of processor time.
`tests.fuzz.drive` finds inputs that reach new code and leaves them in CORPUS; watching what they reach takes ten times as long as
reading them does. This tries changes of all of them, and of the good inputs, without watching. What fails is kept in
`tests/fuzz/found/TARGET`, one input for each kind of failure.
"""

from __future__ import annotations

import hashlib
import logging
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Final

from tests.fuzz.databases import change_database
from tests.fuzz.mutating import change_bytes, change_json
from tests.fuzz.seeds import found_by, seeds_of
from tests.fuzz.targets import TARGETS

LONGEST: Final = 16_384
BYTES_IN: Final = 4
"""One change in so many is of bytes, also where a target reads JSON or a database."""

HANGS: Final = 30
"""Seconds of processor time after which an input counts as one that never ends, however busy the machine is."""

MEMORY: Final = 4 << 30


def main() -> None:
    """Tries changes; the exit code is the number of kinds of failures."""
    name, count, minutes, *corpus = sys.argv[1:]
    files = [path for folder in corpus for path in sorted(Path(folder).iterdir()) if path.is_file()]
    good = [*seeds_of(name), *(path.read_bytes() for path in [*found_by(name), *files])]
    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    began = time.process_time()
    inputs = until(began + 60 * float(minutes), generate_inputs(good, int(count)))
    tried, kinds = try_all(TARGETS[name], inputs, keeping_in(name))
    sys.stdout.write(
        f"{name}: {tried:,} inputs from {len(good)}, {(time.process_time() - began) / 60:.1f} minutes, "
        f"{len(kinds)} kinds of failures {sorted(kinds)}\n"
    )
    sys.exit(len(kinds))


def until(end: float, inputs: Iterator[bytes]) -> Iterator[bytes]:
    """The inputs that there is time for."""
    return takewhile(lambda _: time.process_time() < end, inputs)


def generate_inputs(good: list[bytes], count: int) -> Iterator[bytes]:
    """The same ones every time, in proportion to how short what they are made from is, so that time goes evenly."""
    chance = random.Random(count)  # noqa: S311  # no secret
    weights = [1 / (200 + len(each)) for each in good]
    for start in chance.choices(good, weights, k=count):
        yield change_somehow(start[:LONGEST], good, chance)


def change_somehow(data: bytes, good: list[bytes], chance: random.Random) -> bytes:
    """One to five changes; of bytes, or such as leave the format whole."""
    if chance.randrange(BYTES_IN):
        head, rest = (data[:1], data[1:]) if data[:1] == b"\0" else (b"", data)
        change = change_database if data.startswith(b"SQLite format 3") else change_json
        if (changed := change(rest, chance)) is not None:
            return (head + changed)[:LONGEST]
    found = bytearray(data)
    if chance.randrange(8) == 0:
        other = chance.choice(good)
        at = chance.randrange(len(other) + 1)
        found[chance.randrange(len(found) + 1) :] = other[at : at + LONGEST]
    for _ in range(chance.choice([1, 1, 2, 5])):
        change_bytes(found, chance)
    return bytes(found[:LONGEST])


def try_all(
    target: Callable[[bytes], None], inputs: Iterator[bytes], keep: Callable[[bytes], None]
) -> tuple[int, set[str]]:
    """How many inputs there were, and the kinds of failures: the exception and where it was raised. The first of each is kept."""
    tried, kinds = 0, set[str]()
    signal.signal(signal.SIGPROF, _give_up)
    for data in inputs:
        tried += 1
        signal.setitimer(signal.ITIMER_PROF, HANGS)
        try:
            target(data)
        except Exception as error:  # noqa: BLE001  # this is what is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} {Path(where.filename).name}:{where.lineno}"
            if kind not in kinds:
                keep(data)
            kinds.add(kind)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return tried, kinds


def keeping_in(name: str) -> Callable[[bytes], None]:
    """Keeps inputs that make a target fail where the tests try them."""
    folder = Path(__file__).parent / "found" / name

    def keep(data: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)

    return keep


def _give_up(number: int, frame: object) -> None:
    raise TimeoutError("it does not end")


if __name__ == "__main__":
    main()
