"""What does the console look like? `python -m bench.pictures` draws it from a real run."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.console import CONSOLE, an_engine
from bench.terminal import Terminal
from engine.core import ROOT

FOLDER = ROOT / "docs" / "pictures"
# name -> columns, rows, keys typed one after another
SCENES: dict[str, tuple[int, int, list[str]]] = {
    "console-80x24": (80, 24, []),
    "console-160x48": (160, 48, []),
    "console-flatten": (80, 24, ["F", "FLATTE"]),
    "console-paused": (120, 36, ["P", "\r"]),
}
TRADED_S = 45.0  # at ten minutes a second the curve has its six hours and a few trades
DRAWN_S = 2.5
FONT, SIZE = "DejaVu Sans Mono", 14
INK, PAPER = (204, 208, 212), (13, 17, 23)
NAMED = {
    "black": (0, 0, 0),
    "red": (205, 49, 49),
    "green": (13, 188, 121),
    "brown": (229, 229, 16),
    "blue": (36, 114, 200),
    "magenta": (188, 63, 188),
    "cyan": (17, 168, 205),
    "white": (229, 229, 229),
}
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))  # bit -> column, row


def main() -> int:
    """Draw every scene; 2 when the font is not there."""
    font = font_file()
    if not font:
        print(f"The font {FONT} is missing.\nInstall it: apt-get install fonts-dejavu-core",
              file=sys.stderr)  # fmt: skip
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    with an_engine() as place:
        time.sleep(TRADED_S)
        for name, (columns, rows, keys) in SCENES.items():
            picture = drawn(seen(place, columns, rows, keys), font)
            picture.save(FOLDER / f"{name}.png", optimize=True)
            print(f"{name}.png {(FOLDER / f'{name}.png').stat().st_size / 1000:.0f} kB")
    return 0


def font_file() -> str:
    """Where the font lies, or nothing."""
    asked = ["fc-match", "-f", "%{family}|%{file}", FONT]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    family, _, file = told.partition("|")
    return file if FONT in family and Path(file).exists() else ""


def seen(place: str, columns: int, rows: int, keys: list[str]) -> Any:
    """The terminal's cells after these keys."""
    import pyte

    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    with Terminal([*CONSOLE, place], columns, rows) as terminal:
        stream.feed(terminal.read(DRAWN_S))
        for key in keys:
            terminal.type(key)
            stream.feed(terminal.read(DRAWN_S))
    return screen


def drawn(screen: Any, font: str) -> Any:
    """The cells as a picture of few colours."""
    from PIL import Image, ImageDraw, ImageFont

    plain = ImageFont.truetype(font, SIZE)
    bold = ImageFont.truetype(font.replace("Mono.", "Mono-Bold."), SIZE)
    width, height = round(plain.getlength("M")), SIZE + 4
    picture = Image.new("RGB", (screen.columns * width, screen.lines * height), PAPER)
    draw = ImageDraw.Draw(picture)
    for y in range(screen.lines):
        for x in range(screen.columns):
            cell = screen.buffer[y][x]
            ink, paper = colour(cell.fg, INK), colour(cell.bg, PAPER)
            ink, paper = (paper, ink) if cell.reverse else (ink, paper)
            left, top = x * width, y * height
            if paper != PAPER:
                draw.rectangle((left, top, left + width - 1, top + height - 1), fill=paper)
            if "\u2800" <= cell.data <= "\u28ff":
                dots(draw, ord(cell.data) - 0x2800, (left, top, width, height), ink)
            elif cell.data.strip():
                draw.text((left, top + 1), cell.data, ink, bold if cell.bold else plain)
    return picture.quantize(32)


def dots(draw: Any, code: int, place: tuple[int, int, int, int], ink: tuple[int, ...]) -> None:
    """A braille pattern as terminals draw it: evenly over the cell."""
    left, top, width, height = place
    for bit, (column, row) in enumerate(DOTS):
        if code >> bit & 1:
            x, y = left + (4 * column + 1) * width // 8, top + (4 * row + 1) * height // 16
            draw.rectangle((x, y, x + 1, y + 1), fill=ink)


def colour(name: str, otherwise: tuple[int, ...]) -> tuple[int, ...]:
    """A colour of the terminal's as red, green, blue."""
    if name == "default":
        return otherwise
    if name in NAMED:
        return NAMED[name]
    return tuple(int(name[at : at + 2], 16) for at in (0, 2, 4)) if len(name) == 6 else otherwise


if __name__ == "__main__":
    sys.exit(main())
