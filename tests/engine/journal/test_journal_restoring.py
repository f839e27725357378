"""Is a backup brought back whole or not at all, wherever it was killed, and nothing left of it?"""

import os
import subprocess
import sys

import pytest

from engine.errors import Refused
from engine.journal.archives import PROFILE, back_up
from engine.journal.checkpoints import Checkpoint, Said, keep, spot_in
from engine.journal.restoring import DRAFT, drafts, left_behind, restore
from engine.journal.segments import STARTED, functions_of
from engine.journal.verification import verified
from engine.journal.writer import Journal
from tests.engine.journal.building import CAPACITY, OURS, ROOT, content, run_of, written

TOTAL = CAPACITY + 40
SETTINGS = "# of the backup\n"
# Dies at the so-manieth call of one kind: what is on the disk then is what a kill leaves.
KILLED = """
import os, signal, sys
from engine.journal.restoring import restore
name, left = sys.argv[1], int(sys.argv[2])
real = getattr(os, name)
def call(*given, **named):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)
setattr(os, name, call)
restore(sys.argv[3], sys.argv[4], None)
"""


@pytest.fixture
def backup(tmp_path):
    """A backup of a journal with a checkpoint."""
    journal = tmp_path / "before" / "journal"
    written(journal, TOTAL)
    spot = spot_in(journal, 300, functions_of(None))
    whose = OURS.journal_id, OURS.layout_digest, OURS.code_digest
    keep(journal, Checkpoint(*whose, spot, Said("here", {}, 0, b"", 1), b"state"))
    path = str(tmp_path / "one.tar")
    back_up(path, verified(journal), SETTINGS, {}, lambda _more: None)
    return path


@pytest.fixture
def home(tmp_path):
    """A data directory in which nothing is yet."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def killed(backup, home, name, number):
    """Restore in a process that dies there; whether it did."""
    command = [sys.executable, "-c", KILLED, name, str(number), backup, str(home)]
    chosen = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=chosen, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


def is_restored(home):
    """All that a backup holds is there, and nothing else."""
    whole = verified(home / "journal")
    assert content(home / "journal") == run_of(0, TOTAL)
    assert [(one.sequence, one.fault) for one in whole.checkpoints] == [(300, "")]
    assert (whole.left_open, whole.proved) == (False, TOTAL)
    assert (home / STARTED).read_text() == SETTINGS
    names = {path.name for path in home.iterdir()}
    assert names == {"journal", "snapshots", PROFILE, STARTED}


@pytest.mark.parametrize("number", range(1, 9))
def test_killed_at_any_name_it_is_there_or_restored_anew(backup, home, number):
    """The journal's own is the last; what had its name before is taken back by the next one."""
    assert killed(backup, home, "replace", number) == (number <= 6)
    if (home / "journal").exists():
        is_restored(home)
        return
    assert left_behind(str(home)) == drafts(str(home)) != []

    restore(backup, str(home), None)

    is_restored(home)


@pytest.mark.parametrize("number", [1, 3, 8, 12])
def test_killed_at_any_sync_it_leaves_nothing_that_counts(backup, home, number):
    """Half unpacked, or half named."""
    assert killed(backup, home, "fsync", number)
    assert not (home / "journal").exists()

    restore(backup, str(home), None)

    is_restored(home)


def test_killed_after_the_journals_name_only_the_rest_is_removed(backup, home):
    """It was restored; an engine may have gone on since."""
    restore(backup, str(home), None)
    draft = home / f"{DRAFT}999999999"
    draft.mkdir()
    (draft / "named").write_text(f"snapshots\n{STARTED}")

    assert left_behind(str(home)) == [str(draft)]
    with pytest.raises(Refused, match="holds a journal or snapshots already"):
        restore(backup, str(home), None)

    is_restored(home)


def test_a_journal_that_was_begun_since_loses_nothing(backup, home):
    """What lies beside it may be its own by now."""
    killed(backup, home, "replace", 5)
    assert (home / "snapshots").exists()
    begun = Journal.open(home / "journal", OURS._replace(journal_id=b"X" * 16))
    begun.append(run_of(0, 10))
    begun.close()

    with pytest.raises(Refused, match="holds a journal or snapshots already"):
        restore(backup, str(home), None)

    assert drafts(str(home)) == []
    assert (home / "snapshots").exists()
    assert content(home / "journal") == run_of(0, 10)


def test_a_disk_that_fails_leaves_nothing(backup, home):
    """Snapshots that cannot have their name: refused, and restored once they can."""
    (home / "snapshots").write_text("in the way")

    with pytest.raises(Refused, match="Cannot use"):
        restore(backup, str(home), None)

    assert [path.name for path in home.iterdir()] == ["snapshots"]
    (home / "snapshots").unlink()
    restore(backup, str(home), None)
    is_restored(home)


def test_a_profile_there_stays(backup, home):
    """It may be somebody's own; what the engine was started with is beside it."""
    (home / PROFILE).write_text("# mine\n")

    restore(backup, str(home), None)

    assert (home / PROFILE).read_text() == "# mine\n"
    assert (home / STARTED).read_text() == SETTINGS


def test_one_at_work_is_not_left_behind(home):
    """Its process lives."""
    (home / f"{DRAFT}{os.getppid()}").mkdir()
    (home / f"{DRAFT}x").mkdir()

    assert left_behind(str(home)) == []
