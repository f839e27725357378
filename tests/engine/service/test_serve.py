"""What does `supreme serve` refuse, what alarms it, and how does it end?"""

import os
import shutil
from pathlib import Path

from engine.core import code_digest, layout_digest, load_native
from engine.journal.writer import Journal
from engine.messages import ORDER_FILLED, RECORD_SIZE, split
from engine.service.standing import standing_of
from supreme_cli.services import pid_of
from tests.engine.journal.building import OURS
from tests.engine.service.keeping import finished, journal_of, served


def test_one_service_a_data_directory(place: Path):
    """The second is refused with the first one's pid; both leave the engine's own lock alone."""
    with served(place) as first:
        while pid_of(str(place)) != first.pid:
            assert first.poll() is None
        with served(place) as second:
            _, said = second.communicate(timeout=30)
        first.terminate()

    assert (second.returncode, f"Another service (pid {first.pid})" in said) == (4, True)
    assert not (place / "lock").exists()


def test_a_journal_that_does_not_replay_raises_an_alarm(place: Path):
    """Exit code 1, two lines, and the alarm where `supreme status` finds it."""
    raw = b"".join(segment_records(place))
    shutil.rmtree(place / "journal")
    kinds = raw[4::RECORD_SIZE]
    at = kinds.find(ORDER_FILLED) * RECORD_SIZE
    wrong = raw[: at + 40] + bytes([raw[at + 40] ^ 1]) + raw[at + 41 :]
    journal = Journal.open(place / "journal", ours(), segment_size=65536, native=load_native())
    journal.append(wrong)
    journal.close()

    code, said = finished(place)

    alarms = standing_of(str(place))["alarms"]
    assert (code, len(said.strip().splitlines()[-2:])) == (1, 2)
    assert f"record {at // RECORD_SIZE} is not what this code decides" in said
    assert [alarm["what"] in said for alarm in alarms] == [True]


def segment_records(place: Path) -> list[bytes]:
    """The journal's records without their checks."""
    return [b"\0\0\0\0" + record[4:] for record in split(journal_of(place))]


def ours():
    """The identity of a journal of this code."""
    return OURS._replace(code_digest=code_digest(), layout_digest=layout_digest())


def test_a_journal_of_other_code_is_told_and_leaves_no_snapshot(tmp_path: Path):
    """It would decide otherwise: nothing is decided anew, and nobody goes on from its state."""
    journal = Journal.open(tmp_path / "journal", OURS, segment_size=65536)
    journal.append(bytes(4) + bytes([8]) + bytes(59))
    journal.close()

    code, said = finished(tmp_path)

    assert (code, standing_of(str(tmp_path))["alarms"]) == (143, []), said
    assert (standing_of(str(tmp_path))["sequence"], (tmp_path / "snapshots").exists()) == (1, False)


def test_a_service_whose_directory_is_removed_ends(place: Path):
    """Nobody would find its tables, and another one could be started at the same path."""
    with served(place) as service:
        while not standing_of(str(place)).get("sequence"):
            assert service.poll() is None
        while place.exists():
            shutil.rmtree(place, ignore_errors=True)  # it may just be writing there
        _, said = service.communicate(timeout=60)

    assert (service.returncode, "was removed or replaced" in said) == (4, True), said
    assert not place.exists()


def test_the_service_is_light_and_loads_nothing_heavy(place: Path):
    """No numba, numpy, typer, rich or textual; the figure itself is the benchmark's."""
    with served(place) as service:
        while not standing_of(str(place)):
            assert service.poll() is None
        mapped = Path(f"/proc/{service.pid}/maps").read_text()
        environment = os.listdir(f"/proc/{service.pid}/fd")
        service.terminate()

    for name in ("numpy", "llvmlite", "numba", "asyncpg", "pydantic"):
        assert name not in mapped
    assert len(environment) < 32
