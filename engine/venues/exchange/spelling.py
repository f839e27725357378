"""How does Binance write an amount, a percentage, a time and an answer? Text out of integers."""

import json
from typing import Any

E8 = 100_000_000
MILLISECOND, MICROSECOND = 1_000, 1  # microseconds a unit of the time that is told
MICROSECONDS_FROM = 100_000_000_000_000  # a time that large was given in microseconds

encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def amount(value_e8: int) -> str:
    """A number of 1e-8 with all of its eight decimals; zero is `0.00000000`, never `0E-8`."""
    if value_e8 < 0:
        return f"-{amount(-value_e8)}"
    whole, rest = divmod(value_e8, E8)
    return f"{whole}.{rest:08d}"


def percentage(part_e8: int, whole_e8: int) -> str:
    """How much a part is of a whole, in percent with three decimals; `0.000` of nothing."""
    if not whole_e8:
        return "0.000"
    thousandths, sign = abs(part_e8) * 100_000 // abs(whole_e8), "-" if part_e8 < 0 else ""
    return f"{sign}{thousandths // 1000}.{thousandths % 1000:03d}"


def quote_of(price_e8: int, quantity_e8: int) -> int:
    """What a quantity is worth at a price, in 1e-8 of quote, rounded down."""
    return price_e8 * quantity_e8 // E8


def microseconds(moment: int) -> int:
    """A time given in milliseconds or, from its size, in microseconds."""
    return moment if moment >= MICROSECONDS_FROM else moment * MILLISECOND


def unit_of(said: str) -> int | None:
    """The unit a header or an address asks for; None for a word that is none."""
    return {"": MILLISECOND, "MILLISECOND": MILLISECOND, "MICROSECOND": MICROSECOND}.get(
        said.upper()
    )


def levels(side: list[tuple[int, int]]) -> list[list[str]]:
    """Prices and quantities of a book's side."""
    return [[amount(price), amount(quantity)] for price, quantity in side]


def body_of(answer: Any) -> bytes:
    """An answer as the bytes of its JSON."""
    return encoded(answer).encode()
