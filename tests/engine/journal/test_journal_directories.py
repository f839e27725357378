"""Does every name that is made or removed reach the disk, and before what depends on it?"""

import os

import pytest

from engine.journal.checkpoints import Checkpoint, Said, keep, spot_in
from engine.journal.head import note, noted
from engine.journal.record_files import write_record_file
from engine.journal.retention import going, remove
from engine.journal.segments import Header, functions_of, make_directory, put
from engine.journal.verification import verified
from tests.engine.journal.building import CAPACITY, OURS, run_of, written


@pytest.fixture
def calls(monkeypatch):
    """(what, path) of each name made or removed and of each sync, in their order."""
    seen = []

    def watched(name):
        real = getattr(os, name)

        def call(target, *more, **named):
            is_open = isinstance(target, int)
            path = os.readlink(f"/proc/self/fd/{target}") if is_open else os.fspath(target)
            done = real(target, *more, **named)
            seen.append((name, os.fspath(more[0]) if name == "replace" else path))
            return done

        monkeypatch.setattr(os, name, call)

    for name in ("fsync", "unlink", "replace", "mkdir"):
        watched(name)
    return seen


def followed(calls, what, path, folder):
    """Whether a sync of the folder comes after this call."""
    return ("fsync", str(folder)) in calls[calls.index((what, str(path))) :]


def made_up(journal, sequence, disk):
    """A checkpoint of this journal."""
    spot = spot_in(journal, sequence, functions_of(disk))
    whose = OURS.journal_id, OURS.layout_digest, OURS.code_digest
    return Checkpoint(*whose, spot, Said("here", {}, 0, b"", 1), b"state")


def test_the_first_checkpoint_makes_its_folder_durable_too(tmp_path, disk, calls):
    """Its file is synced in the folder, and the folder in the one above."""
    written(tmp_path / "journal", 20, disk)

    path = keep(tmp_path / "journal", made_up(tmp_path / "journal", 20, disk))

    folder = tmp_path / "snapshots"
    assert followed(calls, "mkdir", folder, tmp_path)
    assert followed(calls, "replace", path, folder)


def test_a_note_is_durable_with_its_name(tmp_path, calls):
    """Where it is there already nothing but its bytes changes."""
    note(tmp_path, 5)
    assert calls == [("fsync", str(tmp_path))]

    note(tmp_path, 6)
    assert calls == [("fsync", str(tmp_path))]
    assert noted(tmp_path) == 6


def test_every_directory_on_the_way_is_durable(tmp_path, calls):
    """Down from the one that was there."""
    make_directory(tmp_path / "a" / "b" / "c")

    for name, above in (("a", "."), ("a/b", "a"), ("a/b/c", "a/b")):
        assert followed(calls, "mkdir", tmp_path / name, (tmp_path / above).resolve())


def test_a_file_is_durable_before_it_has_its_name(tmp_path, calls):
    """And the name after; nothing is left of one that could not be written."""
    put(tmp_path / "file", b"all of it")

    draft = str(tmp_path / f".file.{os.getpid()}")
    assert calls[:3] == [
        ("fsync", draft),
        ("replace", str(tmp_path / "file")),
        ("fsync", str(tmp_path)),
    ]
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        put(tmp_path / "folder", b"in the way")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_what_killed_processes_left_of_a_file_is_removed(tmp_path, native):
    """A record file's draft may be of any size; one that is being written stays."""
    header = Header(OURS, 0, 0)
    for name in ("file", "eth.records"):
        for pid in (999_999_999, os.getppid()):
            (tmp_path / f".{name}.{pid}").write_bytes(b"half")

    put(tmp_path / "file", b"all of it")
    write_record_file(tmp_path / "eth.records", [run_of(0, 5)], header, native)

    left = {path.name for path in tmp_path.iterdir() if path.name.startswith(".")}
    assert left == {f".file.{os.getppid()}", f".eth.records.{os.getppid()}"}


def test_segments_are_gone_for_good_one_after_the_other(tmp_path, disk, calls):
    """A disk may keep what was removed first: then a gap would be left, and refused."""
    journal = tmp_path / "journal"
    written(journal, 4 * CAPACITY, disk)
    old = keep(journal, made_up(journal, 20, disk))
    keep(journal, made_up(journal, 3 * CAPACITY + 5, disk))
    leaving = going(verified(journal, disk), 3 * CAPACITY, erases=True)
    calls.clear()

    remove(leaving)

    paths = [old, *(one.path for one in leaving.segments)]
    assert len(paths) == 4
    pairs = [(("unlink", path), ("fsync", os.path.dirname(path))) for path in paths]
    assert calls == [call for pair in pairs for call in pair]
