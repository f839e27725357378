"""How is an account drawn? Its equity above, its drawdown below, as one picture in a file."""

import os
from typing import Any

from engine.errors import Refused
from supreme_cli.chart import GREY, INK, Chart, show_drawdown, show_equity, show_halt, show_time

ENDINGS = (".png", ".svg")
INCHES, DOTS_PER_INCH = (12, 8), 100  # 1200x800
ROOM = {"left": 0.09, "right": 0.81, "top": 0.855, "bottom": 0.075, "hspace": 0.17}
TITLE_LETTERS, SUBTITLE_LETTERS = 82, 135
SETTINGS = {
    "svg.hashsalt": "supreme",  # the same chart is the same bytes
    "svg.fonttype": "none",  # text stays text
    "text.parse_math": False,  # a $ in a name is a $
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 11,
    "axes.edgecolor": "#bbbbbb",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": GREY,
    "axes.titlecolor": GREY,
    "axes.titlesize": 11,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#e6e6e6",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "ytick.major.size": 0,
}


def refuse_undrawable(path: str) -> None:
    """Refused where no picture could be drawn in the end: to be asked before the work."""
    from importlib.util import find_spec

    if not path.endswith(ENDINGS):
        raise Refused(f"{path} is no name for a picture.", "Let it end in .png or .svg.")
    if find_spec("matplotlib") is None:
        raise Refused("--plot needs matplotlib.", "Install it: .venv/bin/pip install '.[plot]'.")
    if os.path.isdir(path):
        raise Refused(f"{path} is a directory.", "Name a file in it.")
    try:
        write(path, b"", keep=False)
    except OSError as error:
        raise Refused(
            f"{path} cannot be written: {error.strerror}.", "Mend that, or choose another place."
        ) from error


def draw(path: str, chart: Chart) -> None:
    """Draw a chart of 1200x800 points; the file, .png or .svg, appears whole or not at all.

    The same chart gives the same bytes. OSError when the disk does not take them.
    """
    import logging
    import warnings
    from io import BytesIO

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its caches are its own affair
    import matplotlib as mpl

    drawn, title = BytesIO(), printable(chart.title, TITLE_LETTERS)
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that no font here has
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        dateless = {"Date": None} if path.endswith(".svg") else {}
        figure = figure_of(chart, title)
        figure.savefig(drawn, format=path[-3:], metadata={"Title": title, **dateless})
    write(path, drawn.getvalue())


def figure_of(chart: Chart, title: str) -> Any:
    """The figure: heading, equity, drawdown."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH)
    left, subtitle = ROOM["left"], printable(chart.subtitle, SUBTITLE_LETTERS)
    figure.text(left, 0.945, title, size=16, weight="bold", color=INK)
    figure.text(left, 0.91, subtitle, color=GREY)
    shape = {"height_ratios": (2.4, 1), **ROOM}
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw=shape)
    show_equity(upper, chart)
    show_drawdown(lower, chart)
    show_time(lower, chart)
    show_halt((upper, lower), chart)
    return figure


def write(path: str, content: bytes, *, keep: bool = True) -> None:
    """Put a file in its place at once; with `keep` false only try whether it could be."""
    folder, name = os.path.split(os.path.abspath(path))
    draft = os.path.join(folder, f".{name}.{os.getpid()}")
    try:
        with open(draft, "wb") as file:
            file.write(content)
        if keep:
            os.replace(draft, path)
    finally:
        if os.path.exists(draft):
            os.unlink(draft)


def printable(text: str, letters: int) -> str:
    """A text of at most so many letters, without what no picture can show."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if len(shown) <= letters else f"{shown[: letters - 1]}…"
