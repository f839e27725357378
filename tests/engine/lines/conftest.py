"""What do the tests of lines share? A loop, servers of other people, certificates."""

import datetime as dt
import ipaddress
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from tests.engine.lines.peers import Turns


@pytest.fixture
def turns() -> Iterator[Turns]:
    """The engine's loop in small."""
    loop = Turns()
    yield loop
    loop.close()


class Served:
    """A WebSocket server in a thread: it echoes, and does what a word asks for."""

    def __init__(self, **options: Any) -> None:
        self.requests: list[Any] = []
        self.pongs = self.connections = 0
        self.closed_by: list[Any] = []
        self.server: Server = serve(self._talk, "127.0.0.1", 0, compression=None, **options)
        self.port = self.server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def _talk(self, connection: ServerConnection) -> None:
        self.connections += 1
        self.requests.append(connection.request)
        try:
            for text in connection:
                self._answer(connection, str(text))
        except ConnectionClosed:
            pass
        self.closed_by.append(connection.protocol.close_rcvd)

    def _answer(self, connection: ServerConnection, text: str) -> None:
        if text == "in parts":
            connection.send(["one ", "message ", "of three"])
        elif text == "ping me":
            self.pongs += connection.ping().wait(5)
            connection.send("pinged")
        elif text == "close":
            connection.close(1008, "too many messages")
        elif text == "binary":
            connection.send(b"\x00")
        else:
            connection.send(text)

    def stop(self) -> None:
        """No more."""
        self.server.shutdown()
        self._thread.join(10)


@pytest.fixture
def served(turns: Turns) -> Iterator[Served]:
    """websockets' own server."""
    one = Served(ping_interval=None)
    yield one
    turns.close()  # first, for the server waits until all have left
    one.stop()


class Certificates:
    """A certificate authority of our own and what it signed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key, self._name = key(), name("an authority of these tests")
        self._authority = self._sign(self._name, self._key.public_key(), is_authority=True)
        self.authority = str(folder / "authority.pem")
        Path(self.authority).write_bytes(pem(self._authority))

    def server(self, host: str, *, days: int = 30) -> tuple[str, str]:
        """Files of a certificate for a host, and of its key."""
        own = key()
        certificate = self._sign(name(host), own.public_key(), host=host, days=days)
        path = self._folder / f"{host}{days}.pem"
        path.write_bytes(pem(certificate) + pem(self._authority))
        (self._folder / f"{host}{days}.key").write_bytes(key_pem(own))
        return str(path), str(path.with_suffix(".key"))

    def _sign(
        self,
        subject: Any,
        public: Any,
        *,
        host: str = "",
        days: int = 30,
        is_authority: bool = False,
    ) -> Any:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=60))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if host:
            made = made.add_extension(x509.SubjectAlternativeName([named(host)]), critical=False)
        return made.sign(self._key, hashes.SHA256())


def named(host: str) -> Any:
    """A host as a certificate names it."""
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def key() -> Any:
    """A private one."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def name(text: str) -> Any:
    """Whom a certificate is of."""
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def pem(certificate: Any) -> bytes:
    """As a file holds it."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return bytes(certificate.public_bytes(Encoding.PEM))


def key_pem(own: Any) -> bytes:
    """As a file holds it."""
    from cryptography.hazmat.primitives import serialization as form

    plain = form.NoEncryption()
    return bytes(own.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, plain))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made here; no certificate is ever kept in a repository."""
    pytest.importorskip("cryptography", reason="needs cryptography to make certificates")
    return Certificates(tmp_path_factory.mktemp("certificates"))
