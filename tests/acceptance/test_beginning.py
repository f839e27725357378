"""Does a start refuse what does not fit its journal, before it has written a byte?"""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.core import code_digest, layout_digest
from engine.journal.folded import Kept
from engine.journal.recovery import records
from engine.journal.segments import Identity
from engine.journal.writer import Journal
from engine.messages import LABEL, REASON, EngineStarted, encode, split, text_of, texts_of
from tests.acceptance.running import ROOT, final_state, supreme
from validators.degrade.market import trades_file


def run(market: Path, directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One run of a file at full speed."""
    told = ("--replay", str(market), "--speed", "max", "--json", "--data-dir", str(directory))
    return supreme("run", *told, *words)


def bytes_of(directory: Path) -> bytes:
    """All the journal's records."""
    return b"".join(bytes(chunk) for _, chunk in records(directory / "journal"))


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few minutes of trades."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", 300)


def test_a_start_killed_right_after_its_label_does_not_lock_the_directory(tmp_path: Path):
    """Label and EngineStarted, twice, and nothing else: the third start goes on."""
    whose = Identity(bytes(16), layout_digest(), code_digest(), bytes(32), "test", simulated=True)
    started = [*texts_of("SIMULATED seed 1", LABEL), encode(EngineStarted(0, 0, 0, 1, 1))]
    for _ in range(2):
        journal = Journal.open(tmp_path / "journal", whose)
        journal.append(b"".join(started))
        journal.close()

    done = supreme("run", "--for", "0.2", "--speed", "max", "--data-dir", str(tmp_path))

    assert done.returncode == 0, done.stderr


def test_a_label_said_twice_is_read_once():
    """A kill within a long label leaves its first piece; the next start says it whole."""
    told = texts_of("SIMULATED REPLAY " + "long" * 10 + ".records", LABEL)
    kept = Kept()

    kept.read(memoryview(b"".join([told[0], *told, *told])))

    assert kept.label == text_of(told)


def test_another_file_of_the_same_name_is_refused_and_a_renamed_one_goes_on(
    market: Path, tmp_path: Path
):
    """What counts is the content that the account was traded on, not what it is called."""
    kept = tmp_path / "kept"
    final_state(run(market, kept))
    (tmp_path / "other").mkdir()
    other = trades_file(tmp_path / "other" / "eth.records", 300, seed=6)
    renamed = tmp_path / "renamed.records"
    renamed.write_bytes(market.read_bytes())
    before = bytes_of(kept)

    refused = run(other, kept)
    after = bytes_of(kept)
    accepted = run(renamed, kept)

    assert refused.returncode == 4
    assert "eth.records" in refused.stderr
    assert after == before
    assert final_state(accepted)["market"] == "SIMULATED REPLAY renamed.records"


@pytest.mark.parametrize("words", [("--set", "account.cash=5"), ("--reset-halt", "--reason", "x")])
def test_a_refused_start_appends_nothing(words: tuple[str, ...], market: Path, tmp_path: Path):
    """Other cash, or a reset where nothing is halted: code 4 and the journal as it was."""
    final_state(run(market, tmp_path))
    before = bytes_of(tmp_path)

    done = run(market, tmp_path, *words)

    assert done.returncode == 4
    assert '"code": 4' in done.stdout
    assert bytes_of(tmp_path) == before


def test_every_text_says_when(market: Path, tmp_path: Path):
    """A later start's label and reasons carry its time: a replay to a time meets them in order."""
    final_state(run(market, tmp_path))
    final_state(run(market, tmp_path, "--set", "risk.position_max=0.05"))

    rows = split(bytes_of(tmp_path))
    times = [int.from_bytes(row[16:24], "little") for row in rows if row[5] in (LABEL, REASON)]
    assert times[-1] == max(int.from_bytes(row[16:24], "little") for row in rows)


def test_a_reason_that_is_no_text_is_kept_as_far_as_it_is(market: Path, tmp_path: Path):
    """Bytes of another encoding on the command line are no traceback."""
    done = run(market, tmp_path, "--reset-halt", "--reason", "caf\udce9")

    assert done.returncode == 4
    assert text_of(texts_of("caf\udce9", REASON)) == "caf?"


@pytest.mark.parametrize("closed", ["0<&- 1>&- 2>&-", "2>/dev/full"])
def test_closed_or_full_streams_do_not_stop_trading(closed: str, tmp_path: Path):
    """The person may be gone: the engine runs its time and closes its journal."""
    words = f"run --for 0.3 --speed max --data-dir {tmp_path}"
    command = f"exec {sys.executable} -m supreme_cli {words} {closed}"

    done = subprocess.run(["sh", "-c", command], cwd=ROOT, check=False, capture_output=True)

    assert done.returncode == 0
    assert '"EngineStopped", "code": 0' in (tmp_path / "log" / "engine.log").read_text()


def test_a_hangup_stops_gracefully(tmp_path: Path):
    """The terminal goes, the journal is closed, the code says which signal it was."""
    words = ["run", "--data-dir", str(tmp_path)]
    engine = subprocess.Popen([sys.executable, "-m", "supreme_cli", *words], cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    log, deadline = tmp_path / "log" / "engine.log", time.monotonic() + 30
    while not (log.exists() and "EngineStarted" in log.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    engine.send_signal(signal.SIGHUP)
    out, _ = engine.communicate(timeout=30)

    assert engine.returncode == 129
    assert b"state digest" in out


@pytest.mark.parametrize(
    "words", [("--data-dir=",), ("--json=yes",), ("--seed", "1.5"), ("--reason", " ")]
)
def test_values_that_say_nothing_are_refused(words: tuple[str, ...]):
    """Empty values, a flag with one, half a seed: code 2."""
    assert supreme("run", "--for", "0.2", *words).returncode == 2
