"""Does an engine killed in the middle of anything come back to where it would have been?"""

import pytest

from validators.crash.kills import AIMS, kill_often
from validators.crash.tracing import hindrance
from validators.degrade.market import trades_file

SMALL = (
    *("--set", "journal.segment_bytes=65536"),
    *("--set", "journal.reserved_bytes=0"),
    *("--set", "run.heartbeat_ns=5000000000"),
)


@pytest.mark.parametrize("kills", [50, pytest.param(1_000, marks=pytest.mark.long)])
def test_kills_leave_the_state_of_an_engine_never_killed(native, memory, capsys, kills):
    """Killed at append, sync, acknowledgement, send, rotation, snapshot and in its sleep."""
    if hindrance():
        pytest.skip(hindrance())
    market = trades_file(memory / "eth.records", 6_000)

    killed = kill_often(memory, ["--replay", str(market), "--speed", "max", *SMALL], kills, 1)

    with capsys.disabled():
        print(
            f"\nkilled {killed.doing.total()} times, of {killed.commands} commands sent none lost: "
            f"{dict(killed.doing)}, at {dict(killed.calls)}"
        )
    assert killed.problems == []
    assert killed.doing.total() == kills
    assert all(killed.doing[doing] >= kills // 20 for doing in AIMS)
    assert killed.commands >= kills // 2
