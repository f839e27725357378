"""Who is at the other end, and can nobody read along? TLS over bytes, without a socket.

Imported only where an address asks for it: `ssl` and what it sets up take 6 MB.
"""

import ssl
from contextlib import suppress
from functools import cache

from engine.errors import Refused

READ_AT_ONCE = 1 << 14  # what one TLS record holds at most (RFC 8446, 5.1)
# By OpenSSL's number of what is wrong with a certificate (x509_vfy.h): what to do.
EXPIRED, NOT_YET, SELF_SIGNED, UNKNOWN = (10,), (9,), (18, 19), (2, 20, 21)
OTHER_HOST = (62, 64)
FIXES = {
    EXPIRED: "check this machine's clock; if it is right, tell the operator of that server",
    NOT_YET: "check this machine's clock",
    SELF_SIGNED: "if it is your own server, name its certificate in SSL_CERT_FILE",
    UNKNOWN: "if you trust who issued it, name that certificate in SSL_CERT_FILE; "
    "otherwise somebody may stand between",
    OTHER_HOST: "check the address: the server found there is another one",
}


@cache
def context(issuers: str = "") -> ssl.SSLContext:
    """What every line of the process shares: the issuers trusted, those of a file or the system's.

    Certificates and host names are always checked. Refused for a file that holds none.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_RENEGOTIATION  # writing never waits for the other end to speak
    made.set_alpn_protocols(["http/1.1"])
    try:
        if issuers:
            made.load_verify_locations(cafile=issuers)
        else:
            made.load_default_certs()  # SSL_CERT_FILE and SSL_CERT_DIR count here
    except (OSError, ssl.SSLError) as error:
        raise Refused(
            f"{issuers} holds no certificates: {error.strerror or error}",
            "name a file of certificates in PEM form",
        ) from error
    return made


class Tls:
    """One TLS session: sealed bytes go in and come out, and so do plain ones."""

    def __init__(self, host: str, issuers: str) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context(issuers).wrap_bio(self._in, self._out, server_hostname=host)
        self._host = host
        self.is_over = False  # the other end said goodbye

    def shake(self, sealed: bytes) -> bool:
        """One step of the handshake with what has come; True when it is done.

        Refused for a peer that is not who it should be, or does not speak TLS.
        """
        self._in.write(sealed)
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise refusal(self._host, error) from error
        return True

    def read(self, sealed: bytes) -> bytes:
        """The plain bytes in what has come; Refused for what was tampered with."""
        incoming, read = self._in, self._session.read
        incoming.write(sealed)
        plain = []
        try:
            while incoming.pending:
                part = read(READ_AT_ONCE)
                if not part:
                    self.is_over = True
                    break
                plain.append(part)
        except ssl.SSLWantReadError:
            pass  # the rest of a record is still on its way
        except ssl.SSLZeroReturnError:
            self.is_over = True
        except ssl.SSLError as error:
            raise refusal(self._host, error) from error
        return b"".join(plain)

    def seal(self, plain: bytes) -> None:
        """Make plain bytes ready to be sent; Refused where the session is broken."""
        try:
            self._session.write(plain)
        except ssl.SSLError as error:
            raise refusal(self._host, error) from error

    def outgoing(self) -> bytes:
        """What is to be sent: taken out."""
        return self._out.read()

    def goodbye(self) -> bytes:
        """The last that is sent."""
        with suppress(ssl.SSLError):
            self._session.unwrap()
        return self._out.read()


def refusal(host: str, error: ssl.SSLError) -> Refused:
    """Two lines for a handshake or a record that cannot be."""
    if isinstance(error, ssl.SSLCertVerificationError):
        number = error.verify_code
        fixes = [fix for numbers, fix in FIXES.items() if number in numbers]
        return Refused(
            f"{host} is not trusted: {error.verify_message.rstrip('.')}",
            fixes[0] if fixes else "check the address, and who answers there",
        )
    why = (error.reason or str(error)).replace("_", " ").lower()
    return Refused(f"TLS with {host} failed: {why}", "check that this address and port speak TLS")
