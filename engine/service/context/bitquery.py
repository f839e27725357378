"""How much was traded on Ethereum's own exchanges in the last hour? Bitquery's GraphQL, version 2.

`EVM.DEXTrades` summed in USD, as in the examples of its documentation.
"""

from typing import Any

from engine.service.context.asking import Odd, Question, Told, amount, inside, written
from engine.service.context.settings import Source

QUERY = (
    "{ EVM(network: eth) { DEXTrades("
    "where: {Block: {Time: {since_relative: {hours_ago: 1}}}}"
    ") { volume: sum(of: Trade_Buy_AmountInUSD) } } }"
)


def question(source: Source, _now_s: int) -> Question:
    """The sum of the last hour."""
    headers = {"Authorization": f"Bearer {source.key}"} if source.key else {}
    return Question(f"{source.url.rstrip('/')}/graphql", {}, headers, {"query": QUERY})


def read(answer: dict[str, Any], now_ns: int) -> Told:
    """The volume in USD. Odd where the answer tells of errors, or of no sum."""
    if answer.get("errors"):
        raise Odd("an error of the source's")
    rows = inside(answer, "data", "EVM", "DEXTrades")
    if not isinstance(rows, list) or len(rows) != 1:
        raise Odd("not one sum")
    volume = amount(inside(rows[0], "volume"), "the volume")
    if volume < 0:
        raise Odd("the volume cannot be true")
    return Told("dex", written(volume), now_ns)
