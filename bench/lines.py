"""What does it cost to hear the world? CPU of each message, answer and record, and the memory.

The other end is another process; what is counted is the CPU time of ours alone, its polls and its
reads of the socket included.
"""

import gzip
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from bench import lines_feed
from bench.figures import Absent, Figure
from bench.market import SHARED
from bench.measuring import median, no_collection
from engine.core import ROOT
from engine.lines.address import address_of
from engine.lines.http import Http
from engine.lines.lines import Lines
from engine.lines.patience import PATIENCE
from engine.lines.websocket import WebSocket

RECORDING = SHARED / "exchange_fixtures" / "hftbacktest" / "binance_spot_ethusdt_20240808.raw.gz"
MESSAGES, SPACED, ANSWERS = 100_000, 2_000, 2_000
ROUNDS = 5
MESSAGE_MAX_NS = 4_000
TIMEOUT_SECONDS = 60.0
RESIDENT = """
import sys
def resident_kb():
    with open('/proc/self/status') as file:
        return next(int(line.split()[1]) for line in file if line.startswith('VmRSS'))
for name in sys.argv[1].split(): __import__(name)
before = resident_kb()
for name in sys.argv[2].split(): __import__(name)
if 'engine.lines.tls' in sys.modules:
    sys.modules['engine.lines.tls'].context()
if 'engine.lines.library' in sys.modules:
    sys.modules['engine.lines.library'].load()
assert 'asyncio' not in sys.modules
print(resident_kb() - before)
"""


def figures() -> list[Figure]:
    """Messages plain and over TLS, answers over HTTP, records of the local feed, memory."""
    with tempfile.TemporaryDirectory(prefix="supreme-bench-") as folder:
        return [
            *messages(folder, "ws"),
            *messages(folder, "wss"),
            answers(folder, "http"),
            answers(folder, "https"),
            *lines_feed.figures(folder),
            *memory(),
        ]


@cache
def texts() -> tuple[list[bytes], str]:
    """Best bids and asks as the exchange sends them: recorded ones, or of the same form."""
    if RECORDING.exists():
        with gzip.open(RECORDING) as file:
            found = [line.split(b" ", 1)[1].strip() for line in file if b"@bookTicker" in line]
        return found, f"{len(found)} recorded ones"
    made = (
        f'{{"stream":"ethusdt@bookTicker","data":{{"u":{35_346_513_501 + number},"s":"ETHUSDT",'
        f'"b":"2683.80000000","B":"3.02920000","a":"2683.81000000","A":"31.43950000"}}}}'
        for number in range(1_000)
    )
    return [text.encode() for text in made], "made ones"


class Turns:
    """The engine's loop in small."""

    def __init__(self) -> None:
        self.poll = select.epoll()
        self.lines = Lines(self.poll)

    def until(self, condition: Callable[[], bool]) -> None:
        """Turn until it holds. Absent when it never does."""
        end_ns = time.monotonic_ns() + int(TIMEOUT_SECONDS * 1e9)
        while not condition():
            now_ns = time.monotonic_ns()
            if now_ns > end_ns:
                raise Absent("the peer fell silent")
            for fd, _ in self.poll.poll(1.0):
                self.lines.hear(fd, now_ns)
            self.lines.settle(now_ns)


def messages(folder: str, scheme: str) -> list[Figure]:
    """In bursts, and one by one, each waking the loop."""
    _, source = texts()
    costs = {kind: message_ns(folder, scheme, kind) for kind in ("burst", "spaced")}
    return [
        Figure(
            f"{scheme} message of 140 bytes to a text, in bursts, {source}",
            f"{costs['burst'] / 1000:.2f} us CPU",
            f"<= {MESSAGE_MAX_NS / 1000:.0f} us",
            costs["burst"] <= MESSAGE_MAX_NS,
        ),
        Figure("  one by one, a poll for each", f"{costs['spaced'] / 1000:.2f} us CPU"),
    ]


def message_ns(folder: str, scheme: str, kind: str) -> int:
    """CPU of one message: the median of rounds on one connection."""
    count = MESSAGES if kind == "burst" else SPACED
    with peer(folder, scheme, kind, count) as (url, issuers):
        turns, heard = Turns(), [0]
        line = WebSocket(address_of(url), time.monotonic_ns(), issuers=issuers)
        turns.lines.add(line, lambda said, _: heard.__setitem__(0, heard[0] + len(said)))
        turns.until(lambda: line.is_open or bool(line.ended))
        taken = []
        with no_collection():
            for number in range(1, ROUNDS + 1):
                line.send("go")
                began = time.process_time_ns()
                turns.until(lambda number=number: heard[0] == number * count or bool(line.ended))
                taken.append((time.process_time_ns() - began) // count)
                must_live(line)
        line.drop("measured")
        turns.poll.close()
    return median(taken)


def answers(folder: str, scheme: str) -> Figure:
    """A question and its answer of 1 kB, one after another on one connection."""
    with peer(folder, scheme, "http", 0) as (url, issuers):
        turns = Turns()
        line = Http(address_of(url), time.monotonic_ns(), PATIENCE, issuers=issuers)
        heard: list[Any] = []
        turns.lines.add(line, lambda said, _: heard.extend(said))
        turns.until(lambda: line.is_open or bool(line.ended))
        began = time.process_time_ns()
        for number in range(1, ANSWERS + 1):
            line.request("GET", "/api/v3/depth?symbol=ETHUSDT", time.monotonic_ns())
            turns.until(lambda number=number: len(heard) == number or bool(line.ended))
        taken = (time.process_time_ns() - began) / ANSWERS
        must_live(line)
        line.drop("measured")
        turns.poll.close()
    return Figure(f"{scheme} GET with an answer of 1 kB", f"{taken / 1000:.1f} us CPU")


def must_live(line: Any) -> None:
    """Absent, and why, when a line ended while it was measured."""
    if line.ended:
        raise Absent(line.ended)


@contextmanager
def peer(folder: str, scheme: str, kind: str, count: int) -> Iterator[tuple[str, str]]:
    """The other end in a process of its own; its URL, and the certificate to trust."""
    files = certificate(folder) if scheme in ("wss", "https") else []
    command = [sys.executable, "-m", "bench.lines_peer", kind, str(count), *files]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(b"\n".join(texts()[0]))
        process.stdin.close()
        port = int(process.stdout.readline())
        yield f"{scheme}://127.0.0.1:{port}/", files[0] if files else ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def certificate(folder: str) -> list[str]:
    """Files of one for this machine and of its key. Absent without the `openssl` command."""
    files = [os.path.join(folder, name) for name in ("peer.pem", "peer.key")]
    if not os.path.exists(files[0]):
        words = (
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=peer"
        )
        names = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]]
        try:
            subprocess.run(["openssl", *words.split(), *names], check=True, capture_output=True)
        except FileNotFoundError as error:
            raise Absent("a certificate is made with the openssl command") from error
    return files


def memory() -> list[Figure]:
    """What one more import takes, in a bare process and in one that has the engine's modules."""
    rows = {
        "ssl": "ssl",
        "TLS with the system's issuers": "ssl engine.lines.tls",
        "websockets.client": "websockets.client",
        "its protocol as it is loaded here": "engine.lines.library",
    }
    engine = "engine.runtime json"
    return [
        Figure(
            f"memory of {what}",
            f"{added_mb('', names):.1f} MB bare, {added_mb(engine, names):.1f} beside the engine",
        )
        for what, names in rows.items()
    ]


def added_mb(before: str, names: str) -> float:
    """Resident memory that the names add to a process which has those before."""
    command = [sys.executable, "-c", RESIDENT, before, names]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return int(told.stdout) / 1024
