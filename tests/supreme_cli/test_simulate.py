"""Does `supreme data simulate` write what it says, and end as it should?"""

import json

import pytest

from engine.market.history import open_history
from engine.market.inspection import inspected
from tests.acceptance.running import supreme


def simulate(path, *words: str):
    """`supreme data simulate` into a file."""
    return supreme("data", "simulate", str(path), *words)


def test_bars_and_trades_are_written_and_labelled(tmp_path):
    """Each is a true record file whose header says SIMULATED, and so does every list of it."""
    for kind, rows in (("bars", 90), ("trades", 2_700)):
        path = tmp_path / f"{kind}.records"

        done = simulate(path, "--kind", kind, "--minutes", "90", "--seed", "7")

        history = open_history(path)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"ETHUSDT SIMULATED seed 7: {rows:,} {kind}, 2025-01-01T00:00:00Z" in done.stdout
        assert (history.kind, history.simulated) == (kind, True)
        assert (inspected(history)[0].rows, inspected(history)[1]) == (rows, "")
        assert "SIMULATED" in supreme("data", "check", str(path)).stdout


def test_the_same_words_write_the_same_bytes(tmp_path):
    """And another seed others."""
    paths = [tmp_path / name for name in "abc"]
    for path, seed in zip(paths, "112", strict=True):
        simulate(path, "--minutes", "10", "--seed", seed)

    one, same, other = (path.read_bytes() for path in paths)

    assert one == same
    assert one != other


def test_another_symbol_begins_when_and_where_it_is_told(tmp_path):
    """Its steps are those of that day."""
    path = tmp_path / "btc.records"

    done = simulate(
        path,
        *("--symbol", "btcusdt", "--price", "61000.5", "--start", "2025-03-01T12:00"),
        *("--minutes", "5", "--json"),
    )

    (row,) = json.loads(done.stdout)["files"]
    history = open_history(path)
    assert (row["symbol"], row["rows"], row["first"]) == ("BTCUSDT", 5, "2025-03-01T12:00:00Z")
    assert row["end"] == "2025-03-01T12:05:00Z"
    assert history.name == "BTCUSDT"
    assert 0.99 < int.from_bytes(history.records[24:32], "little") / 6_100_050 < 1.01


def test_a_file_that_is_there_is_kept(tmp_path):
    """Exit code 4, unless --force says otherwise."""
    path = tmp_path / "a.records"
    simulate(path, "--minutes", "5")
    before = path.read_bytes()

    refused = simulate(path, "--minutes", "6")

    assert (refused.returncode, path.read_bytes()) == (4, before)
    assert len(refused.stderr.splitlines()) == 2
    assert simulate(path, "--minutes", "6", "--force").returncode == 0
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kind", "books"], "--kind books is neither bars nor trades"),
        (["--days", "1", "--minutes", "1"], "both say how long"),
        (["--days", "0"], "0 is not in the range"),
        (["--days", "9999"], "more than ten years"),
        (["--start", "2025-01-01T00:00:30"], "is within a minute"),
        (["--start", "soon"], "--start soon is not a time"),
        (["--start", "2001-01-01"], "before 2017-08-17 are not known"),
        (["--symbol", "NONE"], "no instrument 'NONE'"),
        (["--price", "0.5"], "cannot begin at 0.50"),
        (["--price", "2500.001"], "is not a multiple of the tick 0.01"),
        (["--price", "dear"], "'dear' is not a number"),
    ],
)
def test_what_makes_no_market_is_refused(tmp_path, words, said):
    """Two lines, exit code 2, nothing written."""
    path = tmp_path / "a.records"

    done = simulate(path, *words)

    assert (done.returncode, done.stdout, path.exists()) == (2, "", False)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_directory_is_no_file(tmp_path):
    """Exit code 2, also by force."""
    done = simulate(tmp_path, "--force")

    assert done.returncode == 2
    assert "is a directory" in done.stderr
