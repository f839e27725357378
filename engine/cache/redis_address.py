"""Where is Redis, and who are we there? Read from a URL whose secrets are never shown."""

from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from engine.errors import Refused

PORT, DATABASE_MAX, PATH_MAX = 6379, 1_000_000, 107  # the last: of a unix socket's name
SCHEMES, KNOWN = ("redis", "rediss", "unix"), {"db", "ssl_ca_certs"}
FORMS = (
    "write redis://USER:PASSWORD@HOST:PORT/DB, rediss:// for TLS "
    "(?ssl_ca_certs=FILE), or unix:///PATH?db=N"
)


class Address(NamedTuple):
    """One database of one server: a unix socket's `path`, or `host` and `port`."""

    path: str = ""
    host: str = ""
    port: int = PORT
    user: str = ""
    password: str = ""
    database: int = 0
    is_tls: bool = False
    ca_file: str = ""

    @property
    def where(self) -> str:
        """All of it that is ever shown."""
        place = self.path or f"{self.host}:{self.port}"
        return f"{place}/{self.database}{' by TLS' if self.is_tls else ''}"

    def __repr__(self) -> str:
        return f"Address({self.where})"

    def tls(self) -> Any:
        """What TLS is spoken with, None without it; Refused where the file of CAs is unfit."""
        if not self.is_tls:
            return None
        import ssl

        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            why = error.strerror or type(error).__name__
            raise Refused(f"the certificates for Redis cannot be read: {why}", FORMS) from error


def address_of(url: str) -> Address:
    """The address a URL tells. Refused without a word of it where it cannot be read."""
    try:
        parts = urlsplit(url)
        asked = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        is_unix = parts.scheme == "unix"
        (parts.hostname or "").encode("idna")
        number = asked.get("db", [""])[-1] or ("" if is_unix else parts.path.strip("/"))
        found = Address(
            path=unquote(parts.path) if is_unix else "",
            host="" if is_unix else parts.hostname or "localhost",
            port=PORT if parts.port is None else parts.port,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=int(number or 0),
            is_tls=parts.scheme == "rediss",
            ca_file=asked.get("ssl_ca_certs", [""])[-1],
        )
    except ValueError:
        raise unreadable("it is no such URL") from None
    if parts.scheme not in SCHEMES:
        raise unreadable(f"it must begin with {', '.join(SCHEMES)}")
    if asked.keys() - KNOWN or parts.fragment:
        raise unreadable(f"after ? only {' and '.join(sorted(KNOWN))} are known")
    if why := objection(found):
        raise unreadable(why)
    return found


def objection(found: Address) -> str:
    """What is wrong with an address, or nothing."""
    if not 0 <= found.database <= DATABASE_MAX:
        return f"a database is a number up to {DATABASE_MAX}"
    if not found.port:
        return "0 is no port"
    if found.user and not found.password:
        return "there is a user without a password"
    if found.ca_file and not found.is_tls:
        return "certificates are of rediss:// alone"
    if not found.host and not 1 < len(found.path.encode()) <= PATH_MAX:
        return f"a socket's path has at most {PATH_MAX} bytes"
    return ""


def unreadable(why: str) -> Refused:
    """The refusal of a URL."""
    return Refused(
        f"the URL of Redis cannot be used: {why} (it is not shown: it may hold a password)", FORMS
    )
