"""Is what nobody reports raised once, said again, and closed when it is over?"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import Refused
from engine.execution.orders import NEW, UNKNOWN
from engine.log import Log
from engine.service.alerts import ALL, Alerts, availabilities
from engine.service.noted import kept_in
from engine.service.standing import Standing
from engine.service.watching import BEHIND_S, DOUBT_S, Watching

NS = 1_000_000_000


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    """How a service stands, in a data directory of its own."""
    (tmp_path / "service").mkdir()
    folder = str(tmp_path / "service")
    return Standing(folder, Log(f"{folder}/service.log", "info", "json", ""))


def fold_with(*orders: tuple[int, int]) -> Any:
    """As much of a fold as is looked at: orders by number and status."""
    table = [SimpleNamespace(id=number, status=status) for number, status in orders]
    return SimpleNamespace(core=SimpleNamespace(state=SimpleNamespace(
        orders=SimpleNamespace(table=table))))  # fmt: skip


def known(tmp_path: Path) -> list[tuple[str, str, str]]:
    """Component, kind and state of each incident in the file."""
    rows = kept_in(str(tmp_path / "service"))["incidents"]
    return [(row["component"], row["kind"], row["state"]) for row in rows]


def test_an_order_in_doubt_is_an_incident_after_a_minute(tmp_path: Path, standing: Standing):
    """Before that it may be asked for; known again it closes."""
    now_s = [0.0]
    watching = Watching(standing, str(tmp_path), 0, lambda: now_s[0])
    watching.look(fold_with((7, UNKNOWN), (8, NEW)))
    now_s[0] = DOUBT_S
    watching.look(fold_with((7, UNKNOWN), (8, UNKNOWN)))
    early = known(tmp_path)
    now_s[0] += 1.0
    watching.look(fold_with((7, UNKNOWN), (8, UNKNOWN)))
    watching.look(fold_with((7, UNKNOWN), (8, UNKNOWN)))
    (raised,) = kept_in(str(tmp_path / "service"))["incidents"]
    watching.look(fold_with((7, NEW), (8, UNKNOWN)))

    assert (early, raised["severity"], raised["seen"]) == ([], "critical", 1)
    assert "of order 7 is not known" in raised["cause"]
    assert known(tmp_path) == [("orders", "order_unknown", "closed")]


def test_a_full_disk_and_a_lag_are_warnings_until_they_are_over(tmp_path: Path, standing: Standing):
    """Each closes by itself."""
    now_s = [0.0]
    watching = Watching(standing, str(tmp_path), 1 << 60, lambda: now_s[0])
    standing.is_late, now_s[0] = True, BEHIND_S + 1.0
    watching.look(fold_with())
    during = known(tmp_path)
    standing.is_late = False
    Watching(standing, str(tmp_path), 0, lambda: now_s[0]).look(fold_with())

    assert during == [("disk", "disk_short", "open"), ("tables", "behind", "open")]
    assert {state for _, _, state in known(tmp_path)} == {"closed"}


def test_the_engines_own_errors_are_incidents_until_it_starts_again(
    tmp_path: Path, standing: Standing
):
    """Of its log alone, and not its warnings."""
    watching = Watching(standing, str(tmp_path), 0)
    lines = [("1", "t", source, level, event, "{}") for source, level, event in (
        ("engine", "warning", "FeedSilent"), ("service", "critical", "Alarm"),
        ("engine", "critical", "JournalFailed"))]  # fmt: skip

    watching.heard(lines)
    during = known(tmp_path)
    watching.heard([("2", "t", "engine", "info", "EngineStarted", "{}")])

    assert during == [("engine", "JournalFailed", "open")]
    assert known(tmp_path) == [("engine", "JournalFailed", "closed")]


def test_incidents_outlive_the_service_and_are_said_again_until_signed(tmp_path: Path):
    """In the next life too, and each time after a longer wait."""
    now, said = [0], []

    def alerts() -> Alerts:
        return Alerts(str(tmp_path), lambda *_words, **fields: said.append(fields), lambda: now[0])

    alerts().wrong("engine", "Odd", "why")
    for second in range(0, 3_000, 10):
        now[0] = second * NS
        alerts().tend()
    repeated = [fields["told"] for fields in said if fields["event"] == "repeated"]
    done = alerts().sign("ack", ALL, "ada (uid 1)", "on it")
    now[0] = 10**6 * NS
    alerts().tend()

    assert repeated == [2, 3, 4]
    assert [(one.acknowledged_by, one.note) for one in done] == [("ada (uid 1)", "on it")]
    assert len(said) == 1 + len(repeated) + 1
    with pytest.raises(Refused, match="no open incident"):
        alerts().sign("close", "9", "ada", "")


def test_a_broken_file_is_begun_anew(tmp_path: Path):
    """Half a file is none; the service goes on."""
    for raw in ("", "{", json.dumps({"incidents": [{}], "moves": {}}), "[]"):
        (tmp_path / "alerts.json").write_text(raw)
        assert kept_in(str(tmp_path)) == {"incidents": [], "moves": {}}


def test_availability_is_counted_from_the_first_known_moment():
    """Ten seconds up, ten down, twenty up."""
    moves = [[0, True], [10 * NS, False], [20 * NS, True]]

    (one,) = availabilities({"postgres": moves}, 40 * NS)

    assert (one["share"], one["uptime_s"], one["downtime_s"]) == (0.75, 30.0, 10.0)
    assert (one["outages"], one["is_up"], one["since_ns"]) == (1, True, 0)
