"""Coverage-guided fuzzing of one target with Atheris: `python -m tests.fuzz.drive TARGET SECONDS [CORPUS]`, or `make fuzz`.

An input that makes the target fail is written to `tests/fuzz/found/TARGET`, where the tests try it ever after. Inputs that reach new
code are left in the folder CORPUS, for the next time and for `tests.fuzz.many`.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import random
import sys
import tempfile
from pathlib import Path
from types import FunctionType, ModuleType

import atheris

from tests.fuzz.databases import change_database
from tests.fuzz.mutating import change_json
from tests.fuzz.seeds import seeds_of
from tests.fuzz.targets import READ_BY, TARGETS, Target

LONGEST = 16_384
SHORTER = {"mask": 1_024, "text": 2_048}
"""Where the work is in the length of a text and what a text can say is not, shorter inputs are more inputs."""

BYTES_IN = 4
"""One change in so many is of bytes, also where a target reads JSON or a database."""


def main() -> None:
    """Fuzzes until the time is over, or until the target fails."""
    name, seconds, *kept = sys.argv[1:]
    found = Path(__file__).parent / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    seeds = seeds_of(name)
    logging.disable()  # a warning for each input would cost more than the input
    sys.stderr.write(f"{watch(READ_BY[name])} functions are watched\n")
    with tempfile.TemporaryDirectory() as made:
        corpus = kept[0] if kept else made
        Path(corpus).mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={SHORTER.get(name, LONGEST)}",
            f"-artifact_prefix={found}/",
            "-timeout=30",
            "-rss_limit_mb=2048",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], keeping(TARGETS[name], found), custom_mutator=mutate)
        atheris.Fuzz()


def keeping(target: Target, folder: Path) -> Target:
    """The target; what makes it fail is kept."""

    def run(data: bytes) -> None:
        try:
            target(data)
        except BaseException:
            (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
            raise

    return run


def watch(prefixes: tuple[str, ...]) -> int:
    """Watches what the modules of a target run; to watch the whole package takes longer than a target is given.

    Returns:
        How many functions there are.
    """
    modules = [module for name, module in list(sys.modules.items()) if name.startswith(prefixes)]
    functions = {each.__code__: each for module in modules for each in functions_of(module)}
    for each in functions.values():
        atheris.instrument_func(each)
    return len(functions)


def functions_of(module: ModuleType) -> list[FunctionType]:
    """Those that the module itself defines, in its classes too."""
    own = [each for each in vars(module).values() if getattr(each, "__module__", None) == module.__name__]
    inside = [each for owner in own if inspect.isclass(owner) for each in vars(owner).values()]
    plain = (
        inspect.unwrap(getattr(each, "fget", getattr(each, "__func__", each))) for each in [*own, *inside]
    )
    return [each for each in plain if isinstance(each, FunctionType) and each.__module__ == module.__name__]


def mutate(data: bytes, longest: int, seed: int) -> bytes:
    """Another input, near this one."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    change = change_database if data.startswith(b"SQLite format 3") else change_json
    changed = change(data, chance) if chance.randrange(BYTES_IN) else None
    return changed if changed is not None and len(changed) <= longest else atheris.Mutate(data, longest)


if __name__ == "__main__":
    main()
