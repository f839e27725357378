"""What do tests of keys share? Keys that open nothing, and locks for them."""

from pathlib import Path

from engine.secrets.keys import ED25519, HMAC, Keys
from engine.secrets.sealed import KeyFile, Passphrase

API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
# The private key of RFC 8410, section 10.3.
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----"
)
KEYS = Keys("main", "binance", HMAC, (API_KEY, SECRET))
SIGNED = Keys("signed", "binance", ED25519, (API_KEY, PEM))
PHRASE = Passphrase("a horse of no colour")
LOCK = KeyFile(bytes(range(32)), "/etc/supreme/key")
NOW = "2026-01-02T03:04:05Z"


def private(path: Path, text: str | bytes) -> str:
    """A file that its owner alone may read; its path."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)
    return str(path)
