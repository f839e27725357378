"""Who is let in? Signatures of every kind of client, keys, and the twice-checked time."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.venues.exchange.door.faults import Plan
from engine.venues.exchange.door.signing_check import key_of, rest_payload, socket_payload
from tests.venue_house import KEY, ORDER, Client, serving

ORDERED: dict[str, Any] = {**ORDER, "quantity": "0.1", "price": "1500"}
DOCUMENTED = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
OUTSIDE = "Timestamp for this request is outside of the recvWindow."


def test_documented_rest_signatures_hold(shared):
    """Query and body as they were sent, percent-encoded; hexadecimal digits of either size."""
    told = json.loads(
        (shared / "exchange_fixtures/binance_docs/signing_hmac_rest.json").read_text()
    )
    key = key_of(told["apiKey"], told["secretKey"])

    for vector in told["vectors"]:
        payload, signature = rest_payload(
            f"{vector['payload']}&signature={vector['signature']}", ""
        )
        assert key.is_signature(payload, signature)
        assert key.is_signature(payload, signature.upper())
        assert not key.is_signature(payload + b"0", signature)


def test_a_documented_ed25519_signature_holds(shared):
    """Base64, and letters of the other size are another signature."""
    told = json.loads((shared / "exchange_fixtures/binance_docs/signing_ed25519.json").read_text())
    key = key_of("any", told["private_key_pem"])
    payload, signature = told["payload"].encode(), told["signature_base64"]

    assert key.may_log_on
    assert key.is_signature(payload, signature)
    assert not key.is_signature(payload, signature.lower())


@pytest.mark.parametrize(
    ("sent", "signature"),
    [
        ({"symbol": "BTCUSDT", "quantity": "0.01000000", "price": "52000.00", "recvWindow": 100,
          "side": "SELL"},
         "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"),
        ({"symbol": "１２３４５６", "quantity": "1.00000000", "price": "0.10000000",  # noqa: RUF001
          "recvWindow": 5000, "side": "BUY"},
         "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"),
    ],
)  # fmt: skip
def test_documented_signatures_of_messages_hold(sent, signature):
    """Parameters sorted by name, values as they are (web-socket-api.md, SIGNED, HMAC)."""
    given = {"type": "LIMIT", "timeInForce": "GTC", "timestamp": 1645423376532, **sent}
    sent = {**given, "apiKey": API_KEY, "signature": signature}

    assert key_of(API_KEY, DOCUMENTED).is_signature(socket_payload(sent), signature)


@pytest.mark.parametrize("place", ["query", "body", "both", "first", "amid"])
def test_parameters_may_stand_in_query_or_body_and_the_signature_anywhere(client, place):
    """ccxt signs the body, the official client the query, and not all put the signature last."""
    pairs = urlencode({**ORDERED, "timestamp": client.now()})
    one, _, other = pairs.partition("&")
    signed = f"signature={client.signature(pairs)}"
    query, body = {
        "query": (f"{pairs}&{signed}", ""),
        "body": ("", f"{pairs}&{signed}"),
        "both": (pairs, signed),
        "first": (f"{signed}&{pairs}", ""),
        "amid": (f"{one}&{signed}&{other}", ""),
    }[place]

    told = client.rest("POST", "/api/v3/order", query, body, **{"X-MBX-APIKEY": KEY})

    assert (told.status, told.body["status"]) == (200, "NEW")


@pytest.mark.parametrize(
    ("change", "status", "code", "text"),
    [
        ({"key": ""}, 401, -2014, "API-key format invalid."),
        ({"key": "another"}, 401, -2015, "Invalid API-key, IP, or permissions for action."),
        ({"secret": "another"}, 400, -1022, "Signature for this request is not valid."),
    ],
)
def test_a_wrong_key_or_signature_is_refused(served, change, status, code, text):
    """Each in Binance's words."""
    client = Client(served)
    for name, value in change.items():
        setattr(client, name, value)

    told = client.signed("GET", "account")

    assert (told.status, told.body) == (status, {"code": code, "msg": text})


@pytest.mark.parametrize("missing", ["timestamp", "signature"])
def test_what_signed_requests_need_is_named(client, missing):
    """-1102 with the parameter's name."""
    pairs = {"timestamp": client.now()} if missing == "signature" else {"signature": "00"}

    told = client.rest("GET", "/api/v3/account", urlencode(pairs), **{"X-MBX-APIKEY": KEY})

    said = f"Mandatory parameter '{missing}' was not sent, was empty/null, or malformed."
    assert told.body == {"code": -1102, "msg": said}


@pytest.mark.parametrize(
    ("off_ms", "window", "text"),
    [
        (-5_500, None, OUTSIDE),
        (-300, "200", OUTSIDE),
        (-300, "200.123", OUTSIDE),
        (-5_500, "60000", ""),
        (500, None, ""),
        (1_500, None, "Timestamp for this request was 1000ms ahead of the server's time."),
        (1_500, "60000", "Timestamp for this request was 1000ms ahead of the server's time."),
    ],
)
def test_a_time_too_far_off_is_refused_in_both_directions(client, off_ms, window, text):
    """-1021: behind by more than the window, or ahead by a second, whatever the window."""
    given = {"recvWindow": window} if window else {}

    told = client.signed("GET", "account", timestamp=client.now() + off_ms, **given)

    assert told.body.get("msg", "") == text
    assert told.body.get("code", -1021) == -1021


def test_a_window_has_a_bound(client):
    """60,000 ms."""
    told = client.signed("GET", "account", recvWindow="60000.001")

    assert told.body["code"] == -1102
    assert told.body["msg"].endswith("Cannot be greater than 60000.")


def test_times_may_be_given_in_microseconds(client):
    """Their size tells."""
    told = client.signed("GET", "account", timestamp=client.served.clock())

    assert told.status == 200


def test_the_time_is_checked_again_before_the_exchange_is_asked():
    """A request that waits inside the venue for longer than its window is refused."""
    with serving(plan=Plan(latency_us=(100_000, 100_000))) as slow:
        client = Client(slow)
        told = client.signed("POST", "order", **ORDERED, recvWindow="140", timestamp=client.now())
        kept = client.signed("GET", "allOrders", symbol="ETHUSDT")

    assert (told.body["code"], told.body["msg"]) == (-1021, OUTSIDE)
    assert kept.body == []


def test_an_ed25519_key_logs_on_and_then_needs_no_signature():
    """Only such keys may; the session then stands for the key."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with serving(secret=public.decode()) as venue:
        client = Client(venue)
        client.signs = lambda text: b64encode(private.sign(text.encode())).decode()
        with client.socket("/ws-api/v3") as line:
            before = client.ask(line, "session.status")["result"]
            refused = client.ask(line, "account.status", timestamp=client.now())
            on = client.ask(line, "session.logon", sign=True)["result"]
            subscribed = client.ask(line, "userDataStream.subscribe")["result"]
            again = client.ask(line, "userDataStream.subscribe")
            placed = client.ask(line, "order.place", **ORDERED, timestamp=client.now())
            off = client.ask(line, "session.logout")["result"]
        text = urlencode({"timestamp": client.now()})
        signed = f"{text}&signature={quote(client.signature(text), safe='')}"
        rest = client.rest("GET", "/api/v3/account", signed, **{"X-MBX-APIKEY": KEY})

    assert (before["apiKey"], before["authorizedSince"]) == (None, None)
    assert refused["error"]["code"] == -1102
    assert (on["apiKey"], on["userDataStream"]) == (KEY, False)
    assert subscribed == {"subscriptionId": 0}
    assert again["error"]["code"] == -2035
    assert placed["result"]["status"] == "NEW"
    assert (off["apiKey"], off["userDataStream"]) == (None, False)
    assert rest.status == 200


def test_an_hmac_key_may_not_log_on(client):
    """It signs each request."""
    with client.socket("/ws-api/v3") as line:
        told = client.ask(line, "session.logon", sign=True)

    assert told["error"] == {"code": -4056, "msg": "HMAC_SHA256 API key is not supported."}


@pytest.mark.parametrize(
    "pem", ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "-----BEGIN"]
)
def test_pem_without_a_key_is_refused(pem):
    """ValueError says so."""
    with pytest.raises(ValueError, match="is no"):
        key_of("any", pem)
