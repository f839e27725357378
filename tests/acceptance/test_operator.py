"""Does a halt hold over restarts until an operator ends it, and is it written down who did?"""

from pathlib import Path

import pytest

from engine.journal.recovery import records
from engine.messages import (
    OPERATOR,
    OPERATOR_RESET,
    PARAMETER_CHANGED,
    PARAMETER_NAME,
    REASON,
    TEXT,
    split,
    text_of,
)
from tests.acceptance.running import final_state, supreme
from validators.degrade.market import trades_file

# So tight that the costs of the first trades trip it.
TIGHT = ("breakers.drawdown_half=0.001", "breakers.drawdown_conservative=0.001",
         "breakers.drawdown_stop=0.001")  # fmt: skip


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five simulated hours of trades."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", 9_000)


def words(market: Path, directory: Path) -> tuple[str, ...]:
    """A run of the market at full speed with the tight stop."""
    changes = [word for change in TIGHT for word in ("--set", change)]
    return ("run", "--replay", str(market), "--speed", "max", "--json", *changes,
            "--data-dir", str(directory))  # fmt: skip


def kept(directory: Path) -> list[bytes]:
    """Every record of a run's journal."""
    return split(b"".join(bytes(chunk) for _, chunk in records(directory / "journal")))


def test_a_halt_survives_restarts_and_ends_by_an_operators_word(market: Path, tmp_path: Path):
    """HALTED stays HALTED; a reset needs a reason, is journaled with who and why, and works."""
    halted = final_state(supreme(*words(market, tmp_path)))
    again = final_state(supreme(*words(market, tmp_path)))
    reset = final_state(
        supreme(*words(market, tmp_path), "--reset-halt", "--reason", "costs understood")
    )

    assert halted["trading"] == again["trading"] == "HALTED"
    assert halted["positions"][0]["quantity"] == "0"
    assert reset["trading"] == "ACTIVE"
    rows = kept(tmp_path)
    at = next(number for number, row in enumerate(rows) if row[4] == OPERATOR_RESET)
    told = {row[5]: row for row in rows[at - 2 : at] if row[4] == TEXT}
    assert text_of([told[REASON]]) == "costs understood"
    assert text_of([told[OPERATOR]])


def test_a_changed_profile_value_becomes_an_event_with_its_operator(market: Path, tmp_path: Path):
    """What a restart changes is journaled: which key, by whom, and only that key."""
    final_state(supreme(*words(market, tmp_path)))
    before = sum(row[4] == PARAMETER_CHANGED for row in kept(tmp_path))

    final_state(supreme(*words(market, tmp_path), "--set", "risk.position_max=0.05"))

    rows = kept(tmp_path)
    assert sum(row[4] == PARAMETER_CHANGED for row in rows) == before + 1
    at = max(number for number, row in enumerate(rows) if row[4] == PARAMETER_CHANGED)
    told = {row[5]: text_of([row]) for row in rows[at - 3 : at] if row[4] == TEXT}
    assert told[PARAMETER_NAME] == "risk.position_max"
    assert told[OPERATOR]
    assert told[REASON] == "profile scalping"
