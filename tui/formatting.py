"""How is a number written so that nobody misreads it? Fixed places, a sign, never cut in half."""

import time
from functools import lru_cache

from rich.cells import get_character_cell_size

EIGHTHS = " ▏▎▍▌▋▊▉█"
UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns"))
SCALES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
NOTHING = "--"


@lru_cache(4096)
def clean(text: str) -> str:
    """Text of others, one cell a character: what could move a cursor or hide a word becomes '?'."""
    return "".join(
        letter if letter.isprintable() and get_character_cell_size(letter) == 1 else "?"
        for letter in text
    )


def grouped(amount: str) -> str:
    """A number with its thousands apart."""
    whole, point, rest = amount.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.removeprefix('-')):,}{point}{rest}"


def cents(amount: str) -> str:
    """Money to the cent, for a glance; what is below a cent is dropped as the engine's lines do."""
    whole, _, rest = amount.partition(".")
    return grouped(f"{whole}.{rest:0<2.2}")


def signed(amount: str) -> str:
    """Money to the cent with its sign and direction: ▲+1,204.33."""
    value = float(amount)
    if value == 0:
        return " 0.00"
    return f"▼{cents(amount)}" if value < 0 else f"▲+{cents(amount)}"


def tone(value: float) -> str:
    """The style of a gain, a loss or neither."""
    if value == 0:
        return "text"
    return "up" if value > 0 else "down"


def percent(value: float, *, sign: bool = False) -> str:
    """Percent with two decimals."""
    return f"{value:+.2f}%" if sign else f"{value:.2f}%"


def narrowed(text: str, width: int) -> str:
    """A number in so many places: decimals go first, then it is said in k, M, G; never cut."""
    if len(text) <= width:
        return text
    whole, point, rest = text.partition(".")
    if point and rest.isdigit() and len(whole) <= width:
        return f"{whole}.{rest[: max(width - len(whole) - 1, 0)]}".rstrip(".")
    try:
        value = float(text.replace(",", "").lstrip("▲▼ "))
    except ValueError:
        return cut(text, width)
    for scale, unit in SCALES:
        if abs(value) >= scale:
            return fitting(value / scale, unit, width)
    return fitting(value, "", width)


def fitting(value: float, unit: str, width: int) -> str:
    """The most exact form of a number that fits; a row of # where none does."""
    for digits in (3, 2, 1, 0):
        text = f"{value:.{digits}f}{unit}"
        if len(text) <= width:
            return text
    return "#" * width


def cut(text: str, width: int) -> str:
    """Words in so many cells, the cut marked."""
    return text if len(text) <= width else f"{text[: max(width - 1, 0)]}…"[:width]


def clock(now_ns: int) -> str:
    """The UTC time of day."""
    return time.strftime("%H:%M:%S", time.gmtime(now_ns // 1_000_000_000))


def stamp(now_ns: int) -> str:
    """A UTC time to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(now_ns // 1_000_000_000))


def age(seconds: float) -> str:
    """How long ago, in at most five places."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02}" if whole < 864_000 else "9d+"


def duration(ns: int) -> str:
    """A duration in the unit that fits it: 254us, 3.01ms."""
    for size, unit in UNITS:
        if ns >= size:
            return f"{ns / size:.3g}{unit}"
    return "0"


def bar(share: float, width: int) -> str:
    """A share of 1 as a bar of eighths."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(width)


def scale_bar(value: float, marks: list[float], width: int) -> str:
    """A value on a scale that ends at the last mark, with the marks between drawn into it."""
    end = marks[-1] if marks and marks[-1] > 0 else 1.0
    filled = round(min(max(value / end, 0.0), 1.0) * width)
    if value > 0 and filled == 0:
        filled = 1  # a drawdown is never drawn as none
    cells = ["█"] * filled + ["░"] * (width - filled)
    for mark in marks[:-1]:
        at = min(int(mark / end * width), width - 1)
        if at >= filled:
            cells[at] = "│"
    return f"▕{''.join(cells)}▏"
