"""Is every URL of a Redis read as meant or refused, and no secret ever shown?"""

import pytest

from engine.cache.redis_address import PORT, Address, address_of
from engine.errors import Refused

SECRET = "hush-hush"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://", Address(host="localhost")),
        ("redis://box:7000/3", Address(host="box", port=7000, database=3)),
        ("redis://:p%40ss@box", Address(host="box", password="p@ss")),
        ("redis://[::1]/0", Address(host="::1")),
        ("redis://u:p@box/?db=4", Address(host="box", user="u", password="p", database=4)),
        (
            "rediss://u:p@box:1/2?ssl_ca_certs=/ca.pem",
            Address("", "box", 1, "u", "p", 2, True, "/ca.pem"),
        ),
        ("unix:///run/redis.sock", Address(path="/run/redis.sock")),
        (
            "unix://u:p@/run/my%20redis.sock?db=5",
            Address(path="/run/my redis.sock", user="u", password="p", database=5),
        ),
    ],
)
def test_urls_are_read_as_meant(url, address):
    """Every form that people write."""
    assert address_of(url) == address


@pytest.mark.parametrize(
    "url",
    [
        *("", "box:6379", "http://box", "redis://box:port", "redis://box:0", "redis://box:99999"),
        *("redis://box/three", "redis://box/-1", "redis://box/1?timeout=5", "redis://box#1"),
        *("unix://", "unix:///", "unix:///" + "x" * 200, "redis://box?ssl_ca_certs=/ca.pem"),
        *(
            "redis://bo..x",
            "redis://" + "x" * 70,
            "redis://who@box",
            "redis://[::1",
            "redis://box?db",
            "redis://box?db=x",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_unseen(url):
    """In two lines, without a word of the URL."""
    secret = url.replace("://", f"://:{SECRET}@", 1) if "@" not in url else url

    with pytest.raises(Refused) as refusal:
        address_of(secret)

    assert SECRET not in str(refusal.value)
    assert "who" not in refusal.value.what
    assert len(str(refusal.value).splitlines()) == 2


def test_no_secret_is_shown():
    """Neither where it is said to be, nor in a traceback's picture of it."""
    address = address_of(f"rediss://me:{SECRET}@box:{PORT}/1")

    assert address.where == f"box:{PORT}/1 by TLS"
    assert SECRET not in repr(address) + f"{address}"
    assert "me" not in repr(address)


def test_certificates_that_cannot_be_read_are_refused():
    """At once, not at the first connection."""
    with pytest.raises(Refused, match="certificates"):
        address_of("rediss://box?ssl_ca_certs=/nowhere/ca.pem").tls()
    assert address_of("redis://box").tls() is None
