"""Is the data directory fit for an engine: private, roomy, quick, reachable, its journal whole?"""

import os
import socket
import stat
import statistics
import tempfile
import time
from pathlib import Path

from engine import core as cores
from engine.control.client import holder_of
from engine.control.places import socket_path
from engine.errors import Refused
from engine.journal.folded import Kept
from engine.journal.recovery import chunks
from engine.journal.restoring import left_behind
from engine.journal.verification import verified
from engine.secrets import kept
from supreme_cli.findings import FAIL, Finding, Place, fail, ok, warning

DAY_BYTES = 500_000_000  # of journal, at 100 market records a second
DAYS_ENOUGH = 7
SYNCS, SYNC_SECONDS_MAX, SYNC_BYTES = 20, 2.0, 4096
INSTANT, SLOW, STALL = 5e-6, 0.010, 0.100  # seconds of a sync
READ_BYTES_MAX = 256 << 20  # verified in a second or two
GIGABYTE = 1e9


def directory(place: Place) -> Finding:
    """Whether files can be made there, and by nobody else."""
    path = place.directory
    if os.path.exists(path) and not os.path.isdir(path):
        return fail(f"{path} is no directory", "choose another --data-dir")
    try:
        os.rmdir(tempfile.mkdtemp(prefix=".doctor-", dir=place.standing()))
    except OSError as error:
        why = f"nothing can be made in {place.standing()}: {error.strerror}"
        return fail(why, "mend that, or choose another --data-dir")
    if not os.path.exists(path):
        return ok(f"{path} is not there yet and can be made")
    return privacy(place) or ok(f"{path} is writable, and by nobody else")


def privacy(place: Place) -> Finding | None:
    """Whether others may write in the data directory, or read what an engine keeps."""
    homes = place.homes()
    for path in (place.directory, *homes):
        mode = stat.S_IMODE(os.stat(path).st_mode)
        if mode & 0o022:
            return warning(f"others may write in {path} (mode {mode:o})", f"chmod 700 {path}")
        if mode & 0o077 and path in homes:
            return warning(f"others may read {path} (mode {mode:o})", f"chmod 700 {path}")
    return None


def space(place: Place) -> Finding:
    """Room for the days to come."""
    volume = os.statvfs(place.standing())
    return room(volume.f_bavail * volume.f_frsize)


def room(free: int) -> Finding:
    """What that many free bytes are good for."""
    what = f"{free / GIGABYTE:,.1f} GB free, a day of journal takes {DAY_BYTES / GIGABYTE:g} GB"
    if free < DAY_BYTES:
        return fail(what, "free some space")
    if free < DAYS_ENOUGH * DAY_BYTES:
        return warning(f"{what}: {free / DAY_BYTES:.0f} days", "free some space, and watch it")
    return ok(what)


def disk(place: Place) -> Finding:
    """How long a command waits until its cause is durable."""
    try:
        return quickness(sync_seconds(place.standing()))
    except OSError as error:
        what = f"nothing can be written in {place.standing()}: {error.strerror}"
        return fail(what, "mend that, or choose another --data-dir")


def quickness(took: list[float]) -> Finding:
    """What such times of a synced write, in seconds, mean for trading."""
    median, worst = statistics.median(took), max(took)
    what = f"a write and sync takes {milliseconds(median)}, {milliseconds(worst)} at worst"
    if median < INSTANT:
        return warning(f"{what}: this is memory, not a disk", "choose a --data-dir on a disk")
    if median > SLOW or worst > STALL:
        return warning(f"{what}: slow, and each order waits for it", "use a local SSD")
    return ok(f"{what}: quick enough")


def sync_seconds(folder: Path) -> list[float]:
    """Times of small synced writes into a file that no directory names."""
    fd = nameless_file(folder)
    try:
        os.pwrite(fd, bytes(SYNCS * SYNC_BYTES), 0)
        os.fsync(fd)  # as in a segment: the room is there before it is written
        began, took = time.perf_counter(), list[float]()
        while len(took) < SYNCS and time.perf_counter() - began < SYNC_SECONDS_MAX:
            start = time.perf_counter()
            os.pwrite(fd, b"S" * SYNC_BYTES, len(took) * SYNC_BYTES)
            os.fdatasync(fd)
            took.append(time.perf_counter() - start)
    finally:
        os.close(fd)
    return took


def nameless_file(folder: Path) -> int:
    """A file that is gone when it is closed, however we end."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:  # not every filesystem has these
        fd, path = tempfile.mkstemp(prefix=".doctor-", dir=folder)
        os.unlink(path)
        return fd


def milliseconds(seconds: float) -> str:
    """A duration for a glance."""
    return f"{seconds * 1000:,.3g} ms"


def local_socket(place: Place) -> Finding:
    """Whether engines are reached in their own directories, whose paths may be too long for it."""
    elsewhere = too_long(place)
    if elsewhere:
        what = f"{elsewhere[0]} is too long for a socket: it is {socket_path(str(elsewhere[0]))}"
        return warning(what, "choose a shorter --data-dir")
    return listening(place.standing())


def runtime_socket(place: Place) -> Finding:
    """Whether they are reached where long paths fall back to."""
    found = listening(place.runtime)
    if found.verdict == FAIL and not too_long(place):
        return warning(found.what, "mend that, or keep --data-dir short")
    return found


def too_long(place: Place) -> list[Path]:
    """The directories whose engines have their socket elsewhere."""
    homes = place.homes() or [place.directory]
    return [home for home in homes if home not in Path(socket_path(str(home))).parents]


def listening(folder: Path) -> Finding:
    """Whether a Unix socket can be made in a directory; it is removed again."""
    path = folder / f".doctor-{os.getpid()}"
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(os.fspath(path))
            probe.listen()
    except OSError as error:
        what = f"no socket can be made in {folder}: {error.strerror or error}"
        return fail(what, "choose a directory on a local disk")
    finally:
        if os.path.lexists(path):
            os.unlink(path)
    return ok(f"a socket can be made in {folder}")


def journal(place: Place) -> Finding:
    """Whether every byte of every journal is what was written, and whose they are."""
    told, left, large = [], READ_BYTES_MAX, []
    for home in place.homes():
        size = sum(path.stat().st_size for path in (home / "journal").iterdir())
        if size > left:
            large.append(home)
            continue
        left -= size
        try:
            told.append(f"{home.name}: {contents(home)}")
        except Refused as refused:
            return fail(refused.what, refused.fix)
    what = f"whole: {'; '.join(told)}" if told else "none was read"
    killed = [path for home in {place.directory, *place.below()} for path in left_behind(str(home))]
    if killed and not large:
        what = f"{what if told else 'none yet'}; a restore was killed and left {killed[0]}"
        return warning(what, f"repeat supreme journal restore, or remove {killed[0]}")
    if large:
        what += f"; {len(large)} more would take longer than a look"
        return warning(what, f"supreme journal verify --data-dir {large[0]} reads it all")
    return ok(what if told else "none yet")


def keys(place: Place) -> Finding:
    """Whether files of API keys are whole, and read by nobody else."""
    homes = [str(home) for home in (place.directory, *place.below())]
    paths = [path for home in homes for path in kept.all_in([home]).values()]
    for path in paths:
        try:
            kept.look(path)
        except Refused as refused:
            return fail(refused.what, refused.fix)
    return ok(f"{len(paths)} sealed, whole and private" if paths else "none yet")


def contents(home: Path) -> str:
    """What a journal holds and who is writing it; Refused where it is damaged."""
    whole = verified(home / "journal", cores.load_native())
    base, count = whole.base(), whole.end - whole.first
    kept, since = (Kept(base.said), base.spot.sequence) if base else (Kept(), 0)
    for _, chunk in chunks(whole.segments, since):
        kept.read(chunk)
    names = ", ".join(kept.names[number] for number in sorted(kept.names))
    pid = holder_of(str(home))
    at_work = f", engine {pid} is at work" if pid else ""
    return f"{count:,} records of {names or 'no market'} ({kept.label or 'no label'}){at_work}"
