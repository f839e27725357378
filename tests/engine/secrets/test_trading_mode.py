"""Which profile does the environment ask for? Real money only when all of it is said."""

import pytest

from engine.errors import Refused
from engine.secrets.mode import LIVE, PAPER, profile_by_mode

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
