"""The back office as LangChain tools: some say what they do to the world, of some only the name tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from langchain_core.tools import BaseTool, StructuredTool

from langchain_awo.demo.backoffice.reading import LookupDesk
from langchain_awo.demo.backoffice.world import World
from langchain_awo.demo.backoffice.writing import Clerk

READS: Final = {"readOnlyHint": True}
WRITES: Final = {"readOnlyHint": False, "destructiveHint": False}


def back_office_tools(world: World) -> list[BaseTool]:
    """The tools over one world. What they refuse comes back to the agent as an error message, not as an exception."""
    desk, clerk = LookupDesk(world), Clerk(world)
    return [
        _make_tool(desk.find_customer, READS),
        _make_tool(desk.list_orders, READS),
        _make_tool(desk.get_order),
        _make_tool(desk.get_shipment, READS),
        _make_tool(desk.get_product),
        _make_tool(desk.search_tickets),
        _make_tool(desk.get_ticket, READS),
        _make_tool(clerk.create_ticket),
        _make_tool(clerk.update_ticket_status, {**WRITES, "idempotentHint": True}),
        _make_tool(clerk.add_ticket_note),
        _make_tool(clerk.issue_refund, WRITES),
        _make_tool(clerk.issue_credit_note, WRITES),
        _make_tool(clerk.send_email),
        _make_tool(clerk.update_address, {**WRITES, "idempotentHint": True}),
        _make_tool(clerk.cancel_order, {"readOnlyHint": False, "destructiveHint": True}),
    ]


def _make_tool(action: Callable[..., Any], hints: dict[str, bool] | None = None) -> BaseTool:
    return StructuredTool.from_function(action, metadata=hints, handle_tool_error=True)
