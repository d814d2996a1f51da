"""Merging rules as YAML: a list to review, with a switch for each rule.

::

    version: 1
    rules:
    - kind: commute
      tools: [get_order, get_user]
      on: true
      evidence: both orders seen, 12 and 9 times in 14 tasks, no flow between them

`docs/rules.md` describes each kind.
"""

from __future__ import annotations

import os
import re
from dataclasses import MISSING, fields
from enum import Enum
from typing import Annotated, Any, Final

import yaml
from pydantic import Discriminator, TypeAdapter, ValidationError

from langchain_awo.errors import RuleError
from langchain_awo.model.ir.option_kinds import instance_of
from langchain_awo.model.rules import RULES_VERSION, DeclaredRule, PythonRule, Rule, RuleSet, describe
from langchain_awo.optimizer.rules.check import find_malformation
from langchain_awo.small_files import read_small_file, replace_file

RULES: Final = instance_of(
    RuleSet, str, os.PathLike, fix="pass the path of a rules file or a RuleSet"
).optional
"""What an option of rules takes."""

MAX_CHARACTERS: Final = 5_000_000
"""A longer file was not written by a person or by this package."""

_BOOLEAN: Final = "tag:yaml.org,2002:bool"
_KINDS: Final = "normalize, select, ignore, alias, collapse_repeats, collapse_login, commute, effect, trust"


class _Loader(yaml.SafeLoader):
    """YAML in which `on` is a word and only `true` and `false` are booleans, as in YAML 1.2."""


class _Dumper(yaml.SafeDumper):
    """Writes `on` as the plain word that `_Loader` reads."""


class _Names(list[str]):
    """A list that is written on one line."""


for _class in (_Loader, _Dumper):
    _class.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
        for first, resolvers in _class.yaml_implicit_resolvers.items()
    }
    _class.add_implicit_resolver(_BOOLEAN, re.compile("^(?:true|false)$"), ["t", "f"])


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Rare line breaks survive only between double quotes, where they are escaped."""
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(
    _Names, lambda dumper, names: dumper.represent_sequence("tag:yaml.org,2002:seq", names, flow_style=True)
)

_ADAPTER: Final[TypeAdapter[DeclaredRule]] = TypeAdapter(Annotated[DeclaredRule, Discriminator("kind")])


def dump_rules(rules: RuleSet) -> str:
    """Rules as YAML text; the same rules give the same text.

    Raises:
        RuleError: one of them is a Python function.
    """
    plain = {
        "version": RULES_VERSION,
        "rules": [_encode_rule(number, each) for number, each in enumerate(rules.rules, 1)],
    }
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)


def _encode_rule(number: int, rule: Rule) -> dict[str, Any]:
    if isinstance(rule, PythonRule):
        raise RuleError(
            f"rule {number} ({describe(rule)}) is a Python function and cannot be written to a file; "
            "declare it, or add it in code after reading the file"
        )
    values = {each.name: (getattr(rule, each.name), each.default) for each in fields(rule)}
    meaning = {
        name: _Names(value) if isinstance(value, tuple) else str(value) if isinstance(value, Enum) else value
        for name, (value, default) in values.items()
        if name not in ("kind", "on", "evidence") and (default is MISSING or value != default)
    }
    evidence = {"evidence": rule.evidence} if rule.evidence else {}
    return {"kind": rule.kind, **meaning, "on": rule.on, **evidence}


def load_rules(text: str, *, where: str = "the rules") -> RuleSet:
    """Rules from YAML text, checked as far as that goes without traces; rules that are off are checked too.

    Args:
        text: as `dump_rules` writes it.
        where: what to call it in errors.

    Raises:
        RuleError: it is not YAML, of another version, or a rule is malformed.
    """
    if len(text) > MAX_CHARACTERS:
        raise RuleError(f"{where} is larger than {MAX_CHARACTERS:,} characters, the limit for rules")
    data = _parse(text, where)
    version = data.get("version", RULES_VERSION)
    if version != RULES_VERSION:
        raise RuleError(
            f"{where} has version {version!r}; this langchain_awo reads version {RULES_VERSION}. "
            "Suggest the rules again."
        )
    if unknown := sorted(str(key) for key in data.keys() - {"version", "rules"}):
        raise RuleError(f"{where}: {unknown[0]!r} has no meaning there; the keys are version and rules")
    return RuleSet(tuple(_decode_rule(n, each, where) for n, each in enumerate(data.get("rules") or [], 1)))


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506  # a subclass of the safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RuleError(f"{where} is not YAML: {' '.join(str(error).split())}") from error
    data = {} if data is None else data
    if not isinstance(data, dict) or not isinstance(data.get("rules") or [], list):
        raise RuleError(f"{where} is not a rules file; it needs a list under `rules:`")
    return data


def _decode_rule(number: int, data: Any, where: str) -> Rule:
    kind = data.get("kind") if isinstance(data, dict) else None
    named = f"{where}: rule {number} ({kind or 'no kind'})"
    try:
        rule: Rule = _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise RuleError(f"{named}: {_describe_problem(error)}") from error
    if problem := find_malformation(rule):
        raise RuleError(f"{named}: {problem}")
    return rule


def _describe_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if first["type"].startswith("union_tag") or first["type"] in ("dataclass_type", "model_attributes_type"):
        return f"a rule is a mapping with a kind; the kinds are {_KINDS}"
    place = ".".join(str(part) for part in first["loc"][1:])
    if first["type"] == "missing":
        return f"{place!r} is missing; add it"
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{place!r} has no meaning there; check the spelling, or remove it"
    return f"{place!r} cannot be {first['input']!r}: {first['msg']}"


def write_rules(rules: RuleSet, path: str | os.PathLike[str]) -> None:
    """Writes rules to a YAML file.

    Raises:
        RuleError: the path cannot be written, or a rule is a Python function.
    """
    text = dump_rules(rules)
    try:
        replace_file(path, text)
    except OSError as error:
        raise RuleError(
            f"{path} cannot be written: {error.strerror or error}; choose another path"
        ) from error


def read_rules(path: str | os.PathLike[str]) -> RuleSet:
    """Reads rules from a YAML file.

    Raises:
        RuleError: the file cannot be read, or what is in it is not rules.
    """
    try:
        text = read_small_file(path, limit=4 * MAX_CHARACTERS).decode()
    except OSError as error:
        raise RuleError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise RuleError(f"{path} is not UTF-8 text") from error
    return load_rules(text, where=str(path))
