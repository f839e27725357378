"""How do prices move in tests? Minutes of trends and of noise, from a seed."""

import random
from itertools import accumulate, pairwise

from engine.messages import BarClosed, encode
from tests.builders import MINUTE, PLENTY, START


def bars(closes: list[int], symbol: int = 0) -> list[bytes]:
    """Minutes that open where the one before closed, with more volume than we need."""
    records = []
    for minute, (opened, closed) in enumerate(pairwise(closes)):
        start_ns = START + minute * MINUTE
        prices = (opened, max(opened, closed), min(opened, closed), closed)
        records.append(encode(BarClosed(symbol, start_ns, start_ns + MINUTE, *prices, PLENTY)))
    return records


def waves(minutes: int, seed: int = 3) -> list[int]:
    """An hour up, an hour down, again and again: what a follower of trends can earn on."""
    draws = random.Random(seed)
    steps = (
        (300 if minute // 60 % 2 == 0 else -300) + draws.randint(-150, 150)
        for minute in range(minutes)
    )
    return list(accumulate(steps, initial=300_000))


def noise(minutes: int, seed: int = 5) -> list[int]:
    """A price that goes nowhere in particular."""
    draws = random.Random(seed)
    return list(accumulate((draws.randint(-250, 250) for _ in range(minutes)), initial=300_000))
