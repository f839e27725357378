"""Does an engine of other code go on with the very account that the journal tells of?"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.instruments import notional_of
from tests.acceptance.running import COMMAND, ROOT, final_state, supreme
from tests.builders import ETHER
from tests.engine.journal.building import left_open
from validators.degrade.market import trades_file

SMALL = ("--set", "journal.segment_bytes=65536")
ACCOUNT = ("cash", "equity", "realized", "fees", "fills", "wins", "losses", "drawdown_percent")
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some simulated hours of trades."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", 9_000)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same program, but it claims more cash for an entry and is less sure of itself."""
    folder = tmp_path_factory.mktemp("other")
    for name in ("engine", "supreme_cli", "profiles", "tui"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("built"))
    changes = {
        "engine/dealing.py": ("SLACK_DIVISOR = 200", "SLACK_DIVISOR = 50"),
        "engine/strategy/agents/ema_cross.py": ("confidence = ", "confidence = 0.9 * "),
    }
    for path, (before, after) in changes.items():
        text = (folder / path).read_text()
        assert before in text
        (folder / path).write_text(text.replace(before, after, 1))
    return folder


def run(code: Path, market: Path, directory: Path, *words: str) -> Done:
    """A life of this code at full speed; one that is stopped, so that the market does not end."""
    speed = "3000" if "--for" in words else "max"
    told = ("--replay", str(market), "--speed", speed, "--data-dir", str(directory), "--json")
    return command(code, "run", *told, *SMALL, *words)


def command(code: Path, *words: str) -> Done:
    """A command of this code."""
    if code == ROOT:
        return supreme(*words)
    return subprocess.run(
        [*COMMAND, *words], cwd=code, capture_output=True, text=True, timeout=300, check=False
    )


def exported(code: Path, directory: Path) -> list[dict[str, Any]]:
    """Every record of the journal, decoded."""
    done = command(code, "journal", "export", "--data-dir", str(directory), "--output", "jsonl")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def cash_in(records: list[dict[str, Any]]) -> int:
    """What the journal's own fills and deposits come to, in 1e-8 of quote."""
    cash_e8 = 0
    for one in records:
        if one["kind"] == "CashDeposited":
            cash_e8 += one["amount_e8"]
        if one["kind"] == "OrderFilled":
            notional = notional_of(ETHER, one["price"], one["lots"])
            cash_e8 += (notional if one["flags"] & 1 else -notional) - one["fee_e8"]
    return cash_e8


def test_other_code_goes_on_with_the_same_account(market: Path, other: Path, tmp_path: Path):
    """There and back: each start says it, nothing is refused, and the journal stays whole."""
    directory = tmp_path / "d"
    first = run(ROOT, market, directory, "--for", "0.2")
    before = final_state(first)

    second = run(other, market, directory, "--for", "1.5")
    third = run(other, market, directory, "--for", "1.5")
    fourth = run(ROOT, market, directory)

    assert "other code wrote it" in second.stderr
    assert "other code wrote it" not in third.stderr
    assert "other code wrote it" in fourth.stderr
    assert before["fills"] < final_state(second)["fills"] < final_state(third)["fills"]
    records = exported(ROOT, directory)
    assert [one["kind"] for one in records].count("CodeChanged") == 2
    assert int(final_state(fourth)["cash"].replace(".", "")) == cash_in(records)
    verified = supreme("journal", "verify", "--with-replay", "--data-dir", str(directory))
    assert verified.returncode == 0, verified.stderr


def test_what_other_code_takes_over_is_what_was_left(market: Path, other: Path, tmp_path: Path):
    """Before it decides anything: cash, position, orders, fills, and the breakers."""
    directory = tmp_path / "d"
    before = final_state(run(ROOT, market, directory, "--for", "0.2"))

    told = command(other, "replay", str(directory), "--json")

    after = final_state(told)
    assert {key: after[key] for key in ACCOUNT} == {key: before[key] for key in ACCOUNT}
    assert after["positions"] == before["positions"]


def test_a_change_cut_short_is_made_again(market: Path, other: Path, tmp_path: Path):
    """Killed once the segment of the other code stands and nothing is in it."""
    directory = tmp_path / "d"
    final_state(run(ROOT, market, directory, "--for", "0.2"))
    final_state(run(other, market, directory, "--for", "0.3"))
    newest = max((directory / "journal").glob("*.segment"))
    raw = bytearray(newest.read_bytes())
    raw[4096:] = bytes(len(raw) - 4096)
    newest.write_bytes(raw)
    left_open(directory / "journal")
    shutil.rmtree(directory / "snapshots")

    again = run(other, market, directory, "--for", "0.3")

    assert "other code wrote it" in again.stderr
    assert [one["kind"] for one in exported(other, directory)].count("CodeChanged") == 1


def test_a_shortened_journal_goes_on_too(market: Path, other: Path, tmp_path: Path):
    """Its first records were removed: the snapshot that stands for them gives the account."""
    directory = tmp_path / "d"
    newest = 0
    while newest < 2_000:  # some segments are full by then
        before = final_state(run(ROOT, market, directory, "--for", "0.4"))
        newest = int(max((directory / "snapshots").glob("*.snapshot")).stem)
    shorten = ("journal", "compact", "--erase-before", str(newest), "--yes")
    done = supreme(*shorten, "--data-dir", str(directory))
    assert done.returncode == 0, done.stderr
    assert not (directory / "journal" / f"{0:020d}.segment").exists()

    told = final_state(command(other, "replay", str(directory), "--json"))
    first = final_state(run(other, market, directory, "--for", "1.5"))
    again = run(other, market, directory)

    assert {key: told[key] for key in ACCOUNT} == {key: before[key] for key in ACCOUNT}
    assert told["positions"][0]["quantity"] == before["positions"][0]["quantity"]
    assert before["fills"] <= first["fills"] < final_state(again)["fills"]
    verified = command(other, "journal", "verify", "--with-replay", "--data-dir", str(directory))
    assert verified.returncode == 0, verified.stderr
