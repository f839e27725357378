"""Is every variable either obeyed or refused by name, and never shown unless it is read?"""

import re

import pytest

from engine import environment
from engine.environment import (
    ALIASES,
    AT_THE_PROMPT,
    LASTING,
    NAMES,
    OURS,
    origin_of,
    read,
    variable_of,
)
from engine.errors import Refused
from engine.options import OPTIONS
from engine.profile import ALL_KEYS, SECRETS, TEXTS, Given
from tests.conftest import ROOT

READERS = ("tests", "bench", "tui", "supreme_cli")  # who reads names that no engine does


def test_every_option_and_every_key_has_its_variable():
    """What a variable cannot stand for is said in one visible list."""
    assert set(NAMES.values()) == {*LASTING, *ALL_KEYS, *TEXTS, *SECRETS}
    assert len(NAMES) == len(LASTING) + len(ALL_KEYS) + len(TEXTS) + len(SECRETS)
    assert {*LASTING, *AT_THE_PROMPT} == {*OPTIONS, "help"}
    assert set(LASTING).isdisjoint(ALL_KEYS)


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("log-level", "SUPREME_LOG_LEVEL"),
        ("risk.position_max", "SUPREME_RISK__POSITION_MAX"),
        ("strategy.ema_cross.bars_min", "SUPREME_STRATEGY__EMA_CROSS__BARS_MIN"),
    ],
)
def test_a_variable_is_spelled_by_rule(name, variable):
    """Upper case, two underscores where a key has a point."""
    assert variable_of(name) == variable
    assert NAMES[variable] == name


def test_what_is_set_is_what_is_asked_for():
    """Options and keys apart, each with the variable that said it."""
    asked = read({"SUPREME_SPEED": " 2 ", "SUPREME_RISK__POSITION_MAX": "0.05", "HOME": "/h"})

    assert asked.options == {"speed": Given("2", "SUPREME_SPEED")}
    assert asked.keys == {"risk.position_max": Given("0.05", "SUPREME_RISK__POSITION_MAX")}


@pytest.mark.parametrize("alias", ALIASES)
def test_our_own_name_beats_its_alias(alias):
    """Both may be set: the more exact word counts."""
    name = ALIASES[alias]

    alone, both = read({alias: "45"}), read({alias: "45", name: "46"})

    found = [{**asked.options, **asked.keys} for asked in (alone, both)]
    assert found == [{NAMES[name]: Given("45", alias)}, {NAMES[name]: Given("46", name)}]


@pytest.mark.parametrize(
    "name", ["SUPREME_SPEED", "TRADING_MODE", "REDIS_URL", "EXCHANGE_SECRET", "SUPREME_NONSENSE"]
)
def test_an_empty_variable_is_not_set(name):
    """Templates of environments pass on what nobody filled in."""
    asked = read({name: " "})

    assert (asked.options, asked.keys) == ({}, {})


@pytest.mark.parametrize(
    ("variables", "what"),
    [
        (["EXCHANGE_NAME"], "EXCHANGE_NAME is set: of an exchange only"),
        (["EXCHANGE_PASS", "EXCHANGE_KEY"], "EXCHANGE_KEY, EXCHANGE_PASS are set: of an exchange"),
    ],
)
def test_what_nothing_reads_is_refused_by_name(variables, what):
    """By all its names, without what they hold: it may be a secret."""
    with pytest.raises(Refused, match=what) as refused:
        read(dict.fromkeys(variables, "hush-hush"))

    assert refused.value.code == 2
    assert refused.value.fix == f"unset {' '.join(sorted(variables))}"
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["POSTGRES_URL_OF_OTHERS", "REDIS", "MY_EXCHANGE_KEY", "SUPREMELY"]
)
def test_other_programs_variables_are_none_of_ours(name):
    """Only what begins as ours does is judged."""
    assert read({name: "x"}) == read({})


@pytest.mark.parametrize("mode", ["paper", "Paper", " PAPER "])
def test_paper_is_the_mode_there_is(mode):
    """However it is written."""
    assert read({"TRADING_MODE": mode}) == read({})


@pytest.mark.parametrize(
    ("mode", "code", "what"),
    [
        ("production", 4, "EXCHANGE_API_KEY and EXCHANGE_SECRET are not set"),
        ("Production", 4, "are not set"),
        ("live", 2, "unknown"),
    ],
)
def test_another_mode_is_refused(mode, code, what):
    """Production needs its keys; other words are not understood."""
    with pytest.raises(Refused, match=what) as refused:
        read({"TRADING_MODE": mode})

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("variables", "profile"),
    [
        ({"TRADING_MODE": "production", "EXCHANGE_SANDBOX": "false"}, "binance-live"),
        ({"EXCHANGE_SANDBOX": "true"}, "binance-paper"),
        ({}, "binance-paper"),
        ({"SUPREME_PROFILE": "conservative"}, "conservative"),
    ],
)
def test_keys_and_a_mode_stand_for_a_profile(variables, profile):
    """Unless one is named; and no key is part of what was read."""
    keys = {"EXCHANGE_API_KEY": "hush-key", "EXCHANGE_SECRET": "hush-secret"}

    asked = read(keys | variables)

    assert asked.options["profile"].value == profile
    assert "hush" not in repr(asked)


def test_an_engine_that_was_handed_keys_needs_none_in_its_environment():
    """They came by a pipe; the command withheld the variables."""
    handed = {"SUPREME_KEYS_FD": "3:99", "TRADING_MODE": "production", "EXCHANGE_SANDBOX": "false"}

    assert read(handed).options["profile"].value == "binance-live"


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("SUPREME_SPEDE", "did you mean SUPREME_SPEED?"),
        ("SUPREME_RISK_POSITION_MAX", "did you mean SUPREME_RISK__POSITION_MAX?"),
        ("SUPREME_POSITION_MAX", "did you mean SUPREME_RISK__POSITION_MAX?"),
        ("SUPREME_INTERVAL_SECONDS", "did you mean SUPREME_SCHEDULE__INTERVAL_SECONDS?"),
        ("SUPREME_DATADIR", "did you mean SUPREME_DATA_DIR?"),
        ("SUPREME_QQQQQQ", "supreme config names lists all"),
        ("SUPREME_RESET_HALT", "give --reset-halt on the command line: it holds for one start"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name, fix):
    """A misspelt variable is never ignored, and its value never shown."""
    with pytest.raises(Refused) as refused:
        read({name: "hush-hush"})

    assert (refused.value.code, refused.value.fix) == (2, fix)
    assert refused.value.what == f"there is no variable {name}"


def test_everything_wrong_is_found():
    """Not only the first."""
    wrong = environment.examine(
        {"SUPREME_A": "1", "EXCHANGE_KEY": "x", "TRADING_MODE": "production"}
    )[1]

    assert [refused.code for refused in wrong] == [4, 2, 2]


def test_names_of_our_own_tests_and_benchmarks_are_listed():
    """Exactly those that they read pass an engine by."""
    by_name = r'(?:environ\.get\(|environ\[|getenv\()"(SUPREME_\w+)"|"(SUPREME_\w+)" in os\.environ'
    files = [path for folder in READERS for path in ROOT.glob(f"{folder}/**/*.*")]
    sources = [path.read_text() for path in files if path.suffix in {".py", ".c"}]

    found = {either or other for text in sources for either, other in re.findall(by_name, text)}

    assert found - set(NAMES) == set(OURS)
    assert read(dict.fromkeys(OURS, "1")) == read({})


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("--set", "flag"),
        ("SUPREME_SPEED", "environment SUPREME_SPEED"),
        ("INTERVAL_SECONDS", "alias INTERVAL_SECONDS"),
        ("file profiles/paper.toml", "file profiles/paper.toml"),
        ("default", "default"),
    ],
)
def test_an_origin_is_told_in_words(name, origin):
    """Who gave a value, and by which name."""
    assert origin_of(name) == origin
