"""Whose money is it, does the engine trade, and how old is what I see? The first line."""

from tui.formatting import age, stamp
from tui.seen import Seen, View, label_of, trading_of, word_of
from tui.themes import Line, length

FRESH_S = 2.0  # beyond it, and one period of the rate, a picture is called old


def lines(seen: Seen, width: int, _height: int) -> list[Line]:
    """One line; where it is narrow the least important fields go, whole."""
    if seen.view is None:
        why = f"✖ {seen.gone}" if seen.gone else "○ connecting"
        return [[(" SUPREME ", "strong"), (f"{why}  ", "alarm" if seen.gone else "text"),
                 (seen.place, "dim")]]  # fmt: skip
    return [arranged(*fields(seen, seen.view), width)]


def fields(seen: Seen, view: View) -> tuple[list[Line], list[Line]]:
    """What stands left and what stands right, each the most important first."""
    word = word_of(view.hello)
    state, why, style = trading_of(view.snapshot)
    left: list[Line] = [[(f" {word} ", word)], [(state, style)]]
    left += [[(why, style)]] if why else []
    left.append([(label_of(view.hello), "dim")])
    speed = view.hello.get("speed") or 0
    right: list[Line] = [
        freshness(seen),
        [(stamp(view.snapshot.now_ns), "text")],
        [(f"{speed:g}x" if speed else "full speed", "dim")],
    ]
    return left, right


def freshness(seen: Seen) -> Line:
    """How old the picture is, or that no engine answers."""
    if seen.gone:
        return [(f"✖ ENGINE GONE {age(seen.age_s)}", "alarm")]
    if seen.frozen:
        return [("FROZEN", "frozen")]
    if seen.age_s > FRESH_S + 1.0 / seen.hz:
        return [(f"✖ NO PICTURE {age(seen.age_s)}", "alarm")]
    return [("data <2s", "dim")]


def arranged(left: list[Line], right: list[Line], width: int) -> Line:
    """Both sides in a line, apart; the last fields of each go first when there is no room."""
    left, right = list(left), list(right)
    while needed(left) + needed(right) > width - 1 and len(left) + len(right) > 2:
        if len(right) > 1 and len(right) + 1 >= len(left):
            right.pop()
        elif len(left) > 2 or len(right) < 2:
            left.pop()
        else:
            right.pop()
    if needed(left) + needed(right) > width - 1:
        return [span for field in (*left, *right) for span in (*field, (" ", "text"))]
    gap = width - needed(left) - needed(right)
    line = spaced(left)
    return [*line, (" " * gap, "text"), *spaced(right[::-1])]


def needed(fields_: list[Line]) -> int:
    """Cells of fields with their gaps."""
    return sum(length(field) + 2 for field in fields_)


def spaced(fields_: list[Line]) -> Line:
    """Fields with two blanks behind each."""
    return [span for field in fields_ for span in (*field, ("  ", "text"))]
