"""Does the page about the cache show what the program measured, row by row?"""

import re
import struct
from pathlib import Path

import pytest

from bench import cache_ahead, cache_picture
from bench.cache_picture import FORETOLD, KEPT, Row, drawn, filled, kept_table
from bench.lru_ahead import ahead
from engine.cache.trace import belady
from tests.engine.cache.memories import recorded
from tests.engine.cache.test_memory_policy import (
    BEST,
    CHANGING,
    CHANGING_MIN,
    REGRET_MAX,
    REGRET_MEAN_MAX,
    percent,
)

ROWS = [Row("loop", 500, 48.0, 48.9, 49.4), Row("multi3", 500, 43.0, 42.1, 48.9)]


def cells(mark: str) -> dict[tuple[str, int], list[str]]:
    """A table of the page: the other cells by trace and size."""
    text = cache_picture.DOCUMENT.read_text()
    found = re.search(rf"(?s)<!-- {mark} -->\n(.*?)<!-- end of {mark} -->", text)
    assert found is not None
    lines = [line.strip("| ").split(" | ") for line in found[1].splitlines()[2:] if "|" in line]
    return {(name, int(size.replace(",", ""))): rest for name, size, *rest in lines}


def test_the_page_has_every_row_and_keeps_the_promise():
    """The best of nine in it is the one the tests compare with."""
    rows = cells(KEPT)
    shown = {row: [float(cell) for cell in told] for row, told in rows.items()}
    regrets = [max(0.0, best - ours) for ours, best, _, _ in shown.values()]

    assert rows.keys() == BEST.keys()
    assert {row: told[1] for row, told in shown.items()} == BEST
    assert sum(regrets) / len(regrets) <= REGRET_MEAN_MAX
    assert max(regrets) <= REGRET_MAX
    assert shown[CHANGING][0] >= CHANGING_MIN
    assert all(ours <= opt + 0.1 for ours, _, opt, _ in shown.values())


def test_the_page_has_every_trace_that_is_foretold():
    """Each with its peers', and nothing fetched where nothing can be known."""
    rows = cells(FORETOLD)

    assert rows.keys() == {(name, row.size) for name, row in cache_ahead.ROWS.items()}
    assert all(float(told[5]) >= float(told[0]) for told in rows.values())
    assert rows["corda", 512][-1] == "no fetch"


@pytest.mark.parametrize("row", [("multi3", 500), ("sprite", 400), CHANGING], ids=str)
def test_a_row_of_the_page_is_what_comes_out_now(shared, row):
    """Ours and OPT, to the decimal that is shown."""
    keys = recorded(shared, row[0])

    ours, _, opt, _ = cells(KEPT)[row]

    assert f"{percent(keys, row[1]):.1f}" == ours
    assert f"{100 * belady(keys, row[1]).ratio:.1f}" == opt


def test_a_foretold_row_of_the_page_is_what_comes_out_now(shared):
    """With its precision."""
    keys = recorded(shared, "multi3")[: cache_ahead.REQUESTS]

    found = ahead(keys, 1_500)

    assert cells(FORETOLD)["multi3", 1_500][-2:] == [
        f"{100 * found.hit_ratio:.1f}", f"{100 * found.precision:.0f}",
    ]  # fmt: skip


def test_a_table_goes_between_its_marks_and_nowhere_else():
    """What stood there goes; a page without the marks is not guessed about."""
    page = "before\n<!-- kept -->\nold\nolder\n<!-- end of kept -->\nafter\n"

    assert filled(page, KEPT, ["| a |", "| b |"]) == (
        "before\n<!-- kept -->\n| a |\n| b |\n<!-- end of kept -->\nafter\n"
    )
    with pytest.raises(ValueError, match="0 places named foretold"):
        filled(page, FORETOLD, [])


def test_a_lead_makes_up_for_no_lag():
    """Regret is what was lost, row by row."""
    lines = kept_table(ROWS)

    assert lines[2] == "| loop | 500 | 48.0 | 48.9 | 49.4 | 0.9 |"
    assert lines[3] == "| multi3 | 500 | 43.0 | 42.1 | 48.9 | 0.0 |"
    assert lines[-1] == "Mean regret 0.45 points, at worst 0.9: loop, 500."


def test_the_picture_is_a_small_png(tmp_path: Path):
    """As drawn now, and as it lies beside the page."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: .venv/bin/pip install '.[plot]'")

    for raw in (drawn(ROWS), cache_picture.PICTURE.read_bytes()):
        assert raw[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", raw[16:24]) == (900, 760)
        assert len(raw) < 100_000
