"""Does the service read history once, and answer from its cache what can change no more?"""

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

pytest.importorskip("aiosqlite", reason="needs aiosqlite")
pytest.importorskip("msgspec", reason="needs msgspec")

from engine.control.client import Link
from engine.errors import Refused
from engine.service.noted import kept_in
from engine.service.pages import ROWS
from engine.service.standing import folder_of, standing_of
from supreme_cli.services import ask, pid_of
from tests.acceptance.running import COMMAND, ROOT, supreme
from tests.engine.service.copying import until
from tests.engine.service.keeping import tables_of
from validators import redis_server


def started(place: Path, **environment: str) -> subprocess.Popen[bytes]:
    """A service that has kept all and written a snapshot."""
    words = [*COMMAND, "serve", "--data-dir", str(place), "--snapshot", "0.2"]
    service = subprocess.Popen(
        words, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: pid_of(str(place)) == service.pid and not behind(place))
    return service


def behind(place: Path) -> bool:
    """Whether there are records that are not kept yet, or no snapshot of them."""
    told = standing_of(str(place))
    return bool(told.get("behind", True)) or not (place / "snapshots").is_dir()


@pytest.fixture
def service(place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One beside a journal that no engine writes."""
    one = started(place)
    yield one
    one.terminate()
    one.wait(30)


def pages(place: Path) -> dict[str, Any]:
    """The cache's figures of the pages."""
    found: dict[str, Any] = ask(str(place), "cache")["namespaces"]["pages"]
    return found


def incident_of(place: Path, component: str) -> list[dict[str, Any]]:
    """What went wrong with a component."""
    kept = kept_in(folder_of(str(place)))["incidents"]
    return [one for one in kept if one["component"] == component]


def test_every_row_is_on_one_page_and_full_pages_are_read_once(place, service):
    """All fills, in order; a second walk asks the tables for the growing page alone."""
    kept = tables_of(place)["fills"]
    assert len(kept) > 2 * ROWS

    def walk() -> list[int]:
        first = ask(str(place), "page", table="fills", page=1)
        found = [row["sequence"] for row in first["rows"]]
        for number in range(2, first["pages"] + 1):
            page = ask(str(place), "page", table="fills", page=number)
            found += [row["sequence"] for row in page["rows"]]
        return found

    assert walk() == [row[0] for row in kept]
    loads = pages(place)["loads"]
    assert walk() == [row[0] for row in kept]
    assert pages(place)["loads"] <= loads + 1


def test_what_is_asked_for_wrongly_is_refused(place, service):
    """In two lines each."""
    wrong = [
        ("nonsense", 1, "no table nonsense"), ("fills", 0, "no page 0"),
        ("fills", 10**30, "no page 1000"), ("fills", 1e400, "does not know this request"),
    ]  # fmt: skip
    for table, page, what in wrong:
        with pytest.raises(Refused, match=what):
            ask(str(place), "page", table=table, page=page)
    beyond = ask(str(place), "page", table="fills", page=10_000)
    assert beyond["rows"] == []


def test_tables_that_cannot_be_read_are_their_readers_trouble_alone(place, service):
    """In two lines; the service goes on, and answers once they can be read again."""
    path = place / "service" / "projections.sqlite"
    path.rename(path.with_suffix(".away"))
    with pytest.raises(Refused, match="the tables cannot be read now"):
        ask(str(place), "page", table="fills", page=1)
    path.with_suffix(".away").rename(path)

    assert len(ask(str(place), "page", table="fills", page=1)["rows"]) == ROWS


def test_full_pages_outlive_the_service(place):
    """The next one finds them in the cache's file, and what it learnt in another."""
    one = started(place)
    first = ask(str(place), "page", table="equity", page=1)
    until(lambda: ask(str(place), "cache")["namespaces"]["pages"]["tiers"]["sqlite"]["sets"] > 0)
    one.terminate()
    one.wait(30)
    assert (place / "service" / "synapses.msgpack").exists()
    two = started(place)
    again = ask(str(place), "page", table="equity", page=1)
    found = pages(place)
    two.terminate()
    two.wait(30)

    assert again["rows"] == first["rows"]
    assert (found["tiers"]["sqlite"]["hits"], found["loads"]) == (1, 0)


def test_services_share_pages_by_redis_and_go_on_without_it(place, tmp_path):
    """A Redis that is killed costs no answer; its URL is written nowhere."""
    if why := redis_server.absent():
        pytest.skip(why)
    with TemporaryDirectory() as folder:
        server = redis_server.Server(Path(folder))
        server.start()
        service = started(place, REDIS_URL=f"unix://:hush@{server.place}")
        first = ask(str(place), "page", table="equity", page=1)
        until(lambda: pages(place)["tiers"]["redis"]["sets"] > 0)
        server.stop()
        until(lambda: pages(place)["tiers"]["redis"]["connected"] == 0)
        until(lambda: bool(incident_of(place, "redis")))
        held = ask(str(place), "breakers")["breakers"]["redis"]
        again = ask(str(place), "page", table="equity", page=1)
        beyond = ask(str(place), "page", table="fills", page=1)
        service.terminate()
        service.wait(30)

    assert again["rows"] == first["rows"]
    assert len(beyond["rows"]) == ROWS
    assert held["state"] == "open"
    assert incident_of(place, "redis")[0]["kind"] == "failed_over"
    written = [path for path in (place / "service").rglob("*") if path.is_file()]
    assert not [path for path in written if b"hush" in path.read_bytes()]


def test_history_is_shown_by_pages_the_newest_first(place, service):
    """To people as a table, to programs as JSON; beyond the last page there is nothing."""
    kept = tables_of(place)["fills"]
    words = ("history", "fills", "--data-dir", str(place))
    shown = supreme(*words)
    found = json.loads(supreme(*words, "--json").stdout)
    second = json.loads(supreme(*words, "--page", "2", "--json").stdout)
    beyond = supreme(*words, "--page", "999")
    odd = supreme("history", "nonsense", "--data-dir", str(place))

    assert shown.stdout.splitlines()[0].split()[:3] == ["sequence", "at", "order_id"]
    sequences = [row["sequence"] for row in found["rows"] + second["rows"]]
    assert sequences == [row[0] for row in kept][::-1][: len(sequences)]
    assert found["pages"] == -(-len(kept) // ROWS)
    assert beyond.stdout.splitlines()[0] == "none"
    assert (odd.returncode, len(odd.stderr.strip().splitlines())) == (2, 2)


def test_the_service_speaks_while_it_is_asked_from_two_sides(place, service):
    """Two links at once, each gets its own page."""
    folder = folder_of(str(place))
    one, two = Link(folder, 10.0, "a"), Link(folder, 10.0, "b")
    found = [link.ask("page", table=name, page=1)["table"]
             for link, name in ((one, "fills"), (two, "equity"), (one, "orders"))]  # fmt: skip
    one.close()
    two.close()

    assert found == ["fills", "equity", "orders"]


def test_the_cache_tells_what_it_holds_and_has_learnt(place, service):
    """Figures of each tier, one key, what is expected after it; a reset needs its word."""
    for number in range(1, 4):
        ask(str(place), "page", table="equity", page=number)
    words = ("--data-dir", str(place))
    stats = json.loads(supreme("cache", "stats", "--json", *words).stdout)["namespaces"]["pages"]
    table = supreme("cache", "stats", *words)
    key = ask_key(place)
    inspected = json.loads(supreme("cache", "inspect", key, "--json", *words).stdout)
    predicted = supreme("cache", "predict", key, *words)
    learning = supreme("cache", "stats", "--learning", *words)
    refused = supreme("cache", "reset", *words)
    done = supreme("cache", "reset", "--confirm", "RESET", *words)
    after = json.loads(supreme("cache", "inspect", key, "--json", *words).stdout)

    assert stats["loads"] >= 3
    assert stats["memory"]["entries"] >= 3
    assert table.stdout.split()[:4] == ["namespace", "tier", "entries", "hits"]
    assert inspected["namespaces"]["pages"]["memory"]["bytes"] > 1_000
    assert inspected["namespaces"]["pages"]["tiers"]["sqlite"] > 1_000
    assert predicted.returncode == learning.returncode == 0
    assert learning.stdout.startswith("no turn yet")
    assert (refused.returncode, len(refused.stderr.strip().splitlines())) == (2, 2)
    assert done.stdout.strip() == "forgotten: pages, signals, snapshots"
    assert after["namespaces"]["pages"]["memory"] is None
    assert after["namespaces"]["pages"]["tiers"]["sqlite"] > 1_000


def ask_key(place: Path) -> str:
    """The key of the first page of equity, as the tables' making has it."""
    path = place / "service" / "projections.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as tables:
        journal, made = tables.execute("SELECT journal_id, made FROM checkpoint").fetchone()
    return f"{journal[:8]}.{made[:8]}:equity:1"


def test_a_box_times_its_own_tiers():
    """Positive figures, a dict's beside them; nothing runs and nothing is left."""
    found = json.loads(supreme("cache", "bench", "--json").stdout)["figures"]

    assert {"dict hit", "memory hit", "memory set with eviction", "sqlite hit"} <= set(found)
    assert all(row["ns"] > 0 for row in found.values())
    assert found["dict hit"]["times_dict"] == 1.0
