"""supreme cache: what need not be asked again, and what that would save."""

import typer

from supreme_cli import cache_bench, cache_trace, cache_views

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What the cache keeps, learns and fetches ahead.",
)


@app.callback()
def about() -> None:
    """What the cache keeps, learns and fetches ahead."""


for verb in (cache_views.stats, cache_views.inspect, cache_views.predict, cache_views.reset):
    app.command()(verb)
app.command("trace")(cache_trace.main)
app.command("bench")(cache_bench.main)
