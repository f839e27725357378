"""Is nobody taken for somebody else, and does TLS carry what a plain line carries?"""

import ssl

import pytest

from engine.errors import Refused
from engine.lines.address import address_of
from engine.lines.http import Http
from engine.lines.patience import PATIENCE
from engine.lines.tls import context
from engine.lines.websocket import WebSocket
from tests.engine.lines.conftest import Served
from tests.engine.lines.peers import gone, hears, peer, says, wait_for_the_end


@pytest.fixture
def secured(turns, certificates):
    """A server that shows a certificate of these tests' authority, for whichever host is asked."""
    running = []

    def serve(host: str = "127.0.0.1", **choices) -> Served:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(*certificates.server(host, **choices))
        running.append(Served(ping_interval=None, ssl=server))
        return running[-1]

    yield serve
    turns.close()
    for one in running:
        one.stop()


@pytest.fixture
def trusted(turns, certificates):
    """A loop, and a line in it to a port whose authority is trusted."""

    def connect(port: int):
        line = line_to(turns, port, certificates.authority)
        turns.listen(line)
        return turns, line

    return connect


def line_to(turns, port: int, issuers: str, host: str = "127.0.0.1") -> WebSocket:
    """A secure line that trusts so."""
    return WebSocket(address_of(f"wss://{host}:{port}/ws"), turns.now_ns(), issuers=issuers)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_texts_go_both_ways(turns, secured, certificates, host):
    """Short and long, over many records of TLS."""
    line = line_to(turns, secured(host).port, certificates.authority, host)
    said = turns.listen(line)
    turns.until(lambda: line.is_open)
    texts = ["hello", "", "x" * 70_000, *map(str, range(1_000)), "y" * 300_000]

    assert all(line.send(text) for text in texts)
    turns.until(lambda: len(said) == len(texts))

    assert said == texts
    line.close(turns.now_ns())
    turns.until(lambda: line.ended)
    assert line.ended == "we closed it"


@pytest.mark.parametrize(
    ("host", "days", "told"),
    [
        ("other.example", 30, "Hostname mismatch|IP address mismatch"),
        ("127.0.0.1", -1, "certificate has expired"),
    ],
)
def test_a_certificate_that_does_not_hold_is_refused(secured, trusted, host, days, told):
    """In two lines: what is wrong with it, and what to do."""
    server = secured(host, days=days)
    turns, line = trusted(server.port)

    turns.until(lambda: line.ended)

    assert any(words in line.ended for words in told.split("|"))
    assert line.ended.startswith("127.0.0.1 is not trusted: ")
    assert "check" in line.fix
    assert "\n" not in line.ended + line.fix
    assert server.connections == 0


def test_an_unknown_issuer_is_refused(turns, secured):
    """The system's own authorities do not know the one of these tests."""
    line = line_to(turns, secured().port, "")
    turns.listen(line)

    turns.until(lambda: line.ended)

    assert "is not trusted: " in line.ended
    assert "SSL_CERT_FILE" in line.fix


def test_a_file_that_holds_no_certificates_is_refused(tmp_path):
    """Also before anybody is connected to."""
    empty = tmp_path / "empty.pem"
    empty.write_text("none")

    for path in (empty, tmp_path / "absent.pem"):
        with pytest.raises(Refused, match="holds no certificates"):
            context(str(path))


def test_a_peer_that_speaks_no_tls_is_refused(turns, certificates):
    """A plain port behind a secure address."""
    plain = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with peer(hears, says(plain), wait_for_the_end) as port:
        line = line_to(turns, port, certificates.authority)
        turns.listen(line)
        turns.until(lambda: line.ended)

    assert line.ended.startswith("TLS with 127.0.0.1 failed: ")
    assert line.fix == "check that this address and port speak TLS"


def test_a_peer_that_never_answers_the_handshake_is_left(turns, certificates):
    """At the deadline, naming where it stood."""
    with peer(wait_for_the_end) as port:
        line = line_to(turns, port, certificates.authority)
        turns.listen(line)
        turns.until(lambda: not line.wants_write)
        turns.pass_s(PATIENCE.open_ns / 1e9)
        turns.turn(0)

    assert line.ended == f"wss://127.0.0.1:{port} was not reached in time (TLS)"


def test_a_reset_in_the_handshake_is_told(turns, certificates):
    """It is no certificate's fault."""
    with peer(hears, gone) as port:
        line = line_to(turns, port, certificates.authority)
        turns.listen(line)
        turns.until(lambda: line.ended)

    assert "Connection reset by peer" in line.ended


def test_a_tampered_record_ends_the_line(turns, secured, certificates):
    """Nothing of it is heard."""
    line = line_to(turns, secured().port, certificates.authority)
    said = turns.listen(line)
    turns.until(lambda: line.is_open)
    tls = line._wire._tls
    assert tls is not None

    with pytest.raises(Refused, match=r"TLS with 127\.0\.0\.1 failed"):
        tls.read(b"\x17\x03\x03\x00\x20" + b"x" * 32)

    assert said == []


def test_a_plain_line_needs_no_tls(turns, served):
    """Nor does it import it: see what the bench of lines says it would cost."""
    line = Http(address_of(f"http://127.0.0.1:{served.port}/"), turns.now_ns())
    turns.listen(line)
    turns.until(lambda: line.is_open)

    assert line._wire._tls is None
