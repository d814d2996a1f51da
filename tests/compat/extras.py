"""The wheel, installed elsewhere with one extra at a time, and used: `python -m tests.compat.extras [EXTRA ...]`.

Builds the wheel, checks what is in it, and makes a fresh virtual environment for each extra (`none` is the package alone). There
`probe.py` runs, and every public name is imported with warnings as errors. Needs a package index; takes minutes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Final
from zipfile import ZipFile

ROOT: Final = Path(__file__).parents[2]
PROBE: Final = Path(__file__).parent / "probe.py"
IMPORTS: Final = """
import langchain_awo
for name in langchain_awo.__all__:
    try:
        getattr(langchain_awo, name)
    except langchain_awo.AwoError as error:
        print(name, 'needs', error.extra)
"""
RUNS: Final = {
    "imports, warnings are errors": ["-W", "error", "-c", IMPORTS],
    "uses": [str(PROBE)],
}
PIP: Final = ["-m", "pip", "--quiet", "--disable-pip-version-check"]


def main() -> int:
    """Tries every extra, or those that are named; 1 if something is wrong."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = sys.argv[1:] or ["none", *project["optional-dependencies"]]
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder))
        wrong = wrong_files(wheel)
        say(f"{wheel.name}: {wrong or 'has the files that it should have, and no others'}")
        failed = [extra for extra in asked if not works(extra, wheel, Path(folder) / extra)]
    say(f"failed: {', '.join(failed)}" if failed else f"{len(asked)} environments work")
    return int(bool(failed or wrong))


def build(folder: Path) -> Path:
    """The wheel of this clone."""
    run([sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


def wrong_files(wheel: Path) -> list[str]:
    """What the wheel lacks of the package, data and all, and what it has besides."""
    package = ROOT / "langchain_awo"
    files = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    expected = {path.relative_to(ROOT).as_posix() for path in files}
    found = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    return sorted(f"lacks {name}" for name in expected - found) + sorted(
        f"has {name}" for name in found - expected
    )


def works(extra: str, wheel: Path, folder: Path) -> bool:
    """Whether the package does all that it should with this extra, and asks for the others."""
    venv.create(folder, with_pip=True)
    python = str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    wanted = str(wheel) if extra == "none" else f"{wheel}[{extra}]"
    installed = run([python, *PIP, "install", "--no-compile", "--only-binary", ":all:", wanted], cwd=folder)
    if installed.returncode:
        say(f"== {extra}: cannot be installed: {installed.stderr[-400:]}")
        return False
    given = [] if extra == "none" else [extra]
    done = {what: run([python, *options, *given], cwd=folder) for what, options in RUNS.items()}
    for what, each in done.items():
        said = "; ".join(each.stdout.split("\n")).strip("; ")
        say(
            f"== {extra}, {what}: {'ok' if not each.returncode else 'FAILED'}: {said}{each.stderr[-800:] if each.returncode else ''}"
        )
    return not any(each.returncode for each in done.values())


def run(
    command: list[str], *, cwd: Path | None = None, check: bool = False
) -> subprocess.CompletedProcess[str]:
    """A command outside the clone, so that only what is installed is imported."""
    return subprocess.run(command, cwd=cwd, check=check, capture_output=True, text=True)  # noqa: S603  # our own commands


def say(text: str) -> None:
    """Tells at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
