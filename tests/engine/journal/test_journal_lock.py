"""Can two engines ever write in one data directory?"""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from engine.errors import Refused
from engine.journal.lock import hold
from tests.engine.journal.building import ROOT

HOLDER = """
import sys
from engine.journal.lock import hold
lock = hold(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the directory until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_engine_is_refused_with_the_firsts_pid(tmp_path, holder):
    """Two lines, exit code 4."""
    with pytest.raises(Refused) as refused:
        hold(tmp_path)

    assert refused.value.code == 4
    assert f"(pid {holder.pid})" in refused.value.what
    assert "--data-dir" in refused.value.fix


def test_a_killed_engine_leaves_no_lock(tmp_path, holder):
    """The system lets go for it: nobody has to remove a file."""
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    lock = hold(tmp_path)

    assert (tmp_path / "lock").read_text() == str(os.getpid())
    lock.release()


def test_the_lock_names_who_holds_it(tmp_path):
    """The file says our pid, even after one with more digits; a missing directory is made."""
    (tmp_path / "lock").write_text("99999999999")
    lock = hold(tmp_path)

    assert (tmp_path / "lock").read_text() == str(os.getpid())
    with pytest.raises(Refused):
        hold(tmp_path)
    lock.release()
    hold(tmp_path / "new" / "place").release()


def test_a_directory_that_cannot_be_made_is_refused(tmp_path):
    """What is in the way is said."""
    (tmp_path / "file").write_text("")

    with pytest.raises(Refused, match="Not a directory") as refused:
        hold(tmp_path / "file" / "under")

    assert refused.value.code == 4


def test_a_directory_that_is_still_ours_is_told_from_one_that_is_not(tmp_path):
    """Removed, replaced, or without its journal: another engine could begin there."""
    for number, spoil in enumerate((removed, replaced, without_journal)):
        home = tmp_path / str(number)
        (home / "journal").mkdir(parents=True)
        lock = hold(home)
        lock.must_be_ours()

        spoil(home)

        with pytest.raises(Refused, match="removed or replaced") as refused:
            lock.must_be_ours()
        assert refused.value.code == 4
        lock.release()


def removed(home):
    """All of it gone."""
    shutil.rmtree(home)


def replaced(home):
    """Moved away, another one in its place."""
    home.rename(home.parent / "moved")
    (home / "journal").mkdir(parents=True)


def without_journal(home):
    """Its contents gone."""
    (home / "lock").unlink()
    (home / "journal").rmdir()


def test_the_file_with_our_pid_may_be_removed_without_harm(tmp_path):
    """It is no lock: the directory still is."""
    (tmp_path / "journal").mkdir()
    lock = hold(tmp_path)

    (tmp_path / "lock").unlink()

    lock.must_be_ours()
    with pytest.raises(Refused):
        hold(tmp_path)
    lock.release()
