"""Does other code go on in a segment of its own, in one chain with what was there?"""

import errno
import os

import pytest

from engine.errors import Refused
from engine.journal.continuing import changed_from
from engine.journal.head import noted
from engine.journal.recovery import NEVER, recover
from engine.journal.segments import HEADER_SIZE, SEGMENT_SIZE_MIN
from engine.journal.writer import Journal
from tests.engine.journal.building import (
    CAPACITY,
    OURS,
    content,
    run_of,
    segments_in,
    unsealed,
    written,
)

THEIRS = (OURS._replace(code_digest=b"c" * 32), OURS._replace(layout_digest=b"l" * 32))


def appended(directory, who, records, disk):
    """A life of this code that appends some records; what it found."""
    journal = Journal.open(directory, who, segment_size=SEGMENT_SIZE_MIN, native=disk)
    journal.append(records)
    journal.close()
    return journal.recovered


@pytest.mark.parametrize("who", THEIRS)
@pytest.mark.parametrize("count", [10, CAPACITY, CAPACITY + 3])
def test_other_code_begins_a_segment(tmp_path, disk, who, count):
    """Where the last one ends; the records read as one journal, each part known by its code."""
    written(tmp_path, count, disk)

    found = appended(tmp_path, who, run_of(count, 5), disk)
    again = recover(tmp_path, who, disk)

    assert (found.ours_from, changed_from(found)) == (NEVER, OURS.code_digest)
    assert (again.ours_from, changed_from(again)) == (count, b"")
    assert [one.header.identity.decides_as(who) for one in again.segments][-1]
    assert content(tmp_path, disk) == unsealed(run_of(0, count + 5))


def test_and_back_again(tmp_path, disk):
    """What lies before the newest part is of other code, though some of it is ours."""
    written(tmp_path, 10, disk)
    appended(tmp_path, THEIRS[0], run_of(10, 5), disk)

    appended(tmp_path, OURS, run_of(15, 5), disk)
    found = recover(tmp_path, OURS, disk)

    assert (found.ours_from, len(found.segments)) == (15, 3)
    assert content(tmp_path, disk) == unsealed(run_of(0, 20))


def test_a_segment_in_which_nothing_stands_is_taken_over(tmp_path, disk):
    """Other code began it and was killed: no name is free there, and none is needed."""
    written(tmp_path, 10, disk)
    Journal.open(tmp_path, THEIRS[0], segment_size=SEGMENT_SIZE_MIN, native=disk).close()

    found = appended(tmp_path, THEIRS[1], run_of(10, 5), disk)
    again = recover(tmp_path, THEIRS[1], disk)

    assert changed_from(found) == THEIRS[0].code_digest
    assert (again.ours_from, len(segments_in(tmp_path))) == (10, 2)
    assert content(tmp_path, disk) == unsealed(run_of(0, 15))


@pytest.mark.parametrize("count", [0, 10])
def test_a_segment_whose_taking_over_was_cut_short_is_begun_anew(
    tmp_path, disk, monkeypatch, count
):
    """Half a header, by a power cut in its write: no record was in it, so nothing is missed."""
    if count:
        written(tmp_path, count, disk)
    Journal.open(tmp_path, THEIRS[0], segment_size=SEGMENT_SIZE_MIN, native=disk).close()
    newest, real = segments_in(tmp_path)[-1], os.pwrite

    def cut(fd, raw, offset):
        if offset or len(raw) != HEADER_SIZE or os.readlink(f"/proc/self/fd/{fd}") != str(newest):
            return real(fd, raw, offset)
        if bytes(raw) == newest.read_bytes()[:HEADER_SIZE]:
            return real(fd, raw, offset)  # what recovery writes again
        real(fd, raw[: HEADER_SIZE // 2], offset)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pwrite", cut)
    with pytest.raises(Refused, match="Input/output error"):
        Journal.open(tmp_path, THEIRS[1], segment_size=SEGMENT_SIZE_MIN, native=disk)
    monkeypatch.undo()

    appended(tmp_path, THEIRS[1], run_of(count, 5), disk)

    assert content(tmp_path, disk) == unsealed(run_of(0, count + 5))
    assert noted(tmp_path) == count


def test_a_change_that_says_nothing_yet_is_still_to_be_said(tmp_path, disk):
    """The segment stands, and no record in it: the next start is the one that changes."""
    written(tmp_path, 10, disk)
    Journal.open(tmp_path, THEIRS[0], segment_size=SEGMENT_SIZE_MIN, native=disk).close()

    found = recover(tmp_path, THEIRS[0], disk)

    assert changed_from(found) == OURS.code_digest


def test_a_fresh_journal_was_changed_by_nobody(tmp_path, disk):
    """Nothing came before."""
    found = appended(tmp_path, OURS, run_of(0, 3), disk)

    assert changed_from(found) == changed_from(recover(tmp_path, OURS, disk)) == b""
