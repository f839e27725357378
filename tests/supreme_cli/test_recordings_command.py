"""Does `supreme data` take recordings, and is what it made of them used?"""

import json

from tests.acceptance.running import final_state, supreme
from tests.engine.market.klines import written
from tests.engine.market.taped import depth, snapshot, ticker, trade

BOOK = snapshot(0, 10, [["2683.80", "3"]], [["2683.81", "2"]])
LINES = [
    ticker(0, 9, "2683.79", "2683.82"),
    BOOK,
    *(trade(100 * at, at) for at in range(1, 30)),
    depth(2_950, 11, 11, bids=[["2683.80", "1"]]),
    ticker(2_960, 11, "2683.80", "2683.81", "1"),
    trade(3_000, 31),
    trade(3_001, 31)[:120],
    depth(3_010, 14, 14),
]


def test_a_recording_is_imported_listed_and_checked(tmp_path):
    """What was heard, what was missed and what was left out, a line each."""
    path = written(tmp_path, "eth.gz", LINES)
    home = {"SUPREME_DATA_DIR": str(tmp_path / "home")}

    done = supreme("data", "import", path, **home)
    target = tmp_path / "home/records/ETHUSDT-ticks_2024-08-08_2024-08-08.records"
    listed, checked = supreme("data", "list", **home), supreme("data", "check", str(target))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "ETHUSDT ticks: 33 ticks, 2024-08-08T23:54:14Z to 2024-08-08T23:54:17Z",
        "  tick 0.01, lot 0.0001",
        "  30 trades, 3 tops: 2 of the book, 1 of the ticker while it was out of step",
        "  1 update of the book, 1 gap",
        "  0 of 1 times the book equals the ticker",
        "  1 trade missing between the first and the last, by their ids",
        "  1 line left out: no message of an exchange",
        f"  written to {target}",
    ]
    assert listed.stdout.splitlines()[1].split()[1:3] == ["ETHUSDT", "ticks"]
    assert (checked.returncode, checked.stdout.splitlines()[0]) == (0, f"ok {target}")


def test_json_has_all_that_was_heard(tmp_path):
    """Programs need no wording."""
    path = written(tmp_path, "eth.gz", LINES)

    (row,) = json.loads(supreme("data", "import", path, "--dry-run", "--json").stdout)["files"]

    assert (row["kind"], row["rows"]) == ("ticks", 33)
    assert row["recorded"] == {
        "lines": 36,
        "unreadable": 1,
        "clock_back": 0,
        "trades_missing": 1,
        "updates": 1,
        "gaps": 1,
        "crossings": 0,
        "tops_of_book": 2,
        "tops_of_ticker": 1,
        "compared": 1,
        "different": 1,
    }


def test_backtest_and_run_take_it(tmp_path):
    """A backtest also of the recording as it is."""
    path, target = written(tmp_path, "eth.gz", LINES), tmp_path / "eth.records"
    supreme("data", "import", path, "--out", str(target))

    tested = json.loads(supreme("backtest", path, "--json").stdout)
    again = json.loads(supreme("backtest", str(target), "--json").stdout)
    words = ("--replay", str(target), "--speed", "max", "--json")
    ran = final_state(supreme("run", *words, "--data-dir", str(tmp_path / "run")))

    assert tested["net"] == again["net"]
    assert (tested["period"]["trades"], tested["period"]["books"]) == (30, 3)
    assert ran["events"] > 33


def test_a_recording_without_a_market_is_refused(tmp_path):
    """Two lines, exit code 2."""
    done = supreme("data", "import", written(tmp_path, "eth.gz", [depth(0, 1, 1)]))

    assert done.returncode == 2
    assert "tells no trade and no price of ETHUSDT" in done.stderr
    assert len(done.stderr.splitlines()) == 2
