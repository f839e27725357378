"""What do the cache's documents show? `python -m bench.cache_picture` plays every trace anew.

It draws docs/pictures/cache-hit-ratio.png and writes the tables between the marks of docs/cache.md.
The best of nine policies stands beside the tests, the peers of fetching ahead in bench.cache_ahead.
"""

import re
import sys
from collections.abc import Iterable
from io import BytesIO
from typing import Any, NamedTuple

from bench import cache_ahead
from bench.lru_ahead import ahead, plain
from bench.market import SHARED, native
from engine.cache.memory import memory_of
from engine.cache.trace import belady, played
from engine.core import ROOT
from supreme_cli.chart import BLUE, GREY, INK, ORANGE
from supreme_cli.plotting import SETTINGS, write
from tests.engine.cache.memories import recorded
from tests.engine.cache.test_memory_policy import BEST

DOCUMENT = ROOT / "docs" / "cache.md"
PICTURE = ROOT / "docs" / "pictures" / "cache-hit-ratio.png"
BYTES_MAX = 1 << 60
INCHES, DOTS_PER_INCH = (9, 7.6), 100
KEPT, FORETOLD = "kept", "foretold"


class Row(NamedTuple):
    """One trace at one size; ratios in percent."""

    name: str
    size: int
    ours: float
    best: float
    opt: float

    @property
    def regret(self) -> float:
        """Points behind the best of nine; a lead counts as none."""
        return max(0.0, self.best - self.ours)


def main() -> int:
    """Play, draw and write; 2 where there are no traces."""
    if not (SHARED / "cache_traces").is_dir():
        print(f"There are no traces in {SHARED}.\nSet SUPREME_SHARED to the folder that has them.",
              file=sys.stderr)  # fmt: skip
        return 2
    rows = [row_of(name, size) for name, size in BEST]
    write(str(PICTURE), drawn(rows))
    text = filled(DOCUMENT.read_text(), KEPT, kept_table(rows))
    text = filled(text, FORETOLD, ahead_table(cache_ahead.ROWS))
    write(str(DOCUMENT), text.encode())
    print(f"{DOCUMENT.name}, {PICTURE.name}: {PICTURE.stat().st_size / 1000:.0f} kB")
    return 0


def row_of(name: str, size: int) -> Row:
    """What memory answers of a trace, and what is possible."""
    keys = recorded(SHARED, name)
    ours = played(keys, memory_of(native(), (size, BYTES_MAX), len)).ratio
    row = Row(name, size, 100 * ours, BEST[name, size], 100 * belady(keys, size).ratio)
    print(f"{name} {size:,}: {row.ours:.1f}", flush=True)
    return row


def filled(document: str, mark: str, table: Iterable[str]) -> str:
    """The document with this table between the marks of that name; ValueError without them."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    text, times = re.subn(
        f"(?s){re.escape(begin)}.*?{re.escape(end)}",
        lambda _: "\n".join([begin.rstrip(), *table, end]),
        document,
    )
    if times != 1:
        raise ValueError(f"the document has {times} places named {mark}")
    return text


def kept_table(rows: list[Row]) -> list[str]:
    """Hit ratios, a row a trace and size; mean and worst regret below."""
    worst = max(rows, key=lambda row: row.regret)
    where = f"{worst.name}, {worst.size:,}"
    mean = sum(row.regret for row in rows) / len(rows)
    return [
        "| trace | entries | ours % | best of nine % | OPT % | behind the best, points |",
        "|---|---:|---:|---:|---:|---:|",
        *(
            f"| {row.name} | {row.size:,} | {row.ours:.1f} | {row.best:.1f} | {row.opt:.1f} "
            f"| {row.regret:.1f} |"
            for row in rows
        ),
        "",
        f"Mean regret {mean:.2f} points, at worst {worst.regret:.1f}: {where}.",
    ]


def ahead_table(peers: dict[str, cache_ahead.Peers]) -> list[str]:
    """Fetching ahead over a plain LRU, beside what others reach."""
    head = "| trace | entries | LRU % | OBL % | PG % | Mithril % | naive k+1 % | ours % | used % |"
    lines = [head, f"|---|{'---:|' * 8}"]
    for name, row in peers.items():
        keys = cache_ahead.trace(name)
        alone, ours = plain(keys, row.size), ahead(keys, row.size)
        used = f"{100 * ours.precision:.0f}" if ours.fetched else "no fetch"
        others = " | ".join(f"{ratio:.1f}" for ratio in (row.obl, row.pg, row.mithril, row.naive))
        lines.append(
            f"| {name} | {row.size:,} | {100 * alone.hit_ratio:.1f} | {others} "
            f"| {100 * ours.hit_ratio:.1f} | {used} |"
        )
        print(f"{name} ahead: {100 * ours.hit_ratio:.1f}", flush=True)
    return lines


def drawn(rows: list[Row]) -> bytes:
    """Ours against the best of nine and OPT, a line a row, as a PNG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**SETTINGS, "axes.grid.axis": "x"})
        figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH)
        axes = figure.subplots()
        figure.subplots_adjust(left=0.22, right=0.97, top=0.89, bottom=0.07)
        placed(axes, rows)
        named(figure, axes, rows)
        picture = BytesIO()
        figure.savefig(picture, format="png", metadata={"Title": "Cache hit ratios"})
    return small(picture)


def placed(axes: Any, rows: list[Row]) -> None:
    """Three marks a row, and the way left to what is possible."""
    places = range(len(rows))
    axes.hlines(places, [row.ours for row in rows], [row.opt for row in rows], color="#d8d8d8")
    marks: tuple[tuple[str, list[float], dict[str, Any]], ...] = (
        ("OPT (Belady)", [row.opt for row in rows], {"marker": "|", "color": INK, "s": 90}),
        (
            "best of nine policies",
            [row.best for row in rows],
            {"marker": "o", "facecolors": "none", "edgecolors": ORANGE, "s": 60, "linewidths": 1.6},
        ),
        ("ours", [row.ours for row in rows], {"marker": "o", "color": BLUE, "s": 22}),
    )
    for label, values, looks in marks:
        axes.scatter(values, places, label=label, zorder=3, **looks)


def named(figure: Any, axes: Any, rows: list[Row]) -> None:
    """Which row is which, and what is to be seen."""
    axes.set_yticks(range(len(rows)), [f"{row.name}  {row.size:,}" for row in rows], size=9)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("requests answered from memory, %", size=10)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=10)
    figure.text(0.02, 0.965, "What memory answers of recorded requests", size=14, color=INK,
                weight="bold")  # fmt: skip
    figure.text(0.97, 0.965, "no prefetch", size=10, color=GREY, ha="right")


def small(picture: BytesIO) -> bytes:
    """The same picture of few colours."""
    from PIL import Image

    packed = BytesIO()
    Image.open(picture).convert("RGB").quantize(64).save(packed, "png", optimize=True)
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main())
