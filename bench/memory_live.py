"""How much memory does a live engine take that trades on a venue, by its line and kind of key?"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.engine_orders import RESTLESS, SPEAKS
from bench.figures import Absent, Figure
from bench.lines import certificate
from bench.market import native
from bench.memory import resident_now_mb
from bench.spawned import at, begun, beside, said, spawned
from engine.core import ROOT
from engine.messages import ORDER_FILLED

SETTLED_SECONDS = 20.0
KEY, SECRET = "bench-key", "bench-secret"
HMAC_MAX_MB, ED25519_MAX_MB = 32.0, 42.0


def figures() -> list[Figure]:
    """Plainly, over TLS with an HMAC key, over TLS with an Ed25519 key."""
    native()
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder:
        files = certificate(folder)
        pem = private_pem()
        Path(folder, "secret.pem").write_text(pem, encoding="ascii")
        rows: tuple[tuple[str, str, list[str], float], ...] = (
            ("ws, HMAC keys", SECRET, [], HMAC_MAX_MB),
            ("TLS, HMAC keys", SECRET, files, HMAC_MAX_MB),
            ("TLS, Ed25519 keys", f"@{folder}/secret.pem", files, ED25519_MAX_MB),
        )
        return [
            figure(what, resident_mb(secret, pem if secret != SECRET else SECRET, tls), most)
            for what, secret, tls, most in rows
        ]


def figure(what: str, resident: float, most: float) -> Figure:
    """One row."""
    return Figure(
        f"memory of a live engine after {SETTLED_SECONDS:.0f} s at a venue, {what}",
        f"{resident:.1f} MB resident",
        f"<= {most:.0f} MB",
        resident <= most,
    )


def resident_mb(theirs: str, ours: str, tls: list[str]) -> float:
    """Of an engine that has traded; their way to give the secret, ours, a certificate."""
    words = [word for change in (*RESTLESS, SPEAKS) for word in ("--set", change)]
    with venue(theirs) as port, fronted(port, tls) as told:
        environment = {**told, "EXCHANGE_API_KEY": KEY, "EXCHANGE_SECRET": ours}
        with spawned(["--profile", "binance-paper", *words], environment) as engine:
            begun(engine)
            time.sleep(SETTLED_SECONDS)
            resident = resident_now_mb(engine.process)
            if not engine.ended()[ORDER_FILLED]:
                raise Absent("the engine did not trade at the venue")
    return resident


@contextmanager
def venue(secret: str) -> Iterator[str]:
    """`supreme venue`, and its port."""
    command = [sys.executable, "-m", "supreme_cli", "venue", "--port", "0", "--json"]
    command += ["--key", KEY, "--secret", secret, "--symbols", "ETHUSDT"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield str(json.loads(said(process))["port"])
        finally:
            process.terminate()


@contextmanager
def fronted(port: str, tls: list[str]) -> Iterator[dict[str, str]]:
    """What an engine is told of a venue; with a certificate, behind TLS."""
    if not tls:
        yield at(port)
        return
    with beside("bench.tls_front", port, *tls) as front:
        secure = {
            name: where.replace("http:", "https:").replace("ws:", "wss:")
            for name, where in at(said(front)).items()
        }
        yield {**secure, "SSL_CERT_FILE": tls[0]}


def private_pem() -> str:
    """A private Ed25519 key that opens nothing else. Absent without the package for it."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise Absent("Ed25519 keys need cryptography") from error
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )
