"""Does freqtrade, a whole trading bot, trade on the venue for real (dry_run false)?

It buys at once and sells as soon as it may, until some trades are closed. What its database says
of them must be what the venue's account says.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt

from tests.acceptance.clients import books
from tests.acceptance.clients.with_ccxt import addresses

PAIR = "ETH/USDT"
CLOSED, WAIT_S = 2, 200
ENDED = "select id from trades where is_open = 0"
STRATEGY = """
from freqtrade.strategy import IStrategy


class InAndOut(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi = {"0": -1}
    stoploss = -0.5
    startup_candle_count = 10
    order_types = {
        "entry": "limit", "exit": "market", "stoploss": "market", "stoploss_on_exchange": False
    }

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe
"""


def settings(place: books.Place, folder: Path) -> dict[str, Any]:
    """freqtrade's documented configuration, with other addresses than Binance's."""
    urls = {"urls": addresses(place)["urls"]}
    other_side = {"price_side": "other", "use_order_book": True, "order_book_top": 1}
    return {
        "dry_run": False,
        "bot_name": "venue",
        "initial_state": "running",
        "stake_currency": "USDT",
        "stake_amount": 100,
        "max_open_trades": 1,
        "timeframe": "1m",
        "db_url": f"sqlite:///{folder}/trades.sqlite",
        "exchange": {
            "name": "binance",
            "key": place.key,
            "secret": place.secret,
            "ccxt_config": urls,
            "ccxt_async_config": urls,
            "pair_whitelist": [PAIR],
        },
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": other_side,
        "exit_pricing": other_side,
        "unfilledtimeout": {"entry": 1, "exit": 1, "unit": "minutes"},
        "internals": {"process_throttle_secs": 2},
    }


def asked(folder: Path, question: str) -> list[tuple[Any, ...]]:
    """What its database says; nothing before the tables are there."""
    path = folder / "trades.sqlite"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as found:
        try:
            return found.execute(question).fetchall()
        except sqlite3.OperationalError:
            return []


def traded(folder: Path) -> dict[str, Decimal]:
    """Let the bot trade until enough is closed; what it says it bought and sold."""
    command: list[str | Path] = ["trade", "--config", folder / "config.json", "--userdir", folder]
    command += ["--strategy", "InAndOut", "--strategy-path", folder]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "freqtrade", *command], stdout=log, stderr=subprocess.STDOUT
        ) as bot,
    ):
        ends = time.monotonic() + WAIT_S
        while len(asked(folder, ENDED)) < CLOSED and time.monotonic() < ends and bot.poll() is None:
            time.sleep(0.5)
        bot.terminate()
        bot.wait(60)
    assert len(asked(folder, ENDED)) >= CLOSED, (folder / "log").read_text()[-4_000:]
    rows = asked(folder, "select ft_order_side, filled from orders where filled > 0")
    filled = {"buy": Decimal(0), "sell": Decimal(0)}
    for side, amount in rows:
        filled[side] += Decimal(f"{amount:.8f}")
    return filled


def main() -> None:
    """Trade, then compare."""
    place = books.place()
    exchange = ccxt.binance(addresses(place))
    before = books.balances_of(exchange.fetch_balance()["info"]["balances"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "strategy.py").write_text(STRATEGY)
        (folder / "config.json").write_text(json.dumps(settings(place, folder)))
        known = traded(folder)
    fills = [fill["info"] for fill in exchange.fetch_my_trades(PAIR)]
    after = books.balances_of(exchange.fetch_balance()["info"]["balances"])
    books.reconcile(before, after, fills)
    filled = {"buy": Decimal(0), "sell": Decimal(0)}
    for fill in fills:
        filled["buy" if fill["isBuyer"] else "sell"] += Decimal(fill["qty"])
    assert known == filled, (known, filled)
    books.tell(client="freqtrade", fills=len(fills), **filled)


if __name__ == "__main__":
    main()
