"""Does `supreme run` understand what it is asked, wherever it is said?"""

import pytest

from engine.errors import Refused
from engine.market.simulated import played
from engine.options import OPTIONS, Options, letters, parse, profile_asked

# What each option is called among the parsed, and two values that differ from its usual one.
SAID = {
    "profile": ("profile", "paper", "backtest"),
    "symbol": ("symbol", "BTCUSDT", "SOLUSDT"),
    "replay": ("replay", "a.records", "b.records"),
    "speed": ("speed", "2", "3"),
    "seed": ("seed", "4", "5"),
    "data-dir": ("data_dir", "here", "there"),
    "for": ("seconds", "6", "7"),
    "log-level": ("log_level", "debug", "error"),
    "log-format": ("log_format", "text", "json"),
}


def asked(*words: str, **variables: str) -> Options:
    """What these words and variables ask for together."""
    return parse(list(words), variables)


@pytest.mark.parametrize("option", SAID)
def test_a_flag_beats_the_environment_and_that_the_usual(option):
    """In that order, for every option that may be set for longer than one start."""
    field, one, other = SAID[option]
    variable = f"SUPREME_{option.upper().replace('-', '_')}"

    usual = getattr(asked(), field)
    by_variable = asked(**{variable: one})
    by_both = asked(f"--{option}", other, **{variable: one})

    assert str(getattr(by_variable, field)).removesuffix(".0") == one != usual
    assert str(getattr(by_both, field)).removesuffix(".0") == other
    names = [each.given[option].name for each in (asked(), by_variable, by_both)]
    assert names == ["default", variable, f"--{option}"]


@pytest.mark.parametrize(
    ("words", "variables", "value", "origin"),
    [
        ([], {}, 45.0, "file"),
        ([], {"INTERVAL_SECONDS": "30"}, 30.0, "INTERVAL_SECONDS"),
        (
            [],
            {"INTERVAL_SECONDS": "30", "SUPREME_SCHEDULE__INTERVAL_SECONDS": "40"},
            40.0,
            "SUPREME_SCHEDULE__INTERVAL_SECONDS",
        ),
        (["schedule.interval_seconds=50"], {"INTERVAL_SECONDS": "30"}, 50.0, "--set"),
        (["schedule.interval_seconds=50"], {"INTERVAL_SECONDS": "never"}, 50.0, "--set"),
        ([], {"SUPREME_PROFILE": "small-box"}, 60.0, "file"),
        ([], {"SUPREME_PROFILE": "small-box", "INTERVAL_SECONDS": "30"}, 30.0, "INTERVAL_SECONDS"),
    ],
)
def test_a_key_has_the_value_of_whoever_counts_most(words, variables, value, origin):
    """--set, then our variable, then its alias, then the file of the profile that was chosen."""
    profile = profile_asked("", words, variables)

    key = "schedule.interval_seconds"
    assert (profile.values[key], profile.origins[key].split()[0]) == (value, origin)


def test_a_named_profile_beats_the_environments():
    """The table's last row: which file at all."""
    assert profile_asked("paper", [], {"SUPREME_PROFILE": "small-box"}).name == "paper"
    assert profile_asked("", [], {"SUPREME_PROFILE": "small-box"}).name == "small-box"
    assert profile_asked("", [], {}).name == OPTIONS["profile"].usual


@pytest.mark.parametrize("symbol", ["ETHUSDT", "ethusdt", "ETH-USDT", "eth/usdt", "Eth_USDT"])
def test_a_symbol_is_known_however_it_is_spelled(symbol):
    """As people and exchanges write it."""
    assert asked(SYMBOL_FOCUS=symbol).symbol == "ETHUSDT"


def test_every_shipped_symbol_can_be_asked_for():
    """Perpetuals too, and no two are alike without their signs."""
    assert [asked("--symbol", symbol).symbol for symbol in played()] == played()
    assert len({letters(symbol) for symbol in played()}) == len(played())


@pytest.mark.parametrize(
    ("words", "variables", "what", "fix"),
    [
        ([], {"SYMBOL_FOCUS": "ETHUSD"}, "SYMBOL_FOCUS ETHUSD is unknown", "did you mean ETHUSDT?"),
        (["--symbol", "xrp"], {}, "--symbol xrp is unknown", "did you mean XRPUSDT?"),
        ([], {"SUPREME_SYMBOL": "%%"}, "SUPREME_SYMBOL %% is unknown", "use ADAUSDT, "),
        ([], {"SUPREME_SPEED": "fast"}, "SUPREME_SPEED fast is impossible", "from 0.001 to 1e+06"),
        ([], {"SUPREME_SEED": "1.5"}, "SUPREME_SEED 1.5 is impossible", "whole number"),
        ([], {"SUPREME_FOR": "0"}, "SUPREME_FOR 0 is impossible", "from 0.1 to 1e+09"),
        ([], {"SUPREME_LOG_LEVEL": "loud"}, "SUPREME_LOG_LEVEL loud is unknown", "use debug, "),
        (["--speed", "fast"], {"SUPREME_SPEED": "2"}, "--speed fast is impossible", "a number"),
        (["--spede", "2"], {}, "unknown option --spede", "did you mean --speed?"),
        (["--seed"], {"SUPREME_SEED": "2"}, "--seed needs a value", "--help"),
        (["--reset-halt"], {}, "--reset-halt needs a reason", "--reason"),
    ],
)
def test_what_is_wrong_is_named_as_it_was_given(words, variables, what, fix):
    """Whoever set the variable finds it again in the message."""
    with pytest.raises(Refused) as refused:
        asked(*words, **variables)

    assert refused.value.what == f"supreme run: {what}"
    assert fix in refused.value.fix
    assert refused.value.code == 2


def test_a_flag_hides_what_is_wrong_in_its_variable():
    """It does not count, so it is not judged."""
    assert asked("--speed", "2", SUPREME_SPEED="fast").speed == 2.0


def test_help_is_given_in_any_environment():
    """Whoever is told of a wrong variable can still ask what is right."""
    assert asked("--help", EXCHANGE_KEY="x", SUPREME_SPEED="fast").help


def test_each_market_has_a_directory_of_its_own(monkeypatch):
    """Trying another seed, symbol or file never disturbs what was there."""
    monkeypatch.setenv("XDG_DATA_HOME", "/x")
    rows = [(), ("--seed", "2"), ("--symbol", "btc-usdt"), ("--replay", "d/ETHUSDT-1m.records")]

    assert [asked(*words).data_dir for words in rows] == [
        "/x/supreme/run-simulated-1",
        "/x/supreme/run-simulated-2",
        "/x/supreme/run-simulated-1-BTCUSDT",
        "/x/supreme/run-ETHUSDT-1m",
    ]
