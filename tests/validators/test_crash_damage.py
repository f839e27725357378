"""Is every byte that a disk changed found out, wherever it lies?"""

from random import Random

import pytest

from validators.crash.damages import damage_often, specimen
from validators.crash.kills import Trial
from validators.crash.tracing import hindrance, lived
from validators.degrade.market import trades_file

SMALL = (
    *("--set", "journal.segment_bytes=65536"),
    *("--set", "journal.reserved_bytes=0"),
    *("--set", "run.heartbeat_ns=30000000000"),
)


@pytest.fixture(scope="module")
def places(native, tmp_path_factory):
    """Two data directories: of an engine that was stopped, and of one that then was killed."""
    if hindrance():
        pytest.skip(hindrance())
    home = tmp_path_factory.mktemp("damage")
    market = trades_file(home / "eth.records", 3_600)
    words = ["--replay", str(market), "--speed", "max", *SMALL]
    stopped, killed = (Trial(home / name, words, 1) for name in ("stopped", "killed"))
    stopped.live()
    assert killed.kill("rotate")
    assert killed.kill("rotate")
    assert lived([*killed.command, "--for", "0.1"]).code == 0
    assert killed.kill("sync")
    return home / "stopped" / "data", home / "killed" / "data"


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.long)])
def test_no_damage_goes_unnoticed(places, native, capsys, count):
    """Refused with its place up to the mark; after it an earlier end, with its sequence."""
    for name, place in zip(("stopped", "killed"), places, strict=True):
        sound = specimen(place, native)
        found = damage_often(sound, native, count // 2, Random(1))

        with capsys.disabled():
            total = found.damages.total()
            print(f"\n{total} damages of a {name} engine's journal: {dict(found.damages)}")
            print(f"verified: {dict(found.verified)}; started: {dict(found.started)}")
        assert found.problems == []
        assert found.damages.total() == count // 2
