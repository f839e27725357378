"""Whose money is it, does the engine trade, and how old is what I see? The first line."""

from typing import NamedTuple

from tui.formatting import age, stamp
from tui.panels.alerts import count, unwatched
from tui.panels.exchange import standing
from tui.seen import Seen, View, label_of, trading_of, word_of
from tui.themes import Line, length

ROOMY = 40  # columns from which fields stand two blanks apart
FRESH_S = 2.0  # beyond it, and one period of the rate, a picture is called old


def lines(seen: Seen, width: int, _height: int) -> list[Line]:
    """One line; where it is narrow the least important fields go, whole."""
    if seen.view is None:
        why = f"✖ {seen.gone}" if seen.gone else "○ connecting"
        return [[(" SUPREME ", "strong"), (f"{why}  ", "alarm" if seen.gone else "text"),
                 (seen.place, "dim")]]  # fmt: skip
    return [arranged(fields(seen, seen.view), width)]


class Field(NamedTuple):
    """A part of the line; the one with the highest rank goes first when there is no room."""

    rank: int
    is_left: bool
    text: Line


def fields(seen: Seen, view: View) -> list[Field]:
    """What stands left, and what stands right, in order."""
    word = word_of(view.hello)
    words = [word, *(["SIMULATED"] if word == "LIVE" and view.hello.get("simulated") else [])]
    state, why, style = trading_of(view.snapshot)
    if seen.gone:
        state, why, style = f"○ was {state[2:]}", "", "dim"
    speed = view.hello.get("speed") or 0
    fresh = freshness(seen)
    is_lost = fresh[0][1] == "alarm"
    found = [
        Field(0, True, [(f" {one} ", one) for one in words]),
        Field(2, True, [(state, style)]),
        Field(5, True, [(why, style)]),
        Field(3, True, count(seen)),
        Field(6, True, unwatched(seen)),
        Field(8, True, [(label_of(view.hello), "dim")]),
        *stands(view, f"{speed:g}x" if speed else "full speed"),
        Field(7, False, [(stamp(view.snapshot.now_ns), "text")]),
        Field(1 if is_lost else 4, False, fresh),
    ]
    return [field for field in found if length(field.text)]


def stands(view: View, pace: str) -> list[Field]:
    """How the exchange stands: trouble before all but the money's word; without one the pace."""
    if not view.hello.get("exchange"):
        return [Field(9, False, [(pace, "dim")])]
    return [
        Field(1 if style == "alarm" else 6, style == "alarm", [(text, style)])
        for text, style in standing(view)
    ]


def freshness(seen: Seen) -> Line:
    """How old the picture is, or that no engine answers."""
    if seen.gone:
        return [(f"✖ ENGINE GONE {age(seen.age_s)}", "alarm")]
    if seen.frozen:
        return [("FROZEN", "frozen")]
    if seen.age_s > FRESH_S + 1.0 / seen.hz:
        return [(f"✖ NO PICTURE {age(seen.age_s)}", "alarm")]
    return [("data <2s", "dim")]


def arranged(found: list[Field], width: int) -> Line:
    """Both sides in a line, apart; whole fields go where there is no room, a number never half."""
    gap = 2 if width >= ROOMY else 1
    while sum(length(field.text) + gap for field in found) > width + gap and len(found) > 1:
        found = [field for field in found if field.rank < max(other.rank for other in found)]
    apart = " " * gap
    left = spaced([field.text for field in found if field.is_left], apart)
    right = spaced([field.text for field in found if not field.is_left], apart)
    return [*left, (" " * max(width - length(left) - length(right), 0), "text"), *right]


def spaced(parts: list[Line], apart: str) -> Line:
    """Fields with blanks between them."""
    line: Line = []
    for part in parts:
        line += [(apart, "text"), *part] if line else part
    return line
