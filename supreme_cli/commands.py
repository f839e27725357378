"""Which commands are there, and what does a newcomer read first?"""

VERSION = "0.1.0"


class Command:
    """A verb: its one line of help, and where the function (or typer's `app`) lies that does it."""

    __slots__ = ("function", "group", "line", "module")

    def __init__(self, group: str, line: str, module: str, function: str = "main") -> None:
        self.group, self.line, self.module, self.function = group, line, module, function


RUN, OPERATE, LOOK, RESEARCH, PROVE = "run", "operate", "look", "research", "prove"
SHOW, ACT = "supreme_cli.show", "supreme_cli.operate"
LIFE, CONSOLE = "supreme_cli.lifecycle", "supreme_cli.console"
SHOWN = ("status", "exchange", "positions", "orders", "trades", "risk", "latency")
OWN = ("up", "console", *SHOWN)  # they parse for themselves, without typer's weight
COMMANDS = {
    "up": Command(RUN, "start an engine in the background, open the console", LIFE, "up"),
    "run": Command(RUN, "an engine in the foreground; Ctrl-C stops it", "engine.runtime"),
    "serve": Command(RUN, "keep an engine's orders and decisions in tables", "engine.serving"),
    "console": Command(RUN, "watch the running engine, command it", CONSOLE, "perform"),
    "down": Command(RUN, "stop the engine gracefully", LIFE, "down"),
    "status": Command(RUN, "whether an engine runs, and how it stands", SHOW, "status"),
    "venue": Command(RUN, "a paper exchange that speaks Binance Spot", "supreme_cli.venue"),
    "doctor": Command(RUN, "whether this box is fit for an engine", "supreme_cli.doctor"),
    "keys": Command(RUN, "API keys of a venue, sealed on disk", "supreme_cli.keys"),
    "config": Command(RUN, "settings, and where each came from", "supreme_cli.config"),
    "completion": Command(RUN, "words for the shell to complete", "supreme_cli.completion"),
    "pause": Command(OPERATE, "no new entries; exits go on", ACT, "pause"),
    "resume": Command(OPERATE, "end a pause", ACT, "resume"),
    "flatten": Command(OPERATE, "sell everything, then stay paused", ACT, "flatten"),
    "kill": Command(OPERATE, "sell everything, then halt until reset", ACT, "kill"),
    "reset": Command(OPERATE, "leave HALTED, with a reason", ACT, "reset"),
    "breaker": Command(
        OPERATE, "what is not called now, and your hand on it", "supreme_cli.breaker"
    ),
    "alerts": Command(OPERATE, "what went wrong; see it, acknowledge it", "supreme_cli.alerts"),
    "exchange": Command(
        LOOK, "is it heard, what is aside in the account", "supreme_cli.exchange", "shown"
    ),
    "positions": Command(LOOK, "what is held", SHOW, "positions"),
    "orders": Command(LOOK, "what may still fill", SHOW, "orders"),
    "trades": Command(LOOK, "the newest fills", SHOW, "trades"),
    "equity": Command(LOOK, "the account, and how it came here", "supreme_cli.equity"),
    "risk": Command(LOOK, "every limit and where we are", SHOW, "risk"),
    "latency": Command(LOOK, "how long things take", SHOW, "latency"),
    "cache": Command(LOOK, "what need not be asked again, and what it saves", "supreme_cli.cache"),
    "signal": Command(LOOK, "what the engine would do now, and why", "supreme_cli.signals"),
    "history": Command(LOOK, "fills, orders, trades of any time, by pages", "supreme_cli.history"),
    "explain": Command(LOOK, "why an order was asked for", "supreme_cli.explain"),
    "backtest": Command(RESEARCH, "a profile on history", "supreme_cli.backtest"),
    "data": Command(RESEARCH, "import, list and check market history", "supreme_cli.data"),
    "journal": Command(RESEARCH, "verify, export, back up, shorten", "supreme_cli.journal"),
    "replay": Command(RESEARCH, "the state a journal had at a time", "supreme_cli.replay"),
    "connectivity": Command(
        PROVE, "a venue's reach, clock, keys, ages, limits", "supreme_cli.connectivity"
    ),
    "degrade": Command(PROVE, "real faults, and what an engine promises", "supreme_cli.degrade"),
}
START = """\
Start here:
  supreme up                           an engine on a simulated market, on paper, and its console
  supreme data import ETHUSDT-1m.zip   market history becomes a record file
  supreme backtest ETHUSDT-1m.records  what the default profile makes of it
  supreme venue                        an exchange on this machine, to trade at: docs/exchange.md
"""
RUNNING = """\
An engine runs: supreme console watches it, supreme status tells, supreme down stops it.
"""


def help_text(running: list[str]) -> str:
    """What a newcomer needs, on one screen; `running` are the engines' data directories."""
    groups = dict.fromkeys(command.group for command in COMMANDS.values())
    return (
        "Supreme, a crypto trading engine on one box.\n\n"
        "Usage: supreme COMMAND [OPTIONS]     `supreme COMMAND --help` tells more\n\n"
        f"{''.join(group_text(group) for group in groups)}\n{next_step(running)}\n"
        "Options: -h, --help   --version\n"
        "Exit codes: 0 ok, 1 a check failed, 2 usage or configuration, 3 engine unreachable,\n"
        "            4 refused, 5 timed out, 70 internal, 130/143 interrupted\n"
    )


def next_step(running: list[str]) -> str:
    """What to do now: watch what runs, or start something."""
    if not running:
        return START
    rows = "".join(f"  {place}\n" for place in running)
    return f"{RUNNING}{rows}"


def group_text(group: str) -> str:
    """One group's verbs, a line each."""
    rows = [f"  {name:12} {row.line}\n" for name, row in COMMANDS.items() if row.group == group]
    return f"{group}\n{''.join(rows)}"
