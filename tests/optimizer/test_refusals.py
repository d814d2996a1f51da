"""What was refused is told so that the routine that somebody misses is found: nearest first, covered ones apart."""

from __future__ import annotations

from langchain_awo.model.ir.metatool import Refused
from langchain_awo.model.views.refusals import format_refusals, group_refusals
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from langchain_awo.optimizer.statistics import compute_lower_bound, count_missing_places
from tests.optimizer.notation import traces_of
from tests.optimizer.test_explaining import DECLARED, alerts, runs


def refused_in(text, **options):
    corpus = build_corpus(traces_of(text), declared=options.get("effects"))
    return compile_corpus(corpus, Options(**options))[1]


def refusal(routine, nearness, *, covered_by=""):
    return Refused(
        routine=tuple(routine), code="x", reason=f"why {routine}", nearness=nearness, covered_by=covered_by
    )


def test_the_nearest_miss_comes_first_and_routines_stay_together():
    grouped = group_refusals([refusal("ab", 0.1), refusal("cd", 0.5), refusal("ac", 0.9), refusal("e", 0.0)])
    assert [group.anchor for group in grouped.routines] == ["a", "c"]
    assert [each.nearness for each in grouped.routines[0].refused] == [0.9, 0.1]
    assert [each.reason for each in grouped.kept_out] == ["why e"]


def test_covered_ones_are_told_once_for_the_meta_tool_that_covers_them():
    text = format_refusals([refusal("ab", 0.4, covered_by="get_ab"), refusal("ac", 0.2, covered_by="get_ab")])
    assert text == "covered by get_ab:\n    a > b\n    a > c"


def test_a_write_that_follows_is_no_longer_missing_without_a_word():
    (found,) = (each for each in refused_in(alerts(40, 40), effects=DECLARED) if len(each.routine) > 1)
    assert (found.code, found.routine) == ("writes", ("get_alert", "page_oncall"))
    assert found.reason.startswith("page_oncall follows get_alert in 40 of 80 places")
    assert "--writes" in found.reason


def test_a_decided_write_is_nearer_the_fewer_exceptions_there_are():
    few, many = (
        next(
            each.nearness
            for each in refused_in(alerts(12, 30, exceptions=count), writes="guarded", effects=DECLARED)
            if each.code == "decided"
        )
        for count in (3, 12)
    )
    assert 0 < many < few < 1


def test_a_candidate_that_another_covers_names_it():
    line = '"al{n}" get_alert(al{n}) -> {"service": "h{n}"} | get_service(h{n}) -> {"region": "r{n}"} | get_region(r{n})'
    refused = refused_in(runs(30, line))
    covered = [each for each in refused if each.covered_by]
    assert [each.routine for each in covered] == [("get_service", "get_region")]


def test_as_many_places_as_are_said_to_be_missing_reach_the_bound_and_one_less_does_not():
    for agree, total in ((10, 10), (12, 14), (58, 61), (1, 9)):
        missing = count_missing_places(agree, total, confidence=0.95, wanted=0.9)
        assert compute_lower_bound(agree + missing, total + missing, 0.95) >= 0.9
        assert compute_lower_bound(agree + missing - 1, total + missing - 1, 0.95) < 0.9
