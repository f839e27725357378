"""What does a process load that listens? Nothing that it does not use."""

import subprocess
import sys

import pytest

from engine.core import ROOT

PLAIN = """
from engine.lines import address, answers, feed, feeding, hello, http, kept, lines, lookup
from engine.lines import messages, patience, quota, websocket, wire
"""
A_LINE = PLAIN + "websocket.WebSocket(address.address_of('ws://127.0.0.1:1/'), 0)\n"
A_SECURE_LINE = A_LINE + "from engine.lines import tls; tls.context()\n"


def loaded(program: str) -> set[str]:
    """The modules of a process that ran it."""
    told = f"{program}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        (PLAIN, {"asyncio", "ssl", "websockets", "threading", "email", "encodings.idna"}),
        (A_LINE, {"asyncio", "ssl", "encodings.idna"}),
        (A_SECURE_LINE, {"asyncio", "encodings.idna"}),
    ],
    ids=["modules", "a line", "a secure line"],
)
def test_a_line_loads_what_it_speaks(program, absent):
    """11 MB of asyncio and ssl are not paid for by whoever speaks neither."""
    assert loaded(program).isdisjoint(absent)
