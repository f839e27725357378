"""What does an order cost here, from the command to the last event of it?"""

import json
import time
from typing import Any

import pytest

from engine.messages import encode
from engine.venues.asking import SUBMIT, Request
from tests.engine.venues.binance.desk import (
    MS,
    START,
    Line,
    order_row,
    report,
    submit,
    trade_report,
)

ORDERS, RUNS, BUDGET_US = 500, 5, 250
INTERVALS = (("ORDERS", "SECOND", 10), ("ORDERS", "DAY", 1), ("REQUEST_WEIGHT", "MINUTE", 1))
LIMITS = [
    {"rateLimitType": type_, "interval": unit, "intervalNum": number, "limit": 10**9, "count": 9}
    for type_, unit, number in INTERVALS
]


def texts_of(order_id: int, id_: str) -> list[str]:
    """What the venue says of an order that fills at once: the answer, two reports, the balances."""
    fill: dict[str, Any] = {
        "price": "2500.00000000",
        "qty": "0.10000000",
        "commission": "0.25000000",
    }
    fill |= {"commissionAsset": "USDT", "tradeId": order_id}
    row = order_row(order_id, status="FILLED", executedQty="0.10000000", fills=[fill])
    answer = {"id": id_, "status": 200, "result": row, "rateLimits": LIMITS}
    held = [{"a": asset, "f": "3.00000000", "l": "1.00000000"} for asset in ("ETH", "USDT")]
    events: list[dict[str, Any]] = [
        report(order_id, I=2 * order_id),
        trade_report(order_id, I=2 * order_id + 1, t=order_id),
        {"e": "outboundAccountPosition", "E": START // MS, "u": START // MS, "B": held},
    ]
    wrapped = [{"subscriptionId": 0, "event": event} for event in events]
    return [json.dumps(one) for one in (answer, *wrapped)]


def spent_us() -> float:
    """Processor time an order, in microseconds."""
    line = Line()
    account, now_ns = line.account, line.now_ns
    account.courier.limits.learn(LIMITS, now_ns)
    first = account.courier._last_id + 1
    orders = [encode(submit(number + 1)) for number in range(ORDERS)]
    texts = [texts_of(number + 1, str(first + number)) for number in range(ORDERS)]
    began = time.process_time()
    for number in range(ORDERS):
        account.ask(Request(number + 1, SUBMIT, number + 1, 0, orders[number]), now_ns)
        account.leaving(now_ns)
        for text in texts[number]:
            account.hear(1, text, now_ns)
    spent = time.process_time() - began
    assert account.books.open == {}
    assert account.courier.pending == {}
    return spent / ORDERS * 1e6


@pytest.mark.alone
def test_an_order_costs_less_than_a_quarter_of_a_millisecond():
    """Checked, built, signed, answered, and told by three events; the connection comes on top."""
    best = min(spent_us() for _ in range(RUNS))

    assert best < BUDGET_US
