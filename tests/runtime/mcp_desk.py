"""A desk as an MCP server over stdio; every call leaves a row in the database that is its argument.

The names say nothing of what the tools do: only the annotations of the server do.
"""

import sqlite3
import sys
from contextlib import closing

from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations

READS = ToolAnnotations(readOnlyHint=True)
WRITES = ToolAnnotations(readOnlyHint=False, destructiveHint=False)


def parcels_of(person: int) -> list[str]:
    """The ids of a person's parcels: two or three."""
    return [f"#{person}-{number}" for number in range(2 + person % 2)]


def serve(path: str) -> None:
    server = FastMCP("desk", log_level="WARNING")

    def row(name: str, argument: object) -> None:
        with closing(sqlite3.connect(path, timeout=10)) as db, db:
            db.execute("CREATE TABLE IF NOT EXISTS calls (tool TEXT, args TEXT)")
            db.execute("INSERT INTO calls VALUES (?, ?)", (name, str(argument)))

    @server.tool(annotations=READS)
    def person(email: str) -> dict[str, int]:
        """A person by email; structured content."""
        row("person", email)
        return {"id": int(email.partition("@")[0].removeprefix("p"))}

    @server.tool(annotations=READS)
    def parcels(person_id: int) -> list[str]:
        """The parcels of a person; structured content that is a list."""
        row("parcels", person_id)
        return parcels_of(person_id)

    @server.tool(annotations=READS, structured_output=False)
    def parcel(parcel_id: str) -> str:
        """A parcel, as JSON text in a block."""
        row("parcel", parcel_id)
        return f'{{"parcel": "{parcel_id}", "total": {len(parcel_id)}}}'

    @server.tool(annotations=WRITES)
    def remark(person_id: int, text: str) -> str:
        """A remark about a person."""
        if person_id == 13:
            raise ValueError("nothing may be said of 13")
        row("remark", f"{person_id}:{text}")
        return "remarked"

    @server.tool()
    def unclear(person_id: int) -> str:
        """A tool without annotations."""
        row("unclear", person_id)
        return "who knows"

    server.run()


if __name__ == "__main__":
    serve(sys.argv[1])
