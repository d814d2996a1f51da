"""Coverage-guided fuzzing of one target with Atheris: `python -m tests.fuzz.drive TARGET SECONDS`, or `make fuzz`.

An input that makes the target fail is written to `tests/fuzz/found/TARGET`, where the tests try it ever after.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["langchain_awo"]):
    from tests.fuzz.seeds import seeds_of
    from tests.fuzz.targets import TARGETS

LONGEST = 4_096


def main() -> None:
    """Fuzzes until the time is over, or until the target fails."""
    name, seconds = sys.argv[1], sys.argv[2]
    found = Path(__file__).parent / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds_of(name)):
            (Path(corpus) / str(number)).write_bytes(seed)
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST}",
            f"-artifact_prefix={found}/",
            "-timeout=30",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
