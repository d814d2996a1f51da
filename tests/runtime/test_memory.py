"""One run is remembered once, whoever begins it first."""

from langchain_awo.runtime.journal.journal import Journal, RunMemory


def journal(run: str = "r1") -> Journal:
    return Journal(run=run, meta_tool="help_user", routine="d1", parameters={})


def test_whoever_begins_a_run_second_gets_what_the_first_one_kept() -> None:
    memory, first = RunMemory(), journal()
    assert memory.keep(first) is first
    assert memory.keep(journal()) is first
    assert memory.find("r1") is first


def test_a_complete_run_that_goes_on_is_the_same_and_unfinished_again() -> None:
    memory, first = RunMemory(), journal()
    memory.complete(memory.keep(first))
    assert memory.keep(journal()) is first
    assert memory.find("r1") is first
    assert memory.keep(journal("r2")) is not first
