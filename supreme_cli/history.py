"""supreme history: what happened before, page by page, however long ago."""

from typing import Annotated, Any

import typer

from engine.picture import trimmed
from engine.service.schema import COLUMNS, TABLES
from engine.status import grouped
from supreme_cli.asking import put, stamp, table
from supreme_cli.common_options import DataDir, Json
from supreme_cli.services import ask, tables_of

LEFT_OUT = ("features", "risk")  # of a decision: supreme explain tells them


def main(
    name: Annotated[str, typer.Argument(metavar="TABLE", help=", ".join(TABLES))],
    page: Annotated[int, typer.Option("--page", min=1, help="1 is the newest")] = 1,
    data_dir: DataDir = "",
    json: Json = False,
) -> None:
    r"""All fills, orders, trades and whatever else the journal told, 50 rows a page.

    Read by the service, which keeps pages that can change no more in its cache.

    \b
    supreme history fills             the newest page
    supreme history trades --page 3   further back
    """
    place = tables_of(data_dir)
    found = ask(place, "page", table=name, page=1)
    # The service counts from the oldest, so that a full page keeps its number.
    wanted = max(found["pages"], 1) + 1 - page
    if wanted < 1:
        found = {**found, "rows": []}
    elif wanted != 1:
        found = ask(place, "page", table=name, page=wanted)
    rows = found["rows"][::-1]
    said = {"data_dir": place, "table": name, "page": page, "pages": found["pages"], "rows": rows}
    put(said, lambda: f"{text(name, rows)}\npage {page} of {found['pages']}", as_json=json)


def text(name: str, rows: list[dict[str, Any]]) -> str:
    """Rows of a table for a person."""
    columns = [column for column in COLUMNS[name] if column not in LEFT_OUT]
    heads = " ".join(column.removesuffix("_e8").removesuffix("_ns") for column in columns)
    return table(heads, [[cell(column, row[column]) for column in columns] for row in rows])


def cell(column: str, value: Any) -> str:
    """A value for a person: money and quantities with every digit that counts, times in UTC."""
    if value is None:
        return "-"
    if column.endswith("_e8"):
        return grouped(trimmed(value))
    if column.endswith("_ns"):
        return stamp(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
