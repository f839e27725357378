"""What do tests of `supreme journal` share? A market, an engine that lived, a verb's answer."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.running import final_state, supreme
from validators.degrade.market import trades_file

SMALL = ("--set", "journal.segment_bytes=65536")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some simulated minutes of trades and their heartbeats."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", 1_200)


@pytest.fixture(scope="module")
def lived(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of an engine that saw all of it; several segments, one snapshot."""
    home = tmp_path_factory.mktemp("lived") / "home"
    assert run(market, home)["state_digest"]
    shutil.rmtree(home / "control", ignore_errors=True)
    return home


@pytest.fixture
def home(lived: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(lived, tmp_path / "home"))


def run(market: Path, home: Path) -> dict[str, Any]:
    """One life of an engine on this market; its last state."""
    return final_state(supreme("run", *words_for(market, home)))


def words_for(market: Path, home: Path) -> tuple[str, ...]:
    """The words of such a life."""
    words = ("--replay", str(market), "--speed", "max", "--data-dir", str(home), "--json")
    return (*words, *SMALL)


def journal(*words: str, home: Path, code: int = 0) -> dict[str, Any]:
    """What a verb says as JSON."""
    done = supreme("journal", *words, "--json", "--data-dir", str(home))
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said
