"""Merging rules: declarative data that say which calls and which histories count as the same.

A rule can be switched off and carries the evidence it was suggested for. Rules are checked against a corpus before
they are used; see `langchain_awo.optimizer.rules.check`. The file form is described in `docs/rules.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeAlias

from pydantic import ConfigDict

from langchain_awo.errors import ArgumentError
from langchain_awo.model.trace.effect import Effect

RULES_VERSION: Final = 1
"""Version of the file form."""

HOLE: Final = "*"
"""The replacement that makes a value plain data: what it was does not matter at all."""

JSONType: TypeAlias = Literal["string", "number", "boolean", "null", "array", "object"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalize:
    """Replaces argument values, so that calls that differ only in them are the same.

    At least one of `key`, `type` and `pattern` is given; a value must satisfy all that are. With a pattern, each match
    inside a text is replaced, else the whole value.

    Attributes:
        tool: the tool it is about; empty for all.
        key: the argument, or a key inside one.
        pattern: a regular expression.
        lookup: a pointer such as `/buttons/*/id`: a value of the argument `key` that the latest output with this place has
            there is replaced by the name that stands for `*`; other values stay. It takes nothing but `tool` and `key`.
        replacement: the placeholder; `*` makes an argument whose whole value it replaces data.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    tool: str = ""
    key: str = ""
    type: JSONType | Literal[""] = ""
    pattern: str = ""
    lookup: str = ""
    replacement: str = HOLE
    on: bool = True
    evidence: str = ""
    kind: Literal["normalize"] = "normalize"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectBy:
    """Says which arguments of a tool select the action; all its others carry data."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    tool: str
    keys: tuple[str, ...] = ()
    on: bool = True
    evidence: str = ""
    kind: Literal["select"] = "select"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Leaves the calls of a read-only tool out of all histories."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    tool: str
    on: bool = True
    evidence: str = ""
    kind: Literal["ignore"] = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Treats a tool as if it were another one with the same effect."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    tool: str
    to: str
    on: bool = True
    evidence: str = ""
    kind: Literal["alias"] = "alias"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollapseRepeats:
    """Keeps the first of several calls.

    Attributes:
        of: `tool` for calls of `tool` in a row, whatever their arguments; `reads` for equal canonical reads in a row;
            `identical` for calls with exactly the arguments of an earlier one, as long as nothing was written since.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    of: Literal["tool", "reads", "identical"]
    tool: str = ""
    on: bool = True
    evidence: str = ""
    kind: Literal["collapse_repeats"] = "collapse_repeats"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollapseLogin:
    """Drops a login that repeats an earlier one of the same run.

    Attributes:
        tools: one login call, or the calls that together are the login, such as credentials and login. A repeat has the
            same arguments in its first call.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    tools: tuple[str, ...]
    on: bool = True
    evidence: str = ""
    kind: Literal["collapse_login"] = "collapse_login"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commute:
    """Lets read-only tools change places inside a stretch without a write, never past a call whose output they use.

    Attributes:
        tools: each of them commutes with each other one and with itself; empty for all reads.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    tools: tuple[str, ...] = ()
    on: bool = True
    evidence: str = ""
    kind: Literal["commute"] = "commute"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareEffect:
    """Says what a tool does to the world, as `effects` and `--effect` do; those win over a rule."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    tool: str
    effect: Effect
    on: bool = True
    evidence: str = ""
    kind: Literal["effect"] = "effect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Says that a tool that seems to reach out does not: it may be handed what other tools returned, and run unasked."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    tool: str
    on: bool = True
    evidence: str = ""
    kind: Literal["trust"] = "trust"


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonRule:
    """A function from a call to the call it counts as, or to `None` to leave it out.

    The slow path: a Python function for every call costs more than everything else together. It cannot be saved to a
    file. What it says must hold as for declared rules: it may not leave out a call that writes.

    Attributes:
        function: from `langchain_awo.optimizer.log.corpus.Call` to the same or `None`.
        name: what errors call it.
    """

    function: Callable[[Any], Any]
    name: str = "python rule"
    on: bool = True
    evidence: str = ""
    kind: Literal["python"] = "python"


DeclaredRule: TypeAlias = (
    Normalize | SelectBy | Ignore | Alias | CollapseRepeats | CollapseLogin | Commute | DeclareEffect | Trust
)
Rule: TypeAlias = DeclaredRule | PythonRule


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in the order they apply; rules about single calls before rules about sequences."""

    rules: tuple[Rule, ...] = field(default=())

    def __post_init__(self) -> None:
        if not all(hasattr(each, "on") for each in _iterate(self.rules)):
            raise ArgumentError(
                f"rules={self.rules!r:.80} are no rules; write RuleSet([Commute()]), or give the path of a rules file where "
                "rules are taken"
            )
        object.__setattr__(self, "rules", tuple(self.rules))

    @property
    def effects(self) -> dict[str, Effect]:
        """Effects that rules declare which are switched on, by tool."""
        return {rule.tool: rule.effect for rule in self.active if isinstance(rule, DeclareEffect)}

    @property
    def active(self) -> tuple[Rule, ...]:
        """The rules that are switched on."""
        return tuple(rule for rule in self.rules if rule.on)

    def __add__(self, other: RuleSet) -> RuleSet:
        """These rules, then the others; a rule that is already here is not added again."""
        return RuleSet((*self.rules, *(rule for rule in other.rules if rule not in self.rules)))


def _iterate(rules: object) -> Iterable[object]:
    return rules if isinstance(rules, Iterable) and rules != "" else [rules]


def describe(rule: Rule) -> str:
    """A rule in a few words, as errors and lists name it.

    >>> describe(Alias(tool="find", to="search")), describe(Commute())
    ('alias find to search', 'commute all reads')
    """
    match rule:
        case Normalize(lookup=lookup) if lookup:
            return f"normalize {rule.tool + ', ' if rule.tool else ''}key {rule.key} to its name in {lookup}"
        case Normalize():
            named = [rule.tool, f"key {rule.key}", rule.type, f"pattern {rule.pattern!r}"]
            given = [rule.tool, rule.key, rule.type, rule.pattern]
            parts = [name for name, value in zip(named, given, strict=True) if value]
            return f"normalize {', '.join(parts)} to {rule.replacement}"
        case SelectBy():
            return f"select {rule.tool} by {', '.join(rule.keys) or 'nothing'}"
        case Ignore():
            return f"ignore {rule.tool}"
        case Alias():
            return f"alias {rule.tool} to {rule.to}"
        case CollapseRepeats():
            what = {"tool": rule.tool, "reads": "equal reads", "identical": "identical calls"}[rule.of]
            return f"collapse repeats of {what}"
        case CollapseLogin():
            return f"collapse repeated login by {', '.join(rule.tools)}"
        case Commute():
            return f"commute {', '.join(rule.tools) or 'all reads'}"
        case DeclareEffect():
            return f"{rule.tool} is {rule.effect}"
        case Trust():
            return f"trust {rule.tool}"
        case PythonRule():
            return f"python rule {rule.name}"
