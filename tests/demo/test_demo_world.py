"""The back office is real, repeatable and comparable."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World
from langchain_awo.errors import StoreError


def write_a_note(world, text="called back"):
    tools = {tool.name: tool for tool in back_office_tools(world)}
    return tools["add_ticket_note"].invoke({"ticket_id": "T-4001", "text": text})


def test_the_same_seed_gives_the_same_contents(world):
    with World.create(seed=7) as same, World.create(seed=8) as another:
        assert same.snapshot() == world.snapshot()
        assert same.snapshot().digest == world.snapshot().digest
        assert another.snapshot().digest != world.snapshot().digest


def test_it_holds_a_few_hundred_customers_with_something_in_every_state(world):
    tables = world.snapshot().tables
    assert len(tables["customers"]) == 300
    assert {order["status"] for order in tables["orders"]} == {
        "processing",
        "shipped",
        "delivered",
        "cancelled",
    }
    assert {ticket["status"] for ticket in tables["tickets"]} == {"open", "closed"}


def test_a_copy_is_equal_and_apart(world):
    with world.copy() as copy:
        assert copy.snapshot() == world.snapshot()
        write_a_note(copy)
        assert copy.snapshot().differing(world.snapshot()) == ("counters", "ticket_notes")


def test_equal_writes_leave_equal_databases(world):
    with world.copy() as copy:
        write_a_note(copy)
        write_a_note(world)
        assert copy.snapshot() == world.snapshot()


def test_the_snapshot_sees_any_difference(world):
    with world.copy() as copy:
        write_a_note(copy, "called back")
        write_a_note(world, "called back!")
        assert copy.snapshot().digest != world.snapshot().digest


def test_changed_rows_are_found_by_table(world):
    before = world.snapshot()
    write_a_note(world)
    changed = world.snapshot().changed(before)
    assert [row["text"] for row in changed["ticket_notes"]] == ["called back"]
    assert sorted(changed) == ["counters", "ticket_notes"]


def test_reading_leaves_no_trace(world, tools):
    before = world.snapshot()
    tools["get_order"].invoke({"order_id": "O-20001"})
    tools["find_customer"].invoke({"email": "nobody@example.org"})
    assert world.snapshot() == before


def test_a_write_that_is_refused_leaves_no_trace_not_even_in_the_counters(world, tools):
    before = world.snapshot()
    tools["create_ticket"].invoke({"customer_id": "C-9999", "subject": "who?"})
    tools["cancel_order"].invoke({"order_id": "O-1", "reason": "none"})
    assert world.snapshot() == before


def test_writes_from_many_threads_all_arrive(world, tools):
    def note(number):
        return tools["add_ticket_note"].invoke({"ticket_id": "T-4001", "text": str(number)})["note_id"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(note, range(40)))) == 40
    assert len(world.snapshot().tables["ticket_notes"]) == 40


def test_a_file_keeps_everything(tmp_path):
    path = tmp_path / "backoffice.db"
    with World.create(path) as world:
        write_a_note(world)
        kept = world.snapshot()
    with World.open(path) as again:
        assert again.snapshot() == kept
    with World.create(path) as fresh:
        assert fresh.snapshot() != kept


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        World.create(tmp_path / "missing" / "backoffice.db")


@pytest.mark.parametrize("present", [True, False])
def test_a_file_that_is_no_back_office_is_named(tmp_path, present):
    path = tmp_path / "other.db"
    if present:
        path.touch()
    with pytest.raises(StoreError, match="is no back office"):
        World.open(path)
