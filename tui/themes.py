"""Which colour does a meaning have? None alone: each state also has its glyph and its word."""

from functools import cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Span = tuple[str, str]  # text and the name of its meaning
Line = list[Span]

# Blue and orange are told apart with any colour vision; the background is the terminal's own.
DEFAULT = {
    "text": "",
    "dim": "color(245)",
    "strong": "bold",
    "up": "color(33)",
    "down": "color(208)",
    "warn": "bold color(178)",
    "alarm": "bold color(16) on color(208)",
    "good": "color(33)",
    "title": "bold color(74)",
    "focus": "bold color(16) on color(74)",
    "key": "bold color(74)",
    "chart": "color(33)",
    "fall": "color(208)",
    "level": "color(178)",
    "frozen": "bold color(16) on color(178)",
    "LIVE": "bold color(16) on color(208)",
    "PAPER": "bold color(231) on color(25)",
    "SIMULATED": "bold color(16) on color(250)",
    "REPLAY": "bold color(16) on color(178)",
}
CONTRAST = {
    **dict.fromkeys(DEFAULT, "bold color(231) on color(16)"),
    **dict.fromkeys(("up", "good", "chart", "key"), "bold color(51) on color(16)"),
    **dict.fromkeys(("down", "fall", "level", "warn", "title"), "bold color(226) on color(16)"),
    **dict.fromkeys(("alarm", "frozen", "LIVE"), "bold color(16) on color(226)"),
    **dict.fromkeys(("focus", "PAPER", "SIMULATED", "REPLAY"), "bold color(16) on color(231)"),
}
MONO = {
    **dict.fromkeys(DEFAULT, ""),
    **dict.fromkeys(("strong", "warn", "title", "key", "down"), "bold"),
    **dict.fromkeys(
        ("alarm", "frozen", "focus", "LIVE", "PAPER", "SIMULATED", "REPLAY"), "bold reverse"
    ),
}
THEMES = {"default": DEFAULT, "high-contrast": CONTRAST, "mono": MONO}


@cache
def styles_of(theme: str) -> dict[str, Style]:
    """The styles of a theme by meaning, made when it is first used."""
    return {name: Style.parse(text or "none") for name, text in THEMES[theme].items()}


# What stands for each of our glyphs where only ASCII can be drawn.
PLAIN = dict(
    zip(
        "▶■▲▼●○◐✖‖━─┈│▕▏█░…▁▂▃▄▅▆▇▎▍▌▋▊▉·→╭╮╰╯",
        '>#^v*o%X"=-.|||#.~___==##||####.>++++',
        strict=True,
    )
)


def without_unicode(code: int) -> str:
    """A braille pattern in ASCII: where in the cell its dots lie."""
    upper, lower = code & 0x1B, code & 0xE4
    if not code:
        return " "
    return ":" if upper and lower else ("'" if upper else ".")


ASCII = str.maketrans(
    {**PLAIN, **{chr(0x2800 + code): without_unicode(code) for code in range(256)}}
)


def strip_of(line: Line, width: int, theme: str, *, ascii_: bool) -> Strip:
    """A line as exactly so many cells; every segment has a style."""
    styles, segments, used = styles_of(theme), [], 0
    for text, name in line:
        room = width - used
        shown = text if len(text) <= room else f"{text[: max(room - 1, 0)]}…"[:room]
        if shown:
            drawn = shown.translate(ASCII) if ascii_ else shown
            segments.append(Segment(drawn, styles[name]))
            used += len(shown)
    if used < width:
        segments.append(Segment(" " * (width - used), styles["text"]))
    return Strip(segments, width)


def length(line: Line) -> int:
    """Cells of a line; every character we draw has one."""
    return sum(len(text) for text, _ in line)
