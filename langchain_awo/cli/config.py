"""Defaults for the options of all verbs, from `awo.toml` or `[tool.langchain-awo]` in `pyproject.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from langchain_awo.errors import ConfigError
from langchain_awo.small_files import read_small_file

if TYPE_CHECKING:
    from langchain_awo.cli.settings import Settings

MAX_BYTES: Final = 5_000_000
"""A longer file was not written by a person."""

FILE: Final = "awo.toml"

TABLE: Final = "[tool.langchain-awo]"

OPTIONS: Final = {"protected": "protect", "effects": "effect"}
"""Options of another name than their key."""

NOT_CONFIGURED: Final = {"demo": frozenset({"model"}), "show": frozenset({"tools"})}
"""Options that mean something else than the key of their name: another model, and a check that is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a configuration file says.

    Attributes:
        path: of the file, `None` if there is none.
        where: the file, with its table, as messages name it.
        values: by key, checked; paths are relative to the file's folder no more.
    """

    path: Path | None = None
    where: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def defaults(self, group: Any) -> dict[str, Any]:
        """The values as defaults of the options of each verb, as Click takes them."""
        values = {OPTIONS.get(key, key): value for key, value in self.values.items()}
        return dict(_iterate_defaults(group, values))


def read_config(folder: Path) -> Config:
    """The configuration of a project's own folder; folders above it are somebody else's, and may name code to import.

    Raises:
        ConfigError: the file cannot be read or is not TOML, a key is unknown or its value makes no sense, or the folder has both
            kinds of file.
    """
    found = [each for each in (_read_own_file(folder), _read_pyproject(folder)) if each]
    if len(found) > 1:
        raise ConfigError(f"{found[0][1]} and {found[1][1]} both configure awo; keep only one")
    if not found:
        return Config()
    path, where, table = found[0]
    return Config(path=path, where=where, values=_check_table(table, folder, where))


def _read_own_file(folder: Path) -> tuple[Path, str, Any] | None:
    path = folder / FILE
    return (path, str(path), _read_toml(path)) if path.is_file() else None


def _read_pyproject(folder: Path) -> tuple[Path, str, Any] | None:
    path = folder / "pyproject.toml"
    tools = _read_toml(path).get("tool", {}) if path.is_file() else {}
    return (path, f"{TABLE} of {path}", tools["langchain-awo"]) if "langchain-awo" in tools else None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_small_file(path, limit=MAX_BYTES).decode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply to be read") from error


def _check_table(table: object, folder: Path, where: str) -> dict[str, Any]:
    from langchain_awo.cli.settings import PATHS, Settings

    if not isinstance(table, dict):
        raise ConfigError(f"{where} is not a table; write it as {TABLE}")
    known = {name.replace("_", "-"): name for name in Settings.model_fields}
    given = {key.replace("_", "-"): value for key, value in table.items()}
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"the keys are {', '.join(known)}"
            raise ConfigError(f"{where} has no key {key!r}; {hint}")
    values = _validate_settings({known[key]: value for key, value in given.items()}, where)
    return {key: _resolve_path(value, folder) if key in PATHS else value for key, value in values.items()}


def _validate_settings(given: dict[str, Any], where: str) -> dict[str, Any]:
    from pydantic import ValidationError

    from langchain_awo.cli.settings import Settings
    from langchain_awo.model.ir.schema import describe_first_problem

    try:
        settings: Settings = Settings.model_validate(given)
    except ValidationError as error:
        place, _, problem = describe_first_problem(error).partition(": ")
        raise ConfigError(f"{where}: {place.replace('_', '-')}: {problem}") from error
    return settings.model_dump(mode="json", exclude_unset=True)


def _resolve_path(value: str, folder: Path) -> str:
    """A path as seen from the file's folder; URLs and absolute paths stay as they are."""
    return value if "://" in value else str(folder / value)


def _iterate_defaults(group: Any, values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield name, dict(_iterate_defaults(command, values))
        else:
            own = {param.name for param in command.params} & values.keys() - NOT_CONFIGURED.get(name, set())
            yield name, {key: _as_option(values[key]) for key in sorted(own)}


def _as_option(value: Any) -> Any:
    """A table as an option that may be repeated."""
    return [f"{key}={each}" for key, each in value.items()] if isinstance(value, dict) else value
