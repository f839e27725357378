"""supreme cache: what need not be asked again, and what that would save."""

import typer

from supreme_cli import cache_trace

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What the cache keeps, learns and fetches ahead.",
)


@app.callback()
def about() -> None:
    """What the cache keeps, learns and fetches ahead."""


app.command("trace")(cache_trace.main)
