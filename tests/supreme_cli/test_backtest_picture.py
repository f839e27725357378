"""Does `supreme backtest --plot` draw the run it reports, or say early why it cannot?"""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.supreme_cli.backtesting import ROOT, download, fields_of, record_file, said_in, supreme

COSTLY = ("--set", "paper.taker_fee_ppm=100000", "--set", "sizing.fraction=0.08")


def pictured(folder: Path, *words: str) -> list[str]:
    """What the picture of a backtest says."""
    path = folder / "picture.svg"
    ended = supreme(*words, "--plot", str(path))
    assert ended.returncode == 0, ended.stderr
    return said_in(path)


def test_the_picture_says_what_the_report_says(tmp_path):
    """Symbol, profile, verdict, period, and the figures at the end of each curve."""
    path = download(tmp_path, 900)

    said, fields = pictured(tmp_path, path), fields_of(path)

    net, gross = (float(fields["cash"]) + float(fields[name]) for name in ("net", "gross"))
    held = float(fields["cash"]) + float(fields["buy_and_hold"]["at_limit"])
    assert f"ETHUSDT, profile scalping: {fields['verdict']}" in said
    assert [words for words in said if words.startswith("2022-08-14 00:00 to 2022-08-14 15:00 UTC")]
    assert "buy and hold, 10 %" in said
    for value in (net, gross, held):
        assert [words for words in said if words.startswith(f"{value:,.2f} (")]


def test_a_simulated_market_is_labelled_twice(tmp_path):
    """In the title and across the picture."""
    said = pictured(tmp_path, record_file(tmp_path, simulated=True))

    assert "SIMULATED" in said
    assert [words for words in said if words.startswith("SIMULATED MARKET: ETHUSDT")]


def test_where_trading_stopped_is_drawn(tmp_path):
    """With the minute the report names, and with all three limits."""
    path = download(tmp_path, 1_500)

    said, fields = pictured(tmp_path, path, *COSTLY), fields_of(path, *COSTLY)

    assert f"halted {fields['stopped_at'][:16].replace('T', ' ')} UTC" in said
    assert {"5 %  half size", "10 %  conservative", "15 %  close and halt"} <= set(said)


@pytest.mark.parametrize("minutes", [1, 30])
def test_a_short_history_without_trades_is_drawn(tmp_path, minutes):
    """Flat, and said to be too little."""
    said = pictured(tmp_path, download(tmp_path, minutes))

    assert "ETHUSDT, profile scalping: too little data" in said
    assert "entry" not in said


def test_the_same_run_is_the_same_bytes(tmp_path):
    """In processes of their own."""
    path = download(tmp_path, 600)
    pictures = [tmp_path / name for name in ("one.svg", "other.svg")]

    for picture in pictures:
        assert supreme(path, "--plot", str(picture)).returncode == 0

    assert pictures[0].read_bytes() == pictures[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "said"),
    [("picture.pdf", ".png or .svg"), ("missing/picture.png", "cannot be written")],
)
def test_a_bad_name_is_refused_before_the_history_is_read(tmp_path, name, said):
    """Even where the history is missing too: two lines, exit code 2, no report."""
    ended = supreme(str(tmp_path / "missing.zip"), "--plot", str(tmp_path / name))

    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 2
    assert ended.stdout == ""


def test_a_disk_that_fills_up_leaves_the_older_picture(tmp_path):
    """Whole or not at all: here no file may grow beyond a few bytes."""
    path, picture = download(tmp_path, 60), tmp_path / "picture.png"
    picture.write_text("an older one")
    command = [sys.executable, "-m", "supreme_cli", "backtest", path, "--plot", str(picture)]

    ended = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, 8_192)),
    )

    assert ended.returncode == 2
    assert "File too large" in ended.stderr
    assert picture.read_text() == "an older one"
    assert {found.name for found in tmp_path.iterdir()} == {Path(path).name, "picture.png"}
