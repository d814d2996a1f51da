"""`awo rules`: merging rules that the traces suggest, for a person to review."""

from __future__ import annotations

import typer

from langchain_awo.cli.options import Domain, Model, Traces
from langchain_awo.cli.reading import Reading, count
from langchain_awo.cli.terminal import format_count, put, say, waiting

app = typer.Typer(no_args_is_help=True)


@app.callback()
def rules() -> None:
    """Suggest merging rules, which say what counts as the same.

    Example: `awo rules suggest traces.db > rules.yaml`
    """


@app.command("suggest")
def suggest(traces: Traces, *, domain: Domain = None, model: Model = None) -> None:
    """Suggest merging rules, each with its evidence and a switch, as YAML on stdout.

    Example: `awo rules suggest traces.db > rules.yaml`
    """
    from langchain_awo.optimizer.log.corpus import build_corpus
    from langchain_awo.optimizer.rules.file import dump_rules
    from langchain_awo.optimizer.rules.suggest import suggest_rules

    log = count(Reading(traces, domain=domain, model=model))
    corpus = build_corpus(log.sampled().traces, recorded=log.all_specs())
    with waiting("looking for rules"):
        found = suggest_rules(corpus)
    put(dump_rules(found).rstrip("\n"))
    on = sum(1 for rule in found.rules if rule in found.active)
    say(f"{format_count(len(found.rules), 'rule')}, {on} of them on; review them, then: awo compile --rules")
