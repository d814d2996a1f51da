"""Every error this package raises on purpose.

::

    AwoError
    ├── StoreError                 a trace store cannot be opened, read or written
    │   ├── SchemaVersionError     the store was written by another schema version
    │   └── TornRecordError        a record is cut off or is not what the schema says
    ├── ImportFormatError          a file to import is not in the format it was said to be
    ├── MaskError                  what is to be masked, or the key of the masks, cannot be used
    ├── RuleError                  a merging rule is malformed or would be unsound
    ├── CompileError               the traces cannot be compiled as asked
    ├── PlanError                  a saved toolkit is malformed
    │   ├── ChangedError           a saved toolkit was written by somebody else meanwhile
    │   ├── SealError              a saved toolkit was edited, or is not signed with the key
    │   └── ToolMismatchError      a live tool is missing or has another signature
    ├── NotationError              a text is no routine in the notation
    ├── DecisionError              a decision about a meta-tool names none, or cannot be carried out
    ├── ArgumentError              a function was called with something that it does not take
    ├── ApprovalError              approvals are asked for in a way that would let calls pass unasked
    ├── ConfigError                a configuration file cannot be used
    ├── PriceError                 a table of prices cannot be read
    ├── EstimateError              an estimate is asked for with assumptions that make no sense
    ├── ReportError                a report cannot be written
    ├── MissingExtraError          an optional dependency is not installed
    └── ScriptExhaustedError       a scripted chat model was called more often than its script is long

Messages name the thing and the fix; the attributes carry the same facts for programs.
"""

from __future__ import annotations


class AwoError(Exception):
    """Base of all errors of this package."""


class StoreError(AwoError):
    """A trace store cannot be opened, read or written."""


class SchemaVersionError(StoreError):
    """The store was written by another schema version.

    Attributes:
        found: the version in the store.
        expected: the version this package reads and writes.
    """

    def __init__(self, where: str, *, found: object, expected: int) -> None:
        super().__init__(
            f"{where} has trace schema version {found!r}; this langchain_awo reads version {expected}. "
            "A newer langchain_awo wrote it: update this one, or record into a new store."
        )
        self.found = found
        self.expected = expected


class TornRecordError(StoreError):
    """A stored record is cut off or is not what the schema says.

    Attributes:
        where: file and line, or table and row.
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where


class ImportFormatError(AwoError):
    """A file to import is not in the format it was said to be."""


class MaskError(AwoError):
    """What is to be masked, or the key of the masks, cannot be used as it is given."""


class RuleError(AwoError):
    """A merging rule is malformed, or applying it would be unsound."""


class CompileError(AwoError):
    """The traces cannot be compiled as asked."""


class PlanError(AwoError):
    """A saved toolkit is malformed and nothing of it was loaded."""


class ChangedError(PlanError):
    """A saved toolkit was written by somebody else since it was read; it was left as it is."""


class SealError(PlanError):
    """A saved toolkit was edited since it was sealed, or is not signed with the given key."""


class NotationError(AwoError):
    """A text is no routine in the notation of meta-tools.

    Attributes:
        line: where reading stopped, counted from 1.
        column: the same.
    """

    def __init__(self, problem: str, *, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {problem}")
        self.line = line
        self.column = column


class DecisionError(AwoError):
    """A decision about a meta-tool names none of the toolkit, or cannot be carried out."""


class ArgumentError(AwoError, TypeError, ValueError):
    """A function was called with something that it does not take; whoever expects Python's own errors catches it too."""


class ApprovalError(AwoError):
    """Approvals are asked for in a way that would let calls of protected tools pass unasked."""


class ToolMismatchError(PlanError):
    """A live tool that a meta-tool needs is missing or has another signature.

    Attributes:
        tool: name of the tool.
    """

    def __init__(self, message: str, *, tool: str) -> None:
        super().__init__(message)
        self.tool = tool


class ConfigError(AwoError):
    """A configuration file cannot be read, has an unknown key, or a value that makes no sense."""


class PriceError(AwoError):
    """A table of prices cannot be read, or is no table of prices."""


class EstimateError(AwoError):
    """An estimate is asked for with assumptions that make no sense."""


class ReportError(AwoError):
    """A report cannot be written."""


class MissingExtraError(AwoError):
    """An optional dependency is not installed.

    Attributes:
        extra: the extra of this package that brings it.
    """

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'langchain-awo[{extra}]'")
        self.extra = extra


class ScriptExhaustedError(AwoError):
    """A scripted chat model was called more often than its script is long.

    Attributes:
        steps: how many steps the script has.
    """

    def __init__(self, *, steps: int) -> None:
        super().__init__(
            f"the scripted chat model has played all of its {steps} steps and was called once more; "
            "add a step (the last one should call no tool), or give it a policy instead of a script"
        )
        self.steps = steps
