"""Does an account come to what its fills say? Exact decimals, for every client's script."""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

Balances = dict[str, tuple[Decimal, Decimal]]  # free and locked
ETH, USDT = "ETH", "USDT"


class Place(NamedTuple):
    """Where the venue is, and who its customer is."""

    port: int
    key: str
    secret: str

    @property
    def http(self) -> str:
        """The address of REST."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """The address of messages."""
        return f"ws://127.0.0.1:{self.port}"


def place() -> Place:
    """As the command line says."""
    return Place(int(sys.argv[1]), sys.argv[2], sys.argv[3])


def balances_of(rows: list[dict[str, Any]]) -> Balances:
    """Balances as Binance's account tells them."""
    return {row["asset"]: (Decimal(row["free"]), Decimal(row["locked"])) for row in rows}


def moved(fills: list[dict[str, Any]]) -> dict[str, Decimal]:
    """What fills, as Binance's myTrades tells them, add to each asset."""
    change: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        sign = 1 if fill["isBuyer"] else -1
        change[ETH] += sign * Decimal(fill["qty"])
        change[USDT] -= sign * Decimal(fill["quoteQty"])
        change[fill["commissionAsset"]] -= Decimal(fill["commission"])
    return change


def reconcile(before: Balances, after: Balances, fills: list[dict[str, Any]]) -> None:
    """AssertionError unless every balance moved by exactly what the fills say."""
    change = moved(fills)
    assert fills, "nothing was filled"
    for asset in before.keys() | after.keys():
        was, now = (sum(one.get(asset, (Decimal(0),))) for one in (before, after))
        assert now - was == change.get(asset, Decimal(0)), (asset, was, now, change[asset])


def refusal(kind: type[Exception], act: Callable[[], object]) -> str:
    """What a client raises, in words; AssertionError where it raises nothing."""
    try:
        act()
    except kind as error:
        return str(error)
    raise AssertionError(f"nothing was refused, {kind.__name__} was due")


async def until(is_so: Callable[[], bool]) -> None:
    """Let the loop run until it is so; TimeoutError after ten seconds."""
    for _ in range(200):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("it never came to be so")


def tell(**facts: Any) -> None:
    """The script's last line: what it did."""
    print(json.dumps(facts, default=str))
