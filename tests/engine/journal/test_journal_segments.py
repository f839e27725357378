"""Is a segment's header what its description says, and is anything else refused?"""

import errno
import struct
import zlib

import pytest

from engine.journal import segments
from engine.journal.segments import (
    HEADER_SIZE,
    PREVIOUS_AT,
    Header,
    JournalFailed,
    name_of,
    packed,
    parsed,
    prepare,
    version_of,
)
from tests.engine.journal.building import OURS

HEADER = Header(OURS, 960, 65536, previous=b"H" * 32)


def test_a_header_reads_back():
    """Every field, both kinds of source, real and simulated, a machine name too long for it."""
    for header in (
        HEADER,
        HEADER._replace(
            source=segments.HISTORY, records=12, identity=OURS._replace(simulated=False)
        ),
        HEADER._replace(identity=OURS._replace(machine="")),
    ):
        assert parsed(packed(header)) == header
    long_name = HEADER._replace(identity=OURS._replace(machine="é" * 50))
    read = parsed(packed(long_name))
    assert read is not None
    assert read.identity.machine == "é" * 32


def test_the_bytes_lie_where_the_format_says():
    """Other programs read these files: the places never move within a version."""
    raw = packed(HEADER)

    assert len(raw) == HEADER_SIZE == 4096
    assert raw[:8] == b"SUPREME1"
    assert struct.unpack_from("<IIII", raw, 8) == (1, 4096, 0, 1)
    assert raw[24:136] == b"J" * 16 + b"L" * 32 + b"C" * 32 + b"P" * 32
    assert raw[136:200] == b"test box".ljust(64, b"\0")
    assert struct.unpack_from("<qqq", raw, 200) == (960, 65536, -1)
    assert PREVIOUS_AT == 224
    assert raw[224:256] == b"H" * 32
    assert raw[256:4092] == bytes(3836)
    assert struct.unpack_from("<I", raw, 4092)[0] == zlib.crc32(raw[:4092])


def test_any_changed_bit_of_a_header_is_seen():
    """The check covers all 4096 bytes."""
    raw = bytearray(packed(HEADER))
    for place in range(0, HEADER_SIZE * 8, 13):
        raw[place // 8] ^= 1 << place % 8
        assert parsed(bytes(raw)) is None
        raw[place // 8] ^= 1 << place % 8


@pytest.mark.parametrize("raw", [b"", bytes(HEADER_SIZE), packed(HEADER)[:-1], b"SUPREME1"])
def test_what_is_no_header_is_none(raw):
    """Zeros, half a header, nothing."""
    assert parsed(raw) is None


def test_another_format_is_told_by_its_number():
    """A newer version is not damage."""
    assert version_of(packed(HEADER)) == 1
    assert version_of(b"SUPREME1" + struct.pack("<I", 9) + bytes(100)) == 9
    assert version_of(b"PK\3\4" + bytes(100)) == 0


def test_a_prepared_segment_is_all_zeros(tmp_path):
    """Written, not only reserved, under the name of its first sequence."""
    with open(prepare(tmp_path, 960, 3 << 20), "rb") as file:
        assert file.read() == bytes(3 << 20)

    assert [path.name for path in tmp_path.iterdir()] == ["00000000000000000960.segment"]
    assert name_of(960) == "00000000000000000960.segment"


def test_a_segment_that_exists_is_never_made_again(tmp_path):
    """Zeros over records would be the end of them."""
    (tmp_path / name_of(0)).write_bytes(b"records")

    with pytest.raises(FileExistsError):
        prepare(tmp_path, 0, 65536)

    assert (tmp_path / name_of(0)).read_bytes() == b"records"


def test_a_failure_is_told_in_two_lines():
    """What happened, what is safe, what to do; a full disk is not a broken one."""
    full = str(JournalFailed(errno.ENOSPC, "/d", 5)).splitlines()
    broken = str(JournalFailed(errno.EIO, "/d", 5)).splitlines()

    assert full == [
        "The journal in /d cannot be written: the disk is full.",
        "All before sequence 5 is safe, nothing after it counts. Free some space, start again.",
    ]
    assert "Input/output error" in broken[0]
    assert "Check the disk" in broken[1]
