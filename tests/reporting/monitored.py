"""What monitoring found, in its JSON form, made up."""

from __future__ import annotations


def share(count, of, low=0.0, high=1.0):
    return {"count": count, "of": of, "low": low, "high": high}


def monitored(name, *, action="change_mode", **more):
    """One meta-tool that was used in 3 of 40 runs."""
    decision = {
        "action": action,
        "cause": "seldom_chosen",
        "evidence": ["3 of 40"],
        "until": None,
        "mode": "continue",
    }
    tool = {
        "name": name,
        "offered": 90,
        "utilisation": share(3, 40, 0.02, 0.2),
        "completed": share(0, 0),
        "savings": {"model_calls": {"value": 0.25}, "tokens": {"value": -12.0}},
        "decision": decision,
    }
    whole = {"action": "keep", "cause": "none", "evidence": [], "until": "2026-04-01", "mode": ""}
    found = {"runs": 90, "first": "2026-03-01", "last": "2026-03-14", "meta_tools": [tool], "decision": whole}
    return {**found, "notes": ["two runs have no times"], **more}
