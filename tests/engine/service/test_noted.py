"""Does whoever looks from outside see what the service keeps, and read no more than changed?"""

from pathlib import Path

from engine.resilience.ladder import FAILED, WORKED, Step
from engine.service.alerts import ALL, Alerts
from engine.service.noted import Looking

NS = 1_000_000_000


def keeping(place: Path) -> Alerts:
    """The service's own alerts in a data directory."""
    (place / "service").mkdir(exist_ok=True)
    return Alerts(str(place / "service"), lambda *_words, **_fields: None, lambda: 7 * NS)


def step(rung: str, attempt: int, outcome: str) -> Step:
    """A step of a ladder that ended."""
    return Step(0, "store", rung, attempt, 0, "postgres", "away", outcome)


def test_what_is_not_over_is_seen_with_all_that_was_tried(tmp_path: Path):
    """The oldest first; steps that only began are not told, those that repeat are counted."""
    alerts, looking = keeping(tmp_path), Looking(str(tmp_path))
    tried = [step("retry", n, outcome) for n in (1, 2, 3) for outcome in ("", FAILED)]
    alerts.wrong("postgres", "failed_over", "reset", [*tried, step("failover", 1, WORKED)])
    alerts.wrong("disk", "disk_short", "full")
    alerts.wrong("engine", "died", "gone")
    alerts.well("disk")
    alerts.sign("ack", "1", "ada (uid 1)", "on it")

    assert looking.look()

    first, second = looking.noted
    assert (first.number, first.component, first.severity) == (1, "postgres", "warning")
    assert first.tried == "retry failed 3 times, failover worked"
    assert (first.acknowledged_by, first.note, first.raised_ns) == ("ada (uid 1)", "on it", 7 * NS)
    assert (second.number, second.severity, second.acknowledged_by) == (3, "critical", "")


def test_an_unchanged_file_is_not_read_again(tmp_path: Path):
    """Nor one that is not there; each change is seen once."""
    looking = Looking(str(tmp_path))
    assert not looking.look()
    alerts = keeping(tmp_path)
    alerts.wrong("engine", "died", "gone")

    looks = [looking.look() for _ in range(5)]
    alerts.sign("ack", ALL, "ada", "")
    again = [looking.look() for _ in range(5)]
    (tmp_path / "service" / "alerts.json").unlink()
    last = looking.look()

    assert (looks, again) == ([True] + [False] * 4, [True] + [False] * 4)
    assert (last, looking.noted, looking.reads) == (True, (), 3)


def test_a_broken_file_shows_nothing(tmp_path: Path):
    """The service begins it anew; whoever looks goes on."""
    keeping(tmp_path).wrong("engine", "died", "gone")
    (tmp_path / "service" / "alerts.json").write_text('{"incidents": [{}]')
    looking = Looking(str(tmp_path))

    assert looking.look()
    assert looking.noted == ()
