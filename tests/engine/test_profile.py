"""Is a profile complete, inside its ranges, and its every mistake told with what to do?"""

import re
from typing import Any

import pytest

from engine.core import PlainCore
from engine.errors import Refused
from engine.layout import F, I, fresh
from engine.messages import TEXT, ParameterChanged, decode, text_of
from engine.profile import (
    ALL_KEYS,
    ORDERED,
    PROFILES,
    Given,
    checked,
    examine,
    load_profile,
    parameter_records,
    parts_of,
)
from engine.state import KEYS, PARAMETERS, set_parameter

SHIPPED = sorted(PROFILES.glob("*.toml"))
WHOLE = (PROFILES / "scalping.toml").read_text()


def written(tmp_path, text: str) -> str:
    """A profile file with this text."""
    path = tmp_path / "own.toml"
    path.write_text(text)
    return str(path)


def value_in(parameters, key: str) -> Any:
    """What the state holds under a profile key."""
    for part in key.split("."):
        parameters = getattr(parameters, part)
    return parameters


@pytest.mark.parametrize("key", ALL_KEYS)
def test_every_key_has_a_default_in_its_range_and_words(key):
    """What it is, what it may be, and why one would change it."""
    row = ALL_KEYS[key]

    assert row.low <= row.default <= row.high
    assert row.kind in (I, F)
    assert re.fullmatch(r"[A-Z][^.]+\.|[A-Z].+[^.]\.", row.text)


@pytest.mark.parametrize(
    "key", [key for key, row in ALL_KEYS.items() if not re.search("[|,]", row.unit)]
)
def test_both_ends_of_a_range_are_allowed_and_nothing_beyond(key):
    """The refusal names the key, the value and the range."""
    row = ALL_KEYS[key]
    step = 1 if row.kind == I else 1e-6 * max(abs(row.high), 1.0)

    assert (checked(key, row.low), checked(key, str(row.high))) == (row.low, row.high)
    for value in (row.low - step, row.high + step):
        with pytest.raises(Refused, match=re.escape(f"{key} = {value} is impossible")) as refused:
            checked(key, value)
        assert f"from {row.low} to {row.high}" in refused.value.fix


@pytest.mark.parametrize(
    "value", ["", "ten", "1.5", 1.5, True, None, [5], "nan", float("nan"), float("inf"), 10**400]
)
def test_what_is_no_whole_number_is_refused(value):
    """Whatever was written there."""
    with pytest.raises(Refused, match=r"indicators\.rsi_period"):
        checked("indicators.rsi_period", value)


@pytest.mark.parametrize("value", ["", "x", True, None, "nan", "inf", float("-inf"), 10**400])
def test_what_is_no_number_is_refused(value):
    """As above, for a key that may have a fraction."""
    with pytest.raises(Refused, match=r"risk\.position_max"):
        checked("risk.position_max", value)


def test_a_choice_is_one_of_its_names():
    """By name in the file, by number in the state."""
    assert checked("strategy.agent", "ema_cross") == 2
    with pytest.raises(Refused, match="must be one of vote, ema_cross"):
        checked("strategy.agent", "oracle")


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("risk.positon_max", "risk.position_max"),
        ("position_max", "risk.position_max"),
        ("indicators.rsi", "indicators.rsi_period"),
        ("orders.entries", "orders.entry"),
    ],
)
def test_an_unknown_key_names_the_nearest(key, nearest):
    """A misspelt key is never ignored."""
    with pytest.raises(Refused) as refused:
        load_profile("scalping", [f"{key}=1"])

    assert refused.value.code == 2
    assert refused.value.fix == f"did you mean {nearest}?"


def test_a_key_like_no_other_points_to_the_list():
    """Where nothing is near, the command that prints all keys is."""
    with pytest.raises(Refused, match="supreme config show prints all keys"):
        load_profile("scalping", ["zzzz=1"])


def test_changes_are_applied_in_order():
    """The last one counts; spaces do not."""
    profile = load_profile("scalping", ["risk.position_max=0.05", " risk.position_max = 0.07 "])

    assert profile.values["risk.position_max"] == 0.07
    assert profile.digest() != load_profile("scalping").digest()


def test_a_change_without_a_value_is_refused():
    """`--set key` says nothing."""
    with pytest.raises(Refused, match="key=value"):
        load_profile("scalping", ["risk.position_max"])


def test_a_change_beats_the_environment_and_that_the_file():
    """Whoever spoke last and nearest; each value remembers by which name it was given."""
    said = {
        "risk.position_max": Given("0.06", "SUPREME_RISK__POSITION_MAX"),
        "risk.exposure_max": Given("0.3", "SUPREME_RISK__EXPOSURE_MAX"),
    }

    profile = load_profile("scalping", ["risk.position_max=0.05"], said)

    keys = ("risk.position_max", "risk.exposure_max", "risk.price_band")
    assert [profile.values[key] for key in keys] == [0.05, 0.3, 0.05]
    assert [profile.origins[key] for key in keys] == [
        "--set",
        "SUPREME_RISK__EXPOSURE_MAX",
        f"file {PROFILES / 'scalping.toml'}",
    ]
    assert set(profile.origins) == set(ALL_KEYS)


def test_a_wrong_value_names_the_variable_that_holds_it():
    """A profile cannot be mended where the mistake is not."""
    said = {"risk.position_max": Given("7", "SUPREME_RISK__POSITION_MAX")}

    with pytest.raises(Refused, match=r"SUPREME_RISK__POSITION_MAX: risk\.position_max = 7 is"):
        load_profile("scalping", [], said)

    assert load_profile("scalping", ["risk.position_max=0.1"], said)


def test_everything_wrong_with_a_profile_is_found(tmp_path):
    """A lacking key, an unknown one, values out of range, and pairs in the wrong order."""
    text = WHOLE.replace("cash = 10000.0\n", "cahs = 10000.0\n")
    text = text.replace("ema_fast = 9", "ema_fast = 30").replace(
        "price_band = 0.05", "price_band = 7"
    )
    text = text.replace("segment_bytes = 16777216", "segment_bytes = 65537")

    _, wrong = examine(written(tmp_path, text), ["risk.positon_max=1", "risk"])

    assert [refused.what.removeprefix(f"{tmp_path}/own.toml") for refused in wrong] == [
        ": there is no key account.cahs",
        "--set: there is no key risk.positon_max",
        "--set risk has no value",
        " lacks account.cash",
        "risk.price_band = 7 is impossible",
        "indicators.ema_fast = 30 is above indicators.ema_slow = 21",
        "journal.segment_bytes = 65537 is impossible",
    ]


@pytest.mark.parametrize(("less", "more"), ORDERED)
def test_pairs_keep_their_order(less, more):
    """A fast average slower than the slow one, or a stop beyond the band, is a mistake."""
    if ALL_KEYS[less].kind == I:
        changes = [f"{less}=50", f"{more}=20"]
    else:
        changes = [f"{less}=0.3", f"{more}=0.2", "breakers.drawdown_stop=0.9"]
        changes = changes[:2] if more == "breakers.drawdown_stop" else changes

    with pytest.raises(Refused, match=re.escape(more)):
        load_profile("scalping", changes)


def test_a_profile_that_lacks_a_key_is_refused(tmp_path):
    """No key is ever filled in silently."""
    short = "\n".join(line for line in WHOLE.splitlines() if not line.startswith(("seed", "cash")))

    with pytest.raises(Refused, match=r"lacks account\.cash") as refused:
        load_profile(written(tmp_path, short))

    assert refused.value.fix.endswith("(the first of 2 problems)")


def test_a_profile_with_a_key_too_many_is_refused(tmp_path):
    """It was meant for something, and would do nothing."""
    with pytest.raises(Refused, match="there is no key surprise"):
        load_profile(written(tmp_path, "surprise = 1\n" + WHOLE))


@pytest.mark.parametrize("text", ["= 1", "[risk\n", "a = 1\na = 2\n", "x = \udcff"])
def test_what_is_no_toml_is_refused(tmp_path, text):
    """With the line that is wrong."""
    path = tmp_path / "own.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(Refused, match="not valid TOML"):
        load_profile(str(path))


def test_a_folder_is_no_profile(tmp_path):
    """What cannot be read is said so, too."""
    (tmp_path / "own.toml").mkdir()

    with pytest.raises(Refused, match="cannot be read"):
        load_profile(str(tmp_path / "own.toml"))


def test_a_missing_profile_lists_those_there_are():
    """By name."""
    with pytest.raises(
        Refused, match="backtest, binance-live, binance-paper, conservative, paper, sca"
    ):
        load_profile("moon")


@pytest.mark.parametrize(
    "value", [0, 1, -7, 2_000_000_000, 0.0, 0.1, -2.5, 1e-300, 5e-324, 1.7976931348623157e308]
)
def test_numbers_travel_exactly(value):
    """A mantissa below 2^53 and an exponent of two are the very number."""
    mantissa, exponent = parts_of(value)

    assert abs(mantissa) < 2**53
    assert (exponent == 0) or isinstance(value, float)
    assert mantissa * 2.0**exponent == value if exponent > -1000 else mantissa >= 1


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_state_holds_what_the_profile_says(path):
    """Every value arrives under its own key, whole or with its fraction, exactly."""
    profile, core = load_profile(path.stem), PlainCore()

    for record in parameter_records(profile, 5):
        if record[4] != TEXT:
            core.process(record)

    found = {key: value_in(core.state.parameters, key) for key in KEYS}
    assert found == {key: profile.values[key] for key in KEYS}
    assert all(isinstance(found[key], int if KEYS[key].kind == I else float) for key in KEYS)


def test_each_value_is_told_with_its_name():
    """Who reads the journal sees the key before its value."""
    told, names = {}, []
    for record in parameter_records(load_profile("scalping"), 5):
        if record[4] == TEXT:
            names.append(record)
        else:
            told[text_of(names)] = decode(record).number
            names = []

    assert told == {key: number for number, key in enumerate(KEYS)}
    assert ParameterChanged is type(decode(parameter_records(load_profile("scalping"), 5)[-1]))


def test_a_number_beyond_the_keys_sets_nothing():
    """A parameter of another version is not taken for one of ours."""
    parameters = fresh(PARAMETERS)

    set_parameter(parameters, len(KEYS), 7, 7.0)

    assert {value_in(parameters, key) for key in KEYS} == {0}
