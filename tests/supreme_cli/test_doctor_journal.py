"""Does `supreme doctor` read every journal, and find the damaged one and the one at work?"""

import os
import signal
import subprocess
import sys

from tests.engine.journal.building import change, left_open, offset_of, written
from tests.supreme_cli.doctoring import ROOT, checked


def test_a_whole_journal_is_counted(tmp_path):
    """Here or one level below, each with what it holds."""
    written(tmp_path / "run-a" / "journal", 300)
    written(tmp_path / "run-b" / "journal", 7)

    found = checked(tmp_path)["journal"]

    assert found["verdict"] == "ok"
    assert "run-a: 300 records of no market" in found["what"]
    assert "run-b: 7 records" in found["what"]


def test_a_damaged_journal_fails_and_names_its_place(tmp_path):
    """One changed byte in the middle of what was written."""
    [segment] = written(tmp_path / "run-a" / "journal", 300)
    written(tmp_path / "run-b" / "journal", 7)
    change(segment, offset_of(100) + 20, b"\xff")

    found = checked(tmp_path)["journal"]

    assert found["verdict"] == "fail"
    assert f"in {segment}, record 100 (sequence 100) is not what was written" in found["what"]
    assert "backup" in found["fix"]


def test_an_unfinished_last_write_is_no_damage(tmp_path):
    """That is what a crash leaves; the next start cuts it off."""
    [segment] = written(tmp_path / "journal", 300)
    left_open(tmp_path / "journal")
    change(segment, offset_of(299) + 20, b"\xff")

    found = checked(tmp_path)["journal"]

    assert found["verdict"] == "ok"
    assert "299 records" in found["what"]


def test_a_journal_too_large_for_a_look_is_passed_over(tmp_path):
    """It says so and how it is verified; a doctor takes seconds."""
    [segment] = written(tmp_path / "run-a" / "journal", 7)
    os.truncate(segment, 300 << 20)

    found = checked(tmp_path)["journal"]

    assert found["verdict"] == "warning"
    assert "1 more would take longer" in found["what"]
    assert found["fix"] == f"supreme journal verify --data-dir {tmp_path / 'run-a'} reads it all"


def test_a_running_engine_is_told_with_its_pid_and_market(tmp_path):
    """And is not disturbed: its journal is whole while it writes, and it goes on."""
    command = [sys.executable, "-m", "supreme_cli", "run", "--data-dir", str(tmp_path / "run")]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as engine:
        assert engine.stderr is not None
        began = next(line for line in engine.stderr if line.startswith("PAPER"))
        found = checked(tmp_path)["journal"]
        running = engine.poll()
        engine.send_signal(signal.SIGTERM)
        engine.stderr.read()

    assert "SIMULATED seed 1" in began
    assert running is None
    assert found["verdict"] == "ok"
    assert "records of ETHUSDT (SIMULATED seed 1)" in found["what"]
    assert f"engine {engine.pid} is at work" in found["what"]
    assert "at work" not in checked(tmp_path)["journal"]["what"]


def test_a_restore_that_was_killed_is_told_of(tmp_path):
    """Here or one level below, though no journal is there yet."""
    draft = tmp_path / "run-a" / ".restoring-999999999"
    draft.mkdir(parents=True)

    found = checked(tmp_path)["journal"]

    assert found["verdict"] == "warning"
    assert f"a restore was killed and left {draft}" in found["what"]
    assert "supreme journal restore" in found["fix"]
