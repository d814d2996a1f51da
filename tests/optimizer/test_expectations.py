"""What the evidence of a toolkit says is counted, and promises of it have a ground in the recordings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.ir.metatool import BindingEvidence
from langchain_awo.optimizer.mining.cross_validate import Thresholds, try_step, with_verdict
from langchain_awo.optimizer.mining.expect import expect_output
from langchain_awo.optimizer.mining.occurrences import collect_occurrences
from langchain_awo.optimizer.mining.verify import verify
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from tests.optimizer.notation import corpus_of
from tests.optimizer.routines import routine, step

TASKS = range(40)


def compiled_writes(runs):
    meta_tools, _ = compile_corpus(corpus_of("\n".join(runs)), Options(writes="guarded"))
    (found,) = (each for each in meta_tools if not each.effect.is_read)
    return found


def noted(number):
    """An agent that looks a user up and writes a note for them."""
    return f'"a{number}z" get_user(a{number}z) -> {{"key": "k{number}z"}} | set_note(k{number}z)'


def test_a_read_that_was_never_empty_before_a_write_is_marked():
    read, write = compiled_writes(map(noted, TASKS)).steps
    assert read.never_empty
    assert read.evidence[""].outputs == len(TASKS)
    assert not write.never_empty


@pytest.mark.parametrize("nothing", ["{}", "[]", '""', "null"])
def test_a_read_that_was_empty_once_is_not(nothing):
    read, _ = compiled_writes([*map(noted, TASKS), f'"a99z" get_user(a99z) -> {nothing}']).steps
    assert (read.never_empty, read.evidence) == (False, {})


@pytest.mark.parametrize(("outputs", "is_sure"), [(13, False), (14, True)])
def test_few_outputs_show_nothing(outputs, is_sure):
    places = collect_occurrences(corpus_of("\n".join(map(noted, range(outputs)))), "get_user")
    writing = routine(step("get_user", "$id"), step("set_note", "#1/key"))
    read, _ = expect_output(writing, {1, 2}, places, Thresholds()).steps
    assert read.never_empty is is_sure


def test_each_binding_counts_for_itself():
    """One argument is always what the first step found, the other one only mostly."""
    text = '"a{0}z b{0}z" get_user(a{0}z) -> {{"key": "k{0}z", "sort": "s{0}z"}} | get_note(key=k{0}z, sort={1}{0}z)'
    corpus = corpus_of("\n".join(text.format(n, "s" if n % 4 else "b") for n in range(16)))
    places = {"/key": BindingEvidence(agree=16), "/sort": BindingEvidence(agree=12, contradict=4)}
    first = step("get_note", "#1/key").args["id"]
    second = replace(
        step("get_note", "#1/key"), args={"key": first, "sort": replace(first, path="/sort")}, evidence=places
    )
    tried = with_verdict(second, try_step(second, collect_occurrences(corpus, "get_user")))
    counts = {
        place: (seen.held_out_agree, seen.held_out_contradict) for place, seen in tried.evidence.items()
    }
    assert counts == {"": (12, 4), "/key": (16, 0), "/sort": (12, 4)}


def test_a_routine_counts_only_where_each_step_is_found_without_the_place():
    runs = [f'"a{n}z" get_user(a{n}z) -> {{"key": "k{n}z"}} | get_note(k{n}z)' for n in TASKS]
    corpus = corpus_of("\n".join(runs))
    known = BindingEvidence(held_out_agree=30, held_out_contradict=10, missed=(1,))
    plain = routine(step("get_user", "$id"), step("get_note", "#1/key"))
    candidate = replace(plain, steps=(plain.steps[0], replace(plain.steps[1], evidence={"": known})))
    found, _ = verify(candidate, corpus, Thresholds())
    known_without = sum(each.fold != 1 for each in collect_occurrences(corpus, "get_user"))
    assert 0 < known_without < len(TASKS)
    assert (found.evidence.held_out_exact, found.evidence.held_out) == (known_without, len(TASKS))


def test_a_routine_that_would_stop_reproduces_only_what_it_made_before():
    """The list that the third step would be run for is not there; the executor stops, and so does the replay."""
    run = '"a{0}z" get_user(a{0}z) -> {{"key": "k{0}z", "to": {1}}} | get_note(k{0}z) | get_mail(m{0}z)'
    runs = [run.format(n, f'"m{n}z"' if n % 2 else "null") for n in TASKS]
    three = routine(step("get_user", "$id"), step("get_note", "#1/key"), step("get_mail", "#1/to"))
    found, _ = verify(three, corpus_of("\n".join(runs)), Thresholds())
    assert (found.evidence.held_out_exact, found.evidence.held_out) == (len(TASKS) // 2, len(TASKS))
