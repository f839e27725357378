"""Which commands are there, and what does a newcomer read first?"""

VERSION = "0.1.0"


class Command:
    """A verb: its line of help, and the module whose `app`, `main` or `perform` carries it out."""

    __slots__ = ("line", "module")

    def __init__(self, line: str, module: str) -> None:
        self.line, self.module = line, module


COMMANDS = {
    "run": Command("trade on paper in the foreground; Ctrl-C stops it", "engine.runtime"),
    "console": Command("watch the running engine and command it", "supreme_cli.console"),
    "backtest": Command("what a profile would have earned on history", "supreme_cli.backtest"),
    "data": Command("import, list and check market history", "supreme_cli.data"),
    "replay": Command("fold a journal and show the state at a time", "supreme_cli.replay"),
}
START = """\
Start here:
  supreme run                          an engine on a simulated market, on paper
  supreme data import ETHUSDT-1m.zip   market history becomes a record file
  supreme backtest ETHUSDT-1m.records  what the default profile makes of it
"""


def help_text() -> str:
    """What a newcomer needs, on one screen."""
    rows = "".join(f"  {name:10} {command.line}\n" for name, command in COMMANDS.items())
    return (
        "Supreme, a crypto trading engine on one box.\n\n"
        "Usage: supreme COMMAND [OPTIONS]     `supreme COMMAND --help` tells more\n\n"
        f"{rows}\n{START}\n"
        "Options: -h, --help   --version\n"
        "Exit codes: 0 ok, 1 a check failed, 2 usage or configuration, 3 engine unreachable,\n"
        "            4 refused, 5 timed out, 70 internal, 130/143 interrupted\n"
    )
