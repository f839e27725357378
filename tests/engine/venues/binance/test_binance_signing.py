"""Is what we sign what the venue checks? Its own vectors, of REST and of the WebSocket API."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from engine.errors import Refused
from engine.venues.binance.limits import cost_of
from engine.venues.binance.requests import Call, ws_text
from engine.venues.binance.signing import (
    Ed25519Key,
    HmacKey,
    Parameters,
    encoded,
    key_of,
    percent_encoded,
    signed_for_rest,
    signed_for_ws,
    sorted_payload,
)

ID = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
WIDE = "\uff11\uff12\uff13\uff14\uff15\uff16"  # the documents' symbol beyond ASCII
FIRST: Parameters = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01000000",
    "price": "52000.00",
    "recvWindow": 100,
    "timestamp": 1645423376532,
}
SECOND: Parameters = FIRST | {
    "symbol": WIDE,
    "side": "BUY",
    "quantity": "1.00000000",
    "price": "0.10000000",
    "recvWindow": 5000,
}


def vectors(shared: Any, name: str) -> Any:
    """One file of signatures."""
    return json.loads((shared / "exchange_fixtures/binance_docs" / name).read_text())


def test_every_rest_vector_is_signed_as_documented(shared):
    """Encoded first, then signed: also beyond ASCII, as a query and as a body."""
    told = vectors(shared, "signing_hmac_rest.json")
    key = key_of(told["apiKey"], told["secretKey"])

    for vector in told["vectors"]:
        parameters: Parameters = dict(parse_qsl(vector["payload"]))
        sent = encoded(parameters)
        assert sent == vector["payload"]
        assert signed_for_rest(sent, "", key) == "signature=" + vector["signature"]
        assert signed_for_rest("", sent, key) == "signature=" + vector["signature"]


def test_query_and_body_are_signed_as_one():
    """One behind the other, without a sign between them."""
    key = HmacKey(ID, SECRET)
    whole = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    whole += "&recvWindow=5000&timestamp=1499827319559"

    for cut in (0, 14, 40):
        signed = signed_for_rest(whole[:cut], whole[cut:], key)
        assert signed.endswith("c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71")


@pytest.mark.parametrize(
    ("parameters", "signature"),
    [
        (FIRST, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"),
        (SECOND, "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"),
    ],
)
def test_every_ws_api_vector_is_signed_as_documented(parameters, signature):
    """Sorted by name and not encoded. Source: web-socket-api.md, "SIGNED request example"."""
    assert signed_for_ws(parameters, HmacKey(ID, SECRET))["signature"] == signature


def test_the_frame_carries_what_was_signed():
    """Text of UTF-8, numbers as numbers, true as true."""
    call = Call("account.status", "GET", "/api/v3/account", {"omitZeroBalances": True}, cost_of(20))
    key = HmacKey(ID, SECRET)

    sent = json.loads(ws_text(call, "7", key, 1645423376532))["params"]
    signature = sent.pop("signature")

    assert sent["omitZeroBalances"] is True
    assert key.sign(sorted_payload(sent).encode()) == signature
    assert "omitZeroBalances=true&recvWindow=5000&timestamp=1645423376532" in sorted_payload(sent)


def test_an_ed25519_vector_is_signed_as_published(shared):
    """And its base64 is percent-encoded in a query."""
    pytest.importorskip("cryptography")
    told = vectors(shared, "signing_ed25519.json")
    key = key_of("an-id", told["private_key_pem"])

    assert isinstance(key, Ed25519Key)
    assert key.sign(told["payload"].encode()) == told["signature_base64"]
    assert signed_for_rest(told["payload"], "", key).endswith("%3D%3D")


@pytest.mark.parametrize(
    "pem", ["-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----"]
)
def test_a_key_that_cannot_be_read_is_refused(pem):
    """In two lines, and without a piece of the key."""
    pytest.importorskip("cryptography")

    with pytest.raises(Refused) as refused:
        key_of("an-id", pem)

    assert "nonsense" not in str(refused.value)


def test_a_key_does_not_show_its_secret():
    """Neither in a traceback nor in a log."""
    assert SECRET not in repr(HmacKey(ID, SECRET))
    assert ID not in repr(HmacKey(ID, SECRET))


@pytest.mark.parametrize(
    ("text", "said"),
    [("a-b_c.d~0", "a-b_c.d~0"), ("a b+c/=&", "a%20b%2Bc%2F%3D%26"), ("\u00e9", "%C3%A9")],
)
def test_what_is_not_unreserved_is_percent_encoded(text, said):
    """By its bytes in UTF-8."""
    assert percent_encoded(text) == said
