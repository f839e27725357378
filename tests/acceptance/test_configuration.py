"""Does an engine that is really started obey its environment as the table says?"""

import json
from pathlib import Path

import pytest

from tests.acceptance.running import final_state, supreme
from tests.supreme_cli.backtesting import download
from validators.degrade.market import trades_file

KEY = "paper.taker_fee_ppm"
NAME = "SUPREME_PAPER__TAKER_FEE_PPM"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour and a half of simulated trades."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", 2_700)


def test_the_environment_runs_an_engine_without_a_word(market: Path, tmp_path: Path):
    """What a container sets is what flags would have set, to the last bit of state."""
    variables = {"SUPREME_REPLAY": str(market), "SUPREME_SPEED": "max", "TRADING_MODE": "paper",
                 "SUPREME_DATA_DIR": str(tmp_path / "a"), "SUPREME_PROFILE": "small-box",
                 "SUPREME_LOG_FORMAT": "text", "SYMBOL_FOCUS": "eth-usdt",
                 "INTERVAL_SECONDS": "30", NAME: "2000"}  # fmt: skip
    words = ("--replay", str(market), "--speed", "max", "--data-dir", str(tmp_path / "b"),
             "--profile", "small-box", "--symbol", "ETHUSDT", "--set", f"{KEY}=2000",
             "--set", "schedule.interval_seconds=30")  # fmt: skip

    quiet = final_state(supreme("run", "--json", **variables))
    told = final_state(supreme("run", "--json", *words))

    assert quiet == told
    assert quiet["fills"] > 0
    assert (tmp_path / "a" / "log" / "engine.log").read_text().startswith("20")


@pytest.mark.parametrize("verb", ["run", "backtest"])
def test_a_flag_beats_the_environment_and_that_the_file(verb: str, market: Path, tmp_path: Path):
    """Fees show it: of the file, ten times as much by a variable, nothing by a flag."""
    history = download(tmp_path, 600)

    def fees(*words: str, **variables: str) -> float:
        if verb == "backtest":
            done = supreme("backtest", history, "--json", *words, **variables)
            return float(json.loads(done.stdout)["costs"]["fee"])
        given = ("--replay", str(market), "--speed", "max", "--json")
        place = ("--data-dir", str(tmp_path / f"{len(list(tmp_path.iterdir()))}"))
        return float(final_state(supreme("run", *given, *place, *words, **variables))["fees"])

    by_file, by_variable = fees(), fees(**{NAME: "10000"})
    by_flag = fees("--set", f"{KEY}=0", **{NAME: "10000"})
    by_both = fees(SUPREME_PROFILE="conservative"), fees("--profile", "scalping",
                   SUPREME_PROFILE="conservative")  # fmt: skip

    assert by_variable > 5 * by_file > 0
    assert by_flag == 0
    assert by_both[0] != by_file == by_both[1]


@pytest.mark.parametrize("verb", ["run", "backtest"])
@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        ({"TRADING_MODE": "production"}, 4, "EXCHANGE_API_KEY and EXCHANGE_SECRET are not set"),
        (
            {"EXCHANGE_KEY": "hush", "EXCHANGE_PASS": "hush"},
            2,
            "EXCHANGE_KEY, EXCHANGE_PASS are set",
        ),
        ({"SUPREME_RISK_POSITION_MAX": "hush"}, 2, "SUPREME_RISK__POSITION_MAX?"),
        (
            {"SUPREME_RISK__POSITION_MAX": "7"},
            2,
            "SUPREME_RISK__POSITION_MAX: risk.position_max = 7",
        ),
        ({"INTERVAL_SECONDS": "100000"}, 2, "from 0.0 to 86400.0 s"),
        ({"SUPREME_PROFILE": "moon"}, 2, "no profile moon"),
    ],
)
def test_what_it_must_not_start_with_is_said_in_two_lines(
    verb: str, variables: dict[str, str], code: int, said: str, tmp_path: Path
):
    """Refused before a byte is written, and no secret is repeated."""
    words = {"run": ("--for", "0.2", "--data-dir", str(tmp_path / "d")), "backtest": ("none.zip",)}

    done = supreme(verb, *words[verb], **variables)

    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert "hush" not in done.stderr + done.stdout
    assert not (tmp_path / "d").exists()


def test_the_simulated_market_plays_the_symbol_in_focus(tmp_path: Path):
    """In a directory of its own, under a label of its own, and not on another symbol's account."""
    words = ("run", "--for", "0.2", "--json")

    focused = supreme(*words, SYMBOL_FOCUS="btc/usdt", XDG_DATA_HOME=str(tmp_path))
    usual = supreme(*words, XDG_DATA_HOME=str(tmp_path))
    mixed = supreme(*words, "--data-dir", str(tmp_path / "supreme" / "run-simulated-1"),
                    SYMBOL_FOCUS="BTCUSDT")  # fmt: skip

    state = final_state(focused)
    assert state["market"] == "SIMULATED seed 1 BTCUSDT"
    assert state["positions"][0]["symbol"] == "BTCUSDT"
    assert final_state(usual)["market"] == "SIMULATED seed 1"
    assert {path.name for path in (tmp_path / "supreme").iterdir()} == {
        "run-simulated-1",
        "run-simulated-1-BTCUSDT",
    }
    assert mixed.returncode == 4


def test_a_file_of_another_symbol_than_the_focus_is_refused(market: Path, tmp_path: Path):
    """Both cannot be meant."""
    words = ("run", "--replay", str(market), "--for", "0.2", "--data-dir", str(tmp_path / "d"))

    done = supreme(*words, SYMBOL_FOCUS="BTC-USDT")

    assert done.returncode == 2
    assert "is of ETHUSDT, and SYMBOL_FOCUS asks for BTC-USDT" in done.stderr
    assert not (tmp_path / "d").exists()
