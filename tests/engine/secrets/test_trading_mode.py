"""Which profile does the environment ask for? Real money only when all of it is said."""

import pytest

from engine.errors import Refused
from engine.secrets.mode import LIVE, PAPER, profile_by_mode, refuse_against_mode

KEYS = {"EXCHANGE_API_KEY": "an-api-key", "EXCHANGE_SECRET": "hush-hush"}
OURS = {f"SUPREME_{name}": value for name, value in KEYS.items()}
PRODUCTION, REAL = {"TRADING_MODE": "production"}, {"EXCHANGE_SANDBOX": "false"}


@pytest.mark.parametrize(
    ("environ", "profile"),
    [
        ({}, ""),
        ({"TRADING_MODE": "paper"}, ""),
        ({"TRADING_MODE": " Paper ", "EXCHANGE_API_KEY": "", "EXCHANGE_SANDBOX": " "}, ""),
        (KEYS, PAPER),
        (OURS, PAPER),
        ({"EXCHANGE_SANDBOX": "true"}, PAPER),
        ({**KEYS, "EXCHANGE_SANDBOX": "1"}, PAPER),
        ({**KEYS, **PRODUCTION, **REAL}, LIVE),
        ({**OURS, **PRODUCTION, **REAL}, LIVE),
        ({**KEYS, **REAL, "TRADING_MODE": "PRODUCTION"}, LIVE),
        ({**KEYS, **PRODUCTION, "EXCHANGE_SANDBOX": "0"}, LIVE),
        ({**KEYS, **PRODUCTION, "SUPREME_EXCHANGE_SANDBOX": "no", "EXCHANGE_SANDBOX": "1"}, LIVE),
    ],
)
def test_the_profile_by_what_is_set(environ, profile):
    """Ours beats the shorter name; an empty one says nothing."""
    assert profile_by_mode(environ) == profile


@pytest.mark.parametrize(
    ("environ", "what", "code"),
    [
        ({"TRADING_MODE": "live"}, "TRADING_MODE=live is unknown", 2),
        ({"EXCHANGE_SANDBOX": "maybe"}, "neither true nor false", 2),
        ({"EXCHANGE_API_KEY": "k"}, "EXCHANGE_API_KEY is set, but not EXCHANGE_SECRET", 2),
        ({"EXCHANGE_SECRET": "hush-hush"}, "EXCHANGE_SECRET is set, but not EXCHANGE_API_KEY", 2),
        ({**KEYS, **REAL}, "asks for real money, TRADING_MODE for paper", 2),
        ({**KEYS, **PRODUCTION}, "EXCHANGE_SANDBOX is not set", 4),
        ({**KEYS, **PRODUCTION, "EXCHANGE_SANDBOX": "true"}, "EXCHANGE_SANDBOX=true for none", 4),
        ({**PRODUCTION, **REAL}, "EXCHANGE_API_KEY and EXCHANGE_SECRET are not set", 4),
        ({**PRODUCTION, **REAL, "EXCHANGE_API_KEY": "k"}, "EXCHANGE_SECRET is not set", 4),
        (PRODUCTION, "EXCHANGE_API_KEY and EXCHANGE_SECRET are not set", 4),
    ],
)
def test_half_a_word_is_refused(environ, what, code):
    """In two lines, without what a secret's variable holds."""
    with pytest.raises(Refused, match=what) as refused:
        profile_by_mode(environ)

    assert refused.value.code == code
    assert "hush" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(
    "environ",
    [
        {"TRADING_MODE": "Paper"},
        {"EXCHANGE_SANDBOX": "true"},
        {"SUPREME_EXCHANGE_SANDBOX": "1", **PRODUCTION},
    ],
)
def test_a_profile_for_real_money_does_not_beat_a_mode_that_says_paper(environ):
    """Whoever set it relies on it, whatever --profile or --set says."""
    with pytest.raises(Refused, match="trades real money, and") as refused:
        refuse_against_mode(environ, real_money=True)

    assert refused.value.code == 4
    refuse_against_mode(environ, real_money=False)


def test_real_money_may_be_asked_for_by_a_profile_alone():
    """Where the environment says nothing, or the same."""
    alone: list[dict[str, str]] = [{}, {"TRADING_MODE": ""}, {**PRODUCTION, **REAL}]
    paper = {"TRADING_MODE": "paper"}

    assert [environ for environ in (*alone, paper) if is_refused(environ)] == [paper]


def is_refused(environ: dict[str, str]) -> bool:
    """Whether real money is, in this environment."""
    try:
        refuse_against_mode(environ, real_money=True)
    except Refused:
        return True
    return False
