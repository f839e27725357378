"""What does ether's gas cost? Etherscan's gas oracle, version 2 of its API: the proposed price."""

from typing import Any

from engine.service.context.asking import Odd, Question, Told, amount, inside, written
from engine.service.context.settings import Source

MAINNET = "1"


def question(source: Source, _now_s: int) -> Question:
    """The oracle of the main chain; this source takes its key as a parameter alone."""
    asked = {"chainid": MAINNET, "module": "gastracker", "action": "gasoracle"}
    key = {"apikey": source.key} if source.key else {}
    return Question(f"{source.url.rstrip('/')}/v2/api", {**asked, **key}, {})


def read(answer: dict[str, Any], now_ns: int) -> Told:
    """The proposed price in gwei, as of now: the oracle tells no time. Odd otherwise."""
    if answer.get("status") != "1":
        raise Odd("an error of the source's")
    price = amount(inside(answer, "result", "ProposeGasPrice"), "the gas price")
    if price < 0:
        raise Odd("the gas price cannot be true")
    return Told("gas", written(price), now_ns)
