"""Which options do verbs that ask an engine share? For those that typer parses."""

from typing import Annotated

import typer


def is_named(context: typer.Context, value: str) -> str:
    """The value; a usage error where it was given and is empty: `--data-dir "$UNSET"`."""
    source = context.get_parameter_source("data_dir")
    if not value.strip() and source is not None and source.name != "DEFAULT":
        raise typer.BadParameter("give a directory: it is empty")
    return value


DataDir = Annotated[
    str,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        callback=is_named,
        help="whose engine [$SUPREME_DATA_DIR, or the one that runs]",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="again and again, until Ctrl-C")]


def is_number(value: float) -> float:
    """The value; a usage error for `nan`, which no range turns away."""
    if value != value:  # noqa: PLR0124
        raise typer.BadParameter("give a number")
    return value


Hz = Annotated[
    float,
    typer.Option("--hz", min=0.1, max=20.0, callback=is_number, help="how often under --watch"),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout", min=0.1, max=86_400, callback=is_number, help="seconds to wait for an answer"
    ),
]
