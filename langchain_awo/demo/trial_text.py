"""A trial as text: the meta-tools, both arms, what was used, and the strategies beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_awo.demo.trial import Trial


def format_trial(trial: Trial) -> str:
    """The whole of it."""
    parts = [str(trial.toolkit), _format_arms(trial), _format_use(trial)]
    return "\n\n".join([*parts, _format_ways(trial)] if trial.strategies else parts)


def _format_arms(trial: Trial) -> str:
    rows: list[tuple[str, ...]] = [("", "without", "with meta-tools", "change")]
    for name in ("model_calls", "tool_calls", "tokens"):
        one, other = getattr(trial.before, name), getattr(trial.after, name)
        rows.append((name.replace("_", " "), f"{one:,}", f"{other:,}", f"{other / max(1, one) - 1:+.1%}"))
    done = [f"{arm.achieved} of {trial.held_out}" for arm in (trial.before, trial.after)]
    rows.append(("tasks achieved", *done, ""))
    head = f"{trial.held_out} held-out tasks, {trial.recorded} recorded"
    same = f"Equal rows in the database: {'yes' if trial.same_rows else 'NO'}."
    return "\n".join([head, *_align_columns(rows), same])


def _format_use(trial: Trial) -> str:
    rows = [("meta-tool", "tasks that used it"), *((name, str(n)) for name, n in trial.used.items())]
    return "\n".join(_align_columns(rows))


def _format_ways(trial: Trial) -> str:
    rows = [
        ("by replay on the same held-out runs", "tools", "blind", "chooser", "over-fetch", "unwanted writes")
    ]
    rows += [
        (
            name,
            str(each.meta_tools),
            f"{each.blind:.1%}",
            f"{each.chooser:.1%}",
            f"{each.over_fetch:.1f}",
            str(each.unwanted_writes),
        )
        for name, each in trial.strategies.items()
    ]
    return "\n".join(_align_columns(rows))


def _align_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]
