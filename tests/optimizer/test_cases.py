"""Each pass does to the runs of a case what the case says: before and after as text, in `cases/`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from langchain_awo.errors import AwoError
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.optimizer.baseline.extract import Algorithm1, extract
from langchain_awo.optimizer.baseline.literal import compile_literal
from langchain_awo.optimizer.baseline.merge import build_graph
from langchain_awo.optimizer.baseline.ngrams import find_ngrams
from langchain_awo.optimizer.rules.check import check_rules
from langchain_awo.optimizer.rules.file import dump_rules, load_rules
from langchain_awo.optimizer.rules.prepare import build_paths
from langchain_awo.optimizer.rules.suggest import suggest_rules
from tests.optimizer.notation import corpus_of
from tests.optimizer.passes import format_refused

CASES = Path(__file__).with_name("cases")


def shown_paths(corpus, rules, **_options):
    """One line for each segment: its canonical calls."""
    paths = build_paths(corpus, check_rules(rules, corpus))
    return "\n".join(" | ".join(call.label for call in path.canonical) for path in paths)


def shown_graph(corpus, rules, **options):
    return build_graph(corpus, rules=rules, **options).draw_mermaid()


def shown_routines(corpus, rules, *, threshold, history=None, **options):
    graph = build_graph(corpus, rules=rules, history=history, threshold=threshold)
    found = extract(graph, threshold=threshold, options=Algorithm1(**options))
    return _listed(found) if found else f"nothing reaches T = {threshold}"


def shown_ngrams(corpus, rules, **options):
    return _listed(find_ngrams(corpus, rules=rules, **options))


def shown_meta_tools(corpus, rules, **options):
    meta_tools, refused = compile_literal(corpus, rules=rules, **options)
    return "\n".join([*map(format_meta_tool, meta_tools), *map(format_refused, refused)])


def shown_suggestions(corpus, _rules, **_options):
    return dump_rules(suggest_rules(corpus)).strip()


def _listed(candidates):
    return "\n".join(f"{' > '.join(each.labels)}  {each.support}" for each in candidates)


SHOWN: dict[str, Callable[..., str]] = {
    "paths": shown_paths,
    "graph": shown_graph,
    "routines": shown_routines,
    "ngrams": shown_ngrams,
    "meta_tools": shown_meta_tools,
    "suggestions": shown_suggestions,
}


def cases():
    """Every case as (file, title, options, runs, expected)."""
    for path in sorted(CASES.glob("*.txt")):
        _, *blocks = path.read_text(encoding="utf-8").split("\n== ")
        for block in blocks:
            title, rest = block.split("\n", 1)
            head, runs, expected = re.split(r"^--\n", rest, flags=re.MULTILINE)
            yield pytest.param(path.stem, head, runs, expected, id=f"{path.stem}: {title}")


@pytest.mark.parametrize(("shown", "head", "runs", "expected"), list(cases()))
def test_a_pass_turns_the_runs_of_a_case_into_what_the_case_says(shown, head, runs, expected):
    """The first line of a case's head is its rules in YAML (empty for the defaults), the others are options."""
    rules_line, *option_lines = head.splitlines()
    text = rules_line.removeprefix("rules:").strip()
    rules = load_rules(f"rules: {text}") if text else None
    options = {name: _option(value) for name, value in (line.split(": ") for line in option_lines)}
    corpus = corpus_of(runs)
    try:
        found = SHOWN[shown](corpus, rules, **options)
    except AwoError as error:
        found = f"{type(error).__name__}: {error}"
    assert _stripped(found) == _stripped(expected)


def _option(text: str) -> int | bool | str:
    return int(text) if text.isdigit() else {"true": True, "false": False}.get(text, text)


def _stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
