"""May an operator cut a living PostgreSQL off and give it back, and is nothing lost by it?"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.service.noted import kept_in
from engine.service.standing import folder_of, standing_of
from tests.acceptance.running import supreme
from tests.engine.service.copying import all_copied, copied, kept, postgres_of, serving, until
from tests.engine.service.keeping import run
from validators.postgres_server import Server

pytest.importorskip("asyncpg", reason="needs asyncpg")
SOON = {"SUPREME_ERROR_RECOVERY__BACKOFF__MAX_DELAY_MS": "500"}


@pytest.fixture
def service(place: Path, there: Server) -> Iterator[subprocess.Popen[str]]:
    """A real service that copies there, and tries again soon."""
    with serving(place, there, **SOON) as one:
        yield one
        one.terminate()


def breaker(place: Path, *words: str) -> dict[str, Any]:
    """PostgreSQL's breaker, as a command shows it."""
    done = supreme("breaker", *words, "--json", "--data-dir", str(place))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["breakers"]["postgres"]
    return found


def test_a_living_connection_that_is_tripped_and_reset_loses_nothing(
    place: Path, market: Path, there: Server, service: subprocess.Popen[str]
):
    """Held, nothing goes there while an engine trades on; reset, all of it does, once."""
    all_copied(place)
    well = breaker(place, "list")
    before = postgres_of(place)["sequence"]

    held = breaker(place, "trip", "postgres", "--reason", "its disk is moved")
    until(lambda: not postgres_of(place)["connected"])
    run(place, market)
    until(lambda: not standing_of(str(place))["behind"])
    until(lambda: standing_of(str(place))["sequence"] > before)
    during = breaker(place, "list")
    stood = (postgres_of(place)["sequence"], postgres_of(place)["why"])
    text = supreme("breaker", "list", "--data-dir", str(place)).stdout.splitlines()
    freed = breaker(place, "reset", "postgres", "--reason", "it was moved")
    all_copied(place)
    after = breaker(place, "list")

    assert [one["state"] for one in (well, held, during, freed)] == [
        "closed", "held", "held", "closed",
    ]  # fmt: skip
    assert (well["opened"], held["opened"], after["opened"]) == (0, 1, 1)
    assert (well["failures_in_a_row"], well["failures_recent"]) == (0, 0)
    assert (0 < well["calls_recent"] <= 20, during["next_probe_s"]) == (True, 0.0)
    assert text[0].split() == ["breaker", "state", "level", "trips", "row", "recent", "probe"]
    assert text[1].split()[:4] == ["postgres", "held", "full", "1"]
    assert stood == (before, "postgres is not called: its breaker is held")
    assert postgres_of(place)["sequence"] == standing_of(str(place))["sequence"] > before
    assert copied(there, place) == kept(place)
    assert len(kept(place)["starts"]) == 3
    (one,) = kept_in(folder_of(str(place)))["incidents"]
    assert (one["component"], one["kind"], one["state"]) == ("postgres", "failed_over", "closed")
    assert service.poll() is None
