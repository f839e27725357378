"""Are keys that cannot be right refused, and do keys show themselves to nobody?"""

import copy
import pickle
import traceback

import pytest

from engine.errors import Refused
from engine.secrets.keys import ED25519, HMAC, Keys, fingerprint, plausible
from tests.engine.secrets.sealing import API_KEY, KEYS, PEM, SECRET, SIGNED


@pytest.mark.parametrize("keys", [KEYS, SIGNED])
def test_keys_that_may_be_right_pass(keys):
    """Of both kinds, unchanged."""
    assert plausible(keys) is keys


@pytest.mark.parametrize(
    ("name", "venue", "kind", "pair", "what"),
    [
        ("Main", "binance", HMAC, (API_KEY, SECRET), "the name is none"),
        ("a/../b", "binance", HMAC, (API_KEY, SECRET), "the name is none"),
        (SECRET, "binance", HMAC, (API_KEY, SECRET), "the name is none"),
        ("main", "", HMAC, (API_KEY, SECRET), "the venue is none"),
        ("main", "binance", "rsa", (API_KEY, SECRET), "--kind is none"),
        ("main", "binance", HMAC, ("short", SECRET), "given as API key is none"),
        ("main", "binance", HMAC, (API_KEY + " x", SECRET), "given as API key is none"),
        ("main", "binance", HMAC, (API_KEY, SECRET + "\nmore"), "given as secret is none"),
        ("main", "binance", HMAC, (API_KEY, SECRET + "\0"), "given as secret is none"),
        ("main", "binance", HMAC, (API_KEY, "s" * 300), "given as secret is none"),
        ("main", "binance", HMAC, (API_KEY, API_KEY), "are the same"),
        ("main", "binance", HMAC, (API_KEY, PEM), "the secret is a key file"),
        ("main", "binance", ED25519, (API_KEY, SECRET), "no unencrypted private key"),
        ("main", "binance", ED25519, (API_KEY, PEM.replace("PRIVATE", "PUBLIC")), "no unencr"),
    ],
)
def test_keys_that_cannot_be_right_are_refused_unsaid(name, venue, kind, pair, what):
    """The person is told what, never a letter of what was given."""
    with pytest.raises(Refused, match=what) as refused:
        plausible(Keys(name, venue, kind, pair))

    assert not any(given in str(refused.value) for given in (*pair, SECRET) if len(given) > 5)


@pytest.mark.parametrize(
    ("mark", "fix"),
    [
        ("PUBLIC KEY", "the public half"),
        ("ENCRYPTED PRIVATE KEY", "take off its own passphrase"),
        ("RSA PRIVATE KEY", "RSA keys are not supported"),
        ("OPENSSH PRIVATE KEY", "genpkey -algorithm ed25519"),
    ],
)
def test_the_wrong_file_is_known_by_its_first_line(mark, fix):
    """Each of the usual mistakes has its own way out."""
    with pytest.raises(Refused) as refused:
        plausible(Keys("main", "binance", ED25519, (API_KEY, PEM.replace("PRIVATE KEY", mark))))

    assert fix in refused.value.fix


def test_keys_show_themselves_to_nobody():
    """However they are printed, also in a traceback; and they are not copied to a file."""
    shown = "".join(traceback.format_exception(ValueError(KEYS)))

    for text in (shown, repr(KEYS), f"{KEYS}", f"{[KEYS]!r}"):
        assert fingerprint(API_KEY) in text
        assert SECRET not in text
        assert API_KEY not in text
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            write(KEYS)
    assert not hasattr(KEYS, "__dict__")


def test_keys_are_equal_by_what_they_hold():
    """So that a round trip can be proved."""
    again = Keys("main", "binance", HMAC, (API_KEY, SECRET))

    assert (again == KEYS, again == SIGNED, hash(again) == hash(KEYS)) == (True, False, True)
