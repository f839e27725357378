"""Does a secret stay where it belongs, from the venue's page to a running engine's memory?"""

import base64
import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine.control.client import Link, is_locked
from engine.errors import Refused
from supreme_cli.handing import hand_over, keys_for
from tests.acceptance.running import ROOT, supreme
from tests.engine.secrets.sealing import API_KEY, PEM, SECRET, private

# The engine as it is, holding the keys it was handed; or failing with them in its hands.
HOLDING = """
import sys
sys.path[:0] = [{root!r}]
from engine import streams
from engine.secrets.handed import handed_keys
from engine.runtime import main
keys = handed_keys()
assert keys is not None and len(keys.secret) > 10
if sys.argv[1] == "fail":
    def life():
        raise ValueError(keys, f"{{keys}}")
    sys.exit(streams.guarded(life, [sys.argv[2]], as_json=True))
sys.exit(main(sys.argv[1:]))
"""
CODE = HOLDING.format(root=str(ROOT))
READ = ("status", "positions", "orders", "risk", "latency", "equity", "alerts list")


def written_in(*folders: Path) -> dict[str, bytes]:
    """Every file below these folders, sockets and the like aside."""
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in found}


def spilled(places: dict[str, bytes], secret: str) -> list[str]:
    """The places where a secret stands, plain, in base64 or in hex."""
    line = max(secret.splitlines(), key=len).encode()
    forms = (line, base64.b64encode(line)[:-4], line.hex().encode())
    return [name for name, raw in places.items() if any(form in raw for form in forms)]


def heard(*words: str, **environ: str) -> dict[str, bytes]:
    """A verb's outputs, by its words."""
    done = supreme(*words, **environ)
    assert "Traceback" not in done.stderr
    return {" ".join(words): (done.stdout + done.stderr).encode()}


def holding(home: Path, out: Path, *words: str) -> "subprocess.Popen[bytes]":
    """An engine that was handed the keys `main` as a command hands them."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("EXCHANGE")}
    environ |= {"SUPREME_PASSPHRASE_FILE": str(home.parent / "phrase")}
    handed = hand_over(keys_for("main", str(home), environ), environ)
    with out.open("ab") as said:
        started = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", CODE, *words],
            stdout=said, stderr=said, pass_fds=(handed.fd,), env=handed.environ,
        )  # fmt: skip
    os.close(handed.fd)
    return started


def greeted(home: Path) -> int:
    """The pid of the engine there, once it answers."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with closing(Link(str(home), 5.0)) as link:
                return int(link.hello["pid"])
        except Refused:
            time.sleep(0.02)
    raise AssertionError


@pytest.fixture
def home(tmp_path: Path):
    """A data directory with keys of its own, sealed from the environment."""
    private(tmp_path / "phrase", "a horse of no colour\n")
    place = tmp_path / "home"
    words = ("--data-dir", str(place), "--passphrase-file", str(tmp_path / "phrase"))
    done = supreme("keys", "add", "main", "--from-env", *words,
                   EXCHANGE_API_KEY=API_KEY, EXCHANGE_SECRET=SECRET)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    yield place
    if is_locked(str(place)):
        supreme("down", "--data-dir", str(place))


def test_a_secret_is_nowhere_but_in_memory_and_sealed(home: Path, tmp_path: Path):
    """No file, log, journal, backup, output, command line or environment holds it."""
    at = ("--data-dir", str(home))
    phrase = ("--passphrase-file", str(tmp_path / "phrase"))
    engine = holding(home, tmp_path / "engine.out", "--speed", "600", "--log-level", "debug", *at)
    assert greeted(home) == engine.pid
    proc = Path(f"/proc/{engine.pid}")
    places = {name: (proc / name).read_bytes() for name in ("cmdline", "environ", "limits")}
    pipes = [one for one in (proc / "fd").iterdir() if os.readlink(one).startswith("pipe")]
    for verb in READ:
        places |= heard(*verb.split(), *at, "--json")
    for verb in ("list", "show main", "check main"):
        extra = phrase if verb.startswith("check") else ()
        places |= heard("keys", *verb.split(), *at, *extra) | heard(
            "keys", *verb.split(), *at, *extra, "--json"
        )
    places |= heard("journal", "backup", str(tmp_path / "b.tar"), *at)
    places |= heard("down", *at)
    engine.wait(60)
    places |= heard("journal", "export", *at)
    places |= written_in(tmp_path)

    assert pipes == []
    assert b"Max core file size        1 " in places["limits"]
    assert len([name for name in places if name.endswith(".segment")]) >= 1
    for secret in (SECRET, API_KEY, "a horse of no colour"):
        found = spilled(places, secret)
        assert found == ([str(tmp_path / "phrase")] if "horse" in secret else [])


def test_an_engine_that_fails_tells_no_secret(home: Path, tmp_path: Path):
    """A bug's report holds the traceback, and keys show themselves as their fingerprint."""
    (home / "log").mkdir(parents=True)
    engine = holding(home, tmp_path / "engine.out", "fail", str(home))
    assert engine.wait(60) == 70

    places = written_in(tmp_path)

    assert b"hmac keys main of binance" in places[str(home / "log" / "crash.txt")]
    for secret in (SECRET, API_KEY):
        assert spilled(places, secret) == []


def test_a_backup_says_which_keys_there_were(home: Path, tmp_path: Path):
    """Names and fingerprints, so that whoever restores knows what to add; nothing that opens."""
    at = ("--data-dir", str(home))
    engine = holding(home, tmp_path / "engine.out", "--speed", "600", *at)
    greeted(home)
    heard("down", *at)
    engine.wait(60)

    supreme("journal", "backup", str(tmp_path / "b.tar"), *at)
    told = supreme("journal", "restore", str(tmp_path / "b.tar"), "--data-dir", str(tmp_path / "r"))
    dry = supreme("journal", "restore", str(tmp_path / "b.tar"), "--json", "--dry-run",
                  "--data-dir", str(tmp_path / "other"))  # fmt: skip

    (row,) = json.loads(dry.stdout)["keys"]
    assert (row["name"], row["venue"], row["kind"]) == ("main", "binance", "hmac")
    assert f"not in the backup: main (binance, {row['fingerprint']})" in told.stdout
    assert spilled(written_in(tmp_path / "r"), SECRET) == []


def test_the_environments_keys_are_taken_out_of_it(tmp_path: Path):
    """What an engine is started with in its environment, none of its children sees."""
    environ = {"EXCHANGE_API_KEY": API_KEY, "EXCHANGE_SECRET": PEM, "PATH": "/bin"}

    keys = keys_for("", str(tmp_path), environ)

    assert (keys.api_key, keys.secret, keys.kind) == (API_KEY, PEM, "ed25519")
    assert environ == {"PATH": "/bin"}
