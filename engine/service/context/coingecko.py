"""What share of CoinGecko's voters expects ether to rise? `coins/ethereum` of its API.

The answer has `sentiment_votes_up_percentage`, and `last_updated` as its own time.
"""

from datetime import datetime
from typing import Any

from engine.service.context.asking import Odd, Question, Told, amount, inside, written
from engine.service.context.settings import Source

LEFT_OUT = ("localization", "tickers", "market_data", "community_data", "developer_data")
NS = 1_000_000_000


def question(source: Source, _now_s: int) -> Question:
    """The coin without all that is not asked for; a key goes in a header, as its plans want it."""
    header = "x-cg-pro-api-key" if "//pro-" in source.url else "x-cg-demo-api-key"
    return Question(
        f"{source.url.rstrip('/')}/api/v3/coins/ethereum",
        dict.fromkeys(LEFT_OUT, "false"),
        {header: source.key} if source.key else {},
    )


def read(answer: dict[str, Any], _now_ns: int) -> Told:
    """The share of upward votes, 0 to 1, as of when the coin was updated there. Odd otherwise."""
    if "status" in answer:
        raise Odd("an error of the source's")
    percent = amount(inside(answer, "sentiment_votes_up_percentage"), "the share of votes")
    if not 0 <= percent <= 100:
        raise Odd("the share of votes cannot be true")
    return Told("votes", written(percent / 100), time_of(inside(answer, "last_updated")))


def time_of(text: Any) -> int:
    """An ISO 8601 time with its zone, as nanoseconds. Odd where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise Odd("last_updated is no time") from None
    if moment.tzinfo is None or moment.timestamp() < 0:
        raise Odd("last_updated is no time")
    return int(moment.timestamp() * 1_000_000) * (NS // 1_000_000)
