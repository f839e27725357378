"""Does `supreme backtest` answer a strategist and a program, in full and honestly?"""

import os
import subprocess
import sys

from tests.supreme_cli.backtesting import NAME, ROOT, download, fields_of, record_file, supreme


def test_a_download_is_tested_as_it_is(tmp_path):
    """No import is needed first, and nothing is left beside the file."""
    path = download(tmp_path, 600)

    ended = supreme(path)

    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0] == "ETHUSDT, profile scalping"
    assert lines[2].startswith("Read          600 bars in ")
    labels = {line[:14].strip() for line in lines[1:]} - {""}
    assert labels >= {"Net P&L", "Gross P&L", "Costs", "Buy and hold", "Denied", "VERDICT"}
    assert max(len(line) for line in lines) <= 80
    assert os.listdir(tmp_path) == [NAME]


def test_a_record_file_gives_the_same_as_its_download(tmp_path):
    """Importing first or on the way is one and the same."""
    path = download(tmp_path, 600)
    out = str(tmp_path / "eth.records")
    importing = [sys.executable, "-m", "supreme_cli", "data", "import", path, "--out", out]
    subprocess.run(importing, cwd=ROOT, check=True, capture_output=True)

    direct, imported = fields_of(path), fields_of(out)

    for fields in (direct, imported):
        del fields["period"]["seconds"], fields["period"]["events_per_second"]
    assert direct == imported


def test_json_has_every_figure_with_its_company(tmp_path):
    """A win rate never stands without expectancy, interval, sample, trials and chance of luck."""
    fields = fields_of(download(tmp_path, 900))

    assert set(fields) == {
        "schema_version", "command", "simulated", "profile", "profile_digest", "symbols", "quote",
        "period", "stopped_early", "stopped_at", "cash", "net", "gross", "costs", "buy_and_hold",
        "orders", "exposure", "drawdown_max", "breaker_trips", "malformed", "round_trips",
        "verdict",
    }  # fmt: skip
    assert fields["schema_version"] == 1
    assert set(fields["costs"]) == {"fee", "spread", "slippage"}
    trips = fields["round_trips"]
    assert set(trips) == {"closed", "open", "trials", "win_rate", "expectancy_bp"}
    assert trips["trials"] == 1
    expected = trips["expectancy_bp"]
    assert expected["low"] <= expected["net"] <= expected["high"]
    assert 0 < expected["chance_of_luck"] <= 1
    assert fields["verdict"] in {"edge", "no edge", "too little data"}


def test_money_in_json_adds_up(tmp_path):
    """Exact text of eight places: gross less the three costs is net."""
    fields = fields_of(download(tmp_path, 900))

    e8 = {name: int(fields[name].replace(".", "")) for name in ("gross", "net")}
    costs = sum(int(cost.replace(".", "")) for cost in fields["costs"].values())
    assert e8["gross"] - costs == e8["net"] != 0


def test_without_trades_there_is_no_win_rate(tmp_path):
    """Nothing is said of nothing."""
    path = download(tmp_path, 30)

    trips = fields_of(path)["round_trips"]

    assert (trips["closed"], trips["win_rate"], trips["expectancy_bp"]) == (0, None, None)
    said = supreme(path).stdout
    assert "won" not in said
    assert "too little data: 0 round trips" in said


def test_a_simulated_market_is_labelled(tmp_path):
    """In the title, at the verdict and in JSON, for ever after."""
    path = record_file(tmp_path, simulated=True)

    said = supreme(path).stdout.splitlines()

    assert said[0].startswith("SIMULATED MARKET: ")
    assert said[-1].startswith("VERDICT       SIMULATED MARKET: ")
    assert fields_of(path)["simulated"] is True
    assert fields_of(record_file(tmp_path, simulated=False))["simulated"] is False


def test_a_run_that_was_stopped_says_so_and_when(tmp_path):
    """Whoever reads the figures must know that most of the file was not traded."""
    path = download(tmp_path, 1_500)
    costly = ("--set", "paper.taker_fee_ppm=100000", "--set", "sizing.fraction=0.08")

    said, fields = supreme(path, *costly).stdout, fields_of(path, *costly)

    assert fields["stopped_early"] is True
    assert fields["stopped_at"].startswith("2022-08-1")
    moment = fields["stopped_at"][:16].replace("T", " ")
    assert f"STOPPED EARLY {moment} UTC: the 15 % drawdown breaker" in said
    assert max(len(line) for line in said.splitlines()) <= 80
    assert fields["breaker_trips"] == 3


def test_a_run_that_was_not_stopped_says_nothing_of_it(tmp_path):
    """JSON has the field all the same."""
    path = download(tmp_path, 200)

    fields = fields_of(path)

    assert (fields["stopped_early"], fields["stopped_at"]) == (False, None)
    assert "STOPPED" not in supreme(path).stdout


def test_the_period_can_be_narrowed(tmp_path):
    """From a time on and before another, by when a bar closed."""
    path = download(tmp_path, 600)

    period = fields_of(path, "--from", "2022-08-14T02:00", "--to", "2022-08-14T04:00")["period"]

    assert (period["bars"], period["from"], period["to"]) == (
        120,
        "2022-08-14T01:59:00Z",
        "2022-08-14T03:59:00Z",
    )


def test_the_order_of_files_does_not_matter(tmp_path):
    """Several symbols are one portfolio, numbered by their names."""
    ether = download(tmp_path, 400)
    bitcoin = download(tmp_path, 300, "BTCUSDT-1m-2022-08-14.csv")

    one, other = fields_of(ether, bitcoin), fields_of(bitcoin, ether)

    for fields in (one, other):
        del fields["period"]["seconds"], fields["period"]["events_per_second"]
    assert one == other
    assert one["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert one["period"]["bars"] == 700


def test_funding_of_a_perpetual_is_said_to_be_missing(tmp_path):
    """What a figure leaves out stands beside it."""
    perpetual = supreme(download(tmp_path, 60, "ETHUSDT-PERP-1m.csv")).stdout

    assert "Not counted   funding" in perpetual
    assert "Not counted" not in supreme(download(tmp_path, 60)).stdout
