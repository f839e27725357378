"""Does `supreme backtest` end well for whoever mistyped, lacks something, or watches a terminal?"""

import json
from pathlib import Path

import pytest

from engine import core as cores
from engine.errors import Refused
from supreme_cli import backtest as command
from tests.engine.market.klines import MINUTE_MS, kline, written
from tests.supreme_cli.backtesting import download, record_file, supreme
from tests.supreme_cli.terminals import on_terminal


def hours(folder: Path) -> str:
    """Some hours of another symbol."""
    lines = []
    for hour in range(6):
        fields = kline(hour * 60).split(",")
        fields[6] = str(int(fields[0]) + 60 * MINUTE_MS - 1)
        lines.append(",".join(fields))
    return written(folder, "BTCUSDT-1h-2022-08-14.zip", lines)


def test_help_has_a_short_name():
    """The same as --help."""
    ended = supreme("-h")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Usage: supreme backtest" in ended.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.zip"], "missing.zip cannot be read: No such file"),
        (["{file}", "--profile", "scalp"], "no profile scalp"),
        (["{file}", "--set", "risk.positon_max=0.1"], "did you mean risk.position_max?"),
        (["{file}", "--set", "risk.position_max=7"], "risk.position_max = 7 is impossible"),
        (["{file}", "--set", "risk.position_max"], "has no value"),
        (["{file}", "--from", "2022-08-15", "--to", "2022-08-14"], "is not before --to"),
        (["{file}", "--from", "tomorrow"], "--from tomorrow is not a time"),
        (
            ["{file}", "--from", "2023-01-01"],
            "They reach from 2022-08-14 00:01 UTC to 2022-08-14 01:00 UTC",
        ),
        (["{file}", "--seed", "-1"], "--seed"),
        (["{other}"], "is not a row of klines"),
        (["{nameless}"], "supreme data import"),
        (["{file}", "{again}"], "Two of the files are of ETHUSDT"),
        (["{file}", "{hours}"], "hold bars of 1m and bars of 1h: orders would fill at prices"),
        ([], "Missing argument"),
    ],
)
def test_what_is_wrong_is_said_in_two_lines(tmp_path, words, said):
    """What happened, why, and what to do; exit code 2, no traceback, no half report."""
    (tmp_path / "notes.csv").write_text("my notes\n")
    places = {
        "file": download(tmp_path, 60),
        "other": str(tmp_path / "notes.csv"),
        "nameless": download(tmp_path, 60, "history.csv"),
        "hours": hours(tmp_path),
        "again": record_file(tmp_path, simulated=False, minutes=60),
    }

    ended = supreme(*(word.format(**places) for word in words))

    lines = ended.stderr.replace(command.PLAIN + "\n", "").splitlines()
    assert ended.returncode == 2
    assert said in " ".join(lines).replace("neither a header nor a row", "not a row")
    assert len(lines) <= 2
    assert ended.stdout == ""


def test_errors_are_json_when_json_was_asked():
    """A program parses the refusal like the report."""
    ended = supreme("missing.zip", "--json")

    assert json.loads(ended.stdout)["code"] == 2


def test_without_numpy_it_says_what_to_install(monkeypatch):
    """numpy is no part of the engine."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(Refused, match="needs numpy"):
        command.needs_numpy()


def test_the_plain_functions_are_announced(tmp_path, monkeypatch, capsys):
    """One line on stderr with what to install; the report is the same, and says so."""
    monkeypatch.setattr(cores, "load_native", lambda: None)

    command.main([download(tmp_path, 200)])

    printed = capsys.readouterr()
    assert printed.err == command.PLAIN + "\n"
    assert "plain functions" in printed.out


def test_a_terminal_gets_a_table(tmp_path):
    """The same words, with emphasis."""
    code, shown = on_terminal(
        "backtest", download(tmp_path, 200), TERM="xterm-256color", COLUMNS="80"
    )

    assert code == 0, shown
    assert "\x1b[" in shown
    assert "too little data" in shown
    assert "Buy and hold" in shown


def test_long_work_shows_its_progress(tmp_path, monkeypatch):
    """A meter on stderr, if that is a terminal; short work and pipes see none."""
    meter = command.Meter()
    meter.live, meter.began = True, 0.0

    with meter:
        meter.advance("bars and trades", 1, 2)
        assert [task.completed for task in meter.drawn.tasks] == [1]

    quiet = command.Meter()
    quiet.advance("bars and trades", 1, 2)
    assert quiet.drawn is None


def test_dates_are_utc_and_offsets_are_heard():
    """The same moment in three spellings."""
    moments = {
        command.nanoseconds("--from", text, 0)
        for text in ("2025-06-01", "2025-06-01T00:00Z", "2025-06-01T02:00+02:00")
    }

    assert moments == {1_748_736_000 * 10**9}
