"""Is a state that is not what the journal comes to found out, and nothing else?"""

from pathlib import Path

import pytest

from engine import core as cores
from engine.layout import View, bytes_of, fresh, size_of
from engine.log import Log
from engine.messages import ENGINE_STARTED, RECORD_SIZE
from engine.service.comparing import Comparing, first_difference, name_at
from engine.service.folding import Fold
from engine.service.standing import Standing, standing_of
from engine.state import STATE
from tests.engine.service.keeping import journal_of


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    """How a service stands, in a data directory of its own."""
    (tmp_path / "service").mkdir()
    folder = str(tmp_path / "service")
    return Standing(folder, Log(f"{folder}/service.log", "info", "json", ""))


def image_at(raw: bytes, sequence: int) -> bytearray:
    """The state after so many records."""
    fold = Fold(cores.load_native(), "ab" * 16)
    fold.take(memoryview(raw)[: sequence * RECORD_SIZE])
    return bytearray(fold.core.image())


def compared(raw: bytes, standing: Standing, theirs: bytes, since: int, sequence: int) -> None:
    """Fold to `since`, ask then, and fold the rest."""
    fold = Fold(cores.load_native(), "ab" * 16)
    fold.take(memoryview(raw)[: since * RECORD_SIZE])
    Comparing(lambda: (sequence, theirs), standing).ask(fold)
    fold.take(memoryview(raw)[since * RECORD_SIZE :])


@pytest.mark.parametrize("ahead", [0, 1, 777])
def test_equal_states_are_no_alarm(lived: Path, standing: Standing, ahead: int):
    """At the sequence the engine named, be it just now or still to come."""
    raw = journal_of(lived)
    since = len(raw) // RECORD_SIZE - 1_000

    compared(raw, standing, bytes(image_at(raw, since + ahead)), since, since + ahead)

    assert (standing.compared, standing.alarms) == (since + ahead, [])


def test_a_single_wrong_number_is_an_alarm_that_names_it(
    lived: Path, standing: Standing, tmp_path: Path
):
    """In the log, and in the file that the status command reads."""
    raw = journal_of(lived)
    since = len(raw) // RECORD_SIZE - 1_000
    theirs = image_at(raw, since + 5)
    View(STATE, theirs)  # the layout's own offsets find the field
    at = bytes(theirs).find(View(STATE, theirs).account.cash_e8.to_bytes(8, "little"))
    theirs[at] ^= 1

    compared(raw, standing, bytes(theirs), since, since + 5)

    assert f"at sequence {since + 5} is not what its journal comes to" in alarm_of(tmp_path)
    assert "cash_e8 differs" in alarm_of(tmp_path)
    standing.log.flush()
    assert '"critical"' in Path(standing.log.path).read_text()


def alarm_of(place: Path) -> str:
    """The one alarm that the status command would show."""
    (alarm,) = standing_of(str(place))["alarms"]
    said: str = alarm["what"]
    return said


def test_an_engine_that_died_meanwhile_is_not_compared(lived: Path, standing: Standing):
    """What it had appended and not written its successor decides anew: no alarm about that."""
    raw = journal_of(lived)
    kinds = raw[4::RECORD_SIZE]
    second = kinds.rfind(ENGINE_STARTED)
    wrong = bytes(image_at(raw, second - 50))

    compared(raw, standing, wrong, second - 20, second + 30)

    assert (standing.compared, standing.alarms) == (-1, [])


def test_an_engine_that_does_not_answer_is_no_alarm(standing: Standing):
    """It may not run at all."""
    Comparing(lambda: None, standing).ask(Fold(None, "ab" * 16))

    assert standing.alarms == []


def test_every_byte_of_the_state_has_a_name():
    """The first and the last of some fields, found by their place."""
    size = size_of(STATE)
    assert name_at(STATE, 0) == "clock.now_ns"
    assert name_at(STATE, 8) == "clock.kind"
    assert name_at(STATE, size - 1).startswith("venue.")
    state = fresh(STATE)
    before = bytes_of(STATE, state)
    state.symbols[3].position.lots = 9
    assert first_difference(before, bytes_of(STATE, state)) == "symbols[3].position.lots"
