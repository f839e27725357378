"""How much ether went to exchanges in large transfers, less what left them? WhaleAlert's API v1.

`transactions` of the last hour, each with the owner's type on both sides and its worth in USD.
"""

from decimal import Decimal
from typing import Any

from engine.service.context.asking import Odd, Question, Told, amount, inside, written
from engine.service.context.settings import Source

HOUR_S = 3_600
LEAST_USD = 1_000_000
ROWS = 100  # at most, in one answer
EXCHANGE = "exchange"


def question(source: Source, now_s: int) -> Question:
    """Transfers of a million USD and more since an hour ago."""
    asked = {"start": str(now_s - HOUR_S), "min_value": str(LEAST_USD), "limit": str(ROWS)}
    headers = {"X-WA-API-KEY": source.key} if source.key else {}
    url = f"{source.url.rstrip('/')}/v1/transactions"
    return Question(url, {**asked, "currency": "eth"}, headers)


def read(answer: dict[str, Any], now_ns: int) -> Told:
    """The net flow to exchanges in USD. Odd where an hour had more than one answer holds."""
    if answer.get("result") != "success":
        raise Odd("an error of the source's")
    rows = answer.get("transactions") or []  # absent where there was none
    if not isinstance(rows, list):
        raise Odd("transactions are no list")
    if len(rows) >= ROWS:
        raise Odd("more transfers than one answer holds")
    return Told("whales", written(sum(map(flow, rows), Decimal(0))), now_ns)


def flow(row: Any) -> Decimal:
    """What one transfer brought to exchanges in USD; from one to another it is nothing."""
    worth = amount(inside(row, "amount_usd"), "the worth of a transfer")
    there, here = (inside(row, side, "owner_type") == EXCHANGE for side in ("to", "from"))
    return worth * (int(there) - int(here))
