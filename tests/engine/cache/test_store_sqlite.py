"""Does the embedded tier last, stay within its bounds, and get over every damage?"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cache.files import SHORT, opened, put
from tests.engine.cache.keeping_rows import Heard, now_ms, row_of, value_of

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")

from engine.cache.store import Sqlite, SqliteTier
from engine.cache.store_tables import OURS, VERSION
from engine.cache.tier import ANEW, BACK, LOST
from engine.cache.values import Codec

CODEC: Codec[Any] = Codec("any", object)


def test_what_was_kept_is_there_after_a_restart(tmp_path):
    """And read without a turn of the loop; nobody else may read the file."""
    tier, store, _ = opened(tmp_path / "c")
    put(tier, *[row_of(CODEC, f"k{n}", n) for n in range(1_000)])
    store.close()

    tier, store, told = opened(tmp_path / "c")

    assert value_of(CODEC, "k7", tier.get("k7")) == 7
    assert tier.get("nothing") is None
    assert (tier.tally.hits, tier.tally.misses) == (1, 1)
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o600
    assert told == []
    store.close()
    assert tier.get("k7") is None
    assert tier.tally.errors == 1


def test_two_processes_share_a_file(tmp_path):
    """What one writes the other reads; while one writes the other waits a little or not at all."""
    tier, store, _ = opened(tmp_path / "c")
    put(tier, row_of(CODEC, "k", "ours", 1))
    script = (
        "import asyncio, sys, time\n"
        "from engine.cache.store import Sqlite, SqliteTier\n"
        "from engine.cache.tier import Row\n"
        "s = Sqlite(sys.argv[1], print, lambda: 0); t = SqliteTier(s, 'any')\n"
        "assert t.get('k') is not None\n"
        "asyncio.run(t.set_many([Row('k', 2, 1 << 52, b'theirs')])); s.close()\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "c")], check=True)
    assert tier.get("k") == b"theirs"

    holder = sqlite3.connect(tmp_path / "c", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert put(tier, row_of(CODEC, "l", 1)) == []
    assert tier.get("k") == b"theirs"
    assert tier.tally.errors == 1
    holder.execute("ROLLBACK")
    put(tier, row_of(CODEC, "l", 2, 2))

    assert value_of(CODEC, "l", tier.get("l")) == 2
    holder.close()
    store.close()


def test_a_kill_in_the_middle_leaves_whole_transactions(tmp_path):
    """Whatever it had not ended is not there; what it had is."""
    script = (
        "import asyncio, sys, time\n"
        "from engine.cache.store import Sqlite, SqliteTier\n"
        "from engine.cache.tier import Row\n"
        "s = Sqlite(sys.argv[1], print, lambda: 0); t = SqliteTier(s, 'any'); v = 0\n"
        "while True:\n"
        "    v += 1\n"
        "    asyncio.run(t.set_many([Row(k, v, 1 << 52, b'%d' % v) for k in ('a', 'b', 'c')]))\n"
        "    print(v, flush=True)\n"
    )
    for times in range(3):
        command = [sys.executable, "-c", script, str(tmp_path / "c")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            said = [child.stdout.readline() for _ in range(20 + 30 * times)]
            child.send_signal(signal.SIGKILL)
            said += child.stdout.read().split()[-1:]
        tier, store, told = opened(tmp_path / "c")
        found = [tier.get(key) for key in ("a", "b", "c")]
        assert found == [found[0]] * 3
        assert int(found[0] or b"0") >= int(said[-1])
        assert told == []
        store.close()


@pytest.mark.parametrize("how", ["bytes", "head", "cut", "empty", "text", "log"])
def test_a_damaged_file_is_put_aside_and_made_anew(tmp_path, how):
    """Found at the start or in the middle: never an error or a wrong value; it is told once."""
    path, draw = tmp_path / "c", random.Random(how)
    tier, store, _ = opened(path)
    put(tier, *[row_of(CODEC, f"k{n}", n) for n in range(2_000)])
    if how != "log":
        store.ask(tier.tally, lambda link: link.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    damage(path, how, draw)
    told = Heard()
    store.close()
    if how == "log":
        (tmp_path / "c-wal").write_bytes(draw.randbytes(40_000))

    store = Sqlite(str(path), told, now_ms, SHORT)
    tier = SqliteTier(store, "any")
    for n in range(2_000):
        assert value_of(CODEC, f"k{n}", tier.get(f"k{n}")) in (None, n)
    put(tier, *[row_of(CODEC, f"k{n}", -n, 2) for n in range(2_000)])
    found = [value_of(CODEC, f"k{n}", tier.get(f"k{n}")) for n in range(2_000)]

    assert all(one in (None, -n) for n, one in enumerate(found))
    assert sum(one is None for one in found) <= 256
    assert told.words in ([], [ANEW])
    assert store.made_anew == len(told)
    assert (tmp_path / "c.damaged").exists() is bool(told)
    if how in ("head", "text"):
        assert told.words == [ANEW]
    assert store.breaker.state == "closed"
    store.close()


def damage(path: Path, how: str, draw: random.Random) -> None:
    """Break a file."""
    whole = bytearray(path.read_bytes())
    if how == "bytes":
        for _ in range(40):
            at = draw.randrange(200, len(whole) - 200)
            whole[at : at + 100] = draw.randbytes(100)
    if how == "head":
        whole[:100] = draw.randbytes(100)
    if how == "cut":
        whole = whole[: len(whole) // 2 + 777]
    if how == "empty":
        whole.clear()
    if how == "text":
        whole = bytearray(b"this is no database\n" * 500)
    path.write_bytes(whole)


def test_damage_that_comes_while_it_is_open(tmp_path):
    """The next that meets it is answered as if nothing were there, and the one after has a file."""
    path = tmp_path / "c"
    tier, store, told = opened(path)
    put(tier, *[row_of(CODEC, f"k{n}", "x" * 500) for n in range(5_000)])
    store.ask(tier.tally, lambda link: link.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    store.ask(tier.tally, lambda link: link.execute("PRAGMA cache_size = 1"))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8_192)
        file.write(random.Random(1).randbytes(size - 8_192))

    for n in range(5_000):
        assert value_of(CODEC, f"k{n}", tier.get(f"k{n}")) is None or not told
    put(tier, row_of(CODEC, "k", 1))

    assert value_of(CODEC, "k", tier.get("k")) == 1
    assert told.words == [ANEW]
    assert (tier.tally.errors, store.breaker.state) == (1, "closed")
    store.close()


def test_a_file_that_another_process_made_anew_is_not_put_aside_again(tmp_path):
    """Whoever meets the damage second takes the new file."""
    path = tmp_path / "c"
    tier, store, told = opened(path)
    put(tier, row_of(CODEC, "k", 1))
    other, other_store, other_told = opened(path)
    for one, keeps in ((store, tier), (other_store, other)):
        one._let_go()
        one._put_aside()
        put(keeps, row_of(CODEC, "k", 2, 2))

    assert value_of(CODEC, "k", other.get("k")) == 2
    assert (told.words, other_told.words) == ([ANEW], [])
    store.close()
    other_store.close()


def test_an_older_file_is_made_anew_and_others_are_left_alone(tmp_path):
    """A newer supreme's, or another program's, is not written to: the tier is off, told once."""
    path = tmp_path / "c"
    for stamp, tables, is_ours in (
        ((OURS, VERSION - 1), "CREATE TABLE cache_entries (x)", True),
        ((OURS, VERSION + 1), "CREATE TABLE cache_entries (x)", False),
        ((0, 0), "CREATE TABLE ledger (x)", False),
    ):
        path.unlink(missing_ok=True)
        link = sqlite3.connect(path)
        link.executescript(
            f"{tables}; PRAGMA application_id = {stamp[0]}; PRAGMA user_version = {stamp[1]}"
        )
        link.close()
        before = path.read_bytes()
        tier, store, told = opened(path)
        for _ in range(20):
            put(tier, row_of(CODEC, "k", 1))
        assert (tier.get("k") is not None) is is_ours
        assert told.words == ([] if is_ours else [LOST])
        store.close()
        assert (path.read_bytes() == before) is not is_ours


def test_a_place_that_cannot_be_written_is_down_until_it_can(tmp_path):
    """Told once, answered at once, and tried again when its breaker lets a probe in."""
    folder = tmp_path / "later"
    tier, store, told = opened(folder / "c")
    for _ in range(100):
        assert tier.get("k") is None
        put(tier, row_of(CODEC, "k", 1))
    assert told.words == [LOST]
    assert tier.tally.errors == 200
    os.mkdir(folder)

    while store.breaker.state != "closed":
        put(tier, row_of(CODEC, "k", 1))

    assert tier.get("k") is not None
    assert told.words == [LOST, BACK]
    store.close()
