"""What does a process load that listens? Nothing that it does not use."""

import subprocess
import sys

import pytest

from engine.core import ROOT
from engine.errors import Refused
from engine.lines.library import load

PLAIN = """
from engine.lines import address, answers, feed, feeding, hello, http, lines, lookup
from engine.lines import messages, patience, websocket, wire
"""
A_LINE = PLAIN + "websocket.WebSocket(address.address_of('ws://127.0.0.1:1/'), 0)\n"
A_SECURE_LINE = A_LINE + "from engine.lines import tls; tls.context()\n"
# For a library's version, and for international names.
UNUSED = ("importlib.metadata", "email", "zipfile", "tempfile", "csv", "encodings.idna")


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
        (A_LINE, {"asyncio", "ssl", *UNUSED}),
        (A_SECURE_LINE, {"asyncio", *UNUSED}),
    ],
    ids=["modules", "a line", "a secure line"],
)
def test_a_line_loads_what_it_speaks(program, absent):
    """11 MB of asyncio and ssl are not paid for by whoever speaks neither."""
    assert loaded(program).isdisjoint(absent)


def test_the_librarys_own_version_is_there_for_whoever_asks():
    """What stood in for it while its protocol was loaded is gone."""
    asks = "import websockets.version; assert websockets.version.version[0] in '123'"

    assert "importlib.metadata" in loaded(A_LINE + asks)


def test_a_library_that_is_not_installed_is_told_in_two_lines(monkeypatch):
    """And what stood in for a part of it does not stay."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "websockets"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])

    with pytest.raises(Refused, match="streams need the websockets library") as refused:
        load()

    assert refused.value.fix == "install it: .venv/bin/pip install '.[exchange]'"
    assert "websockets.version" not in sys.modules
