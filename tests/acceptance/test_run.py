"""Does `supreme run` do what its help says, as a user sees it?"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.running import ROOT, final_state, supreme
from validators.degrade.market import trades_file

# What a paper engine may load; a new name here costs every user memory.
LOADED = """
    __future__ __main__ _abc _codecs _collections _collections_abc _datetime _frozen_importlib
    _frozen_importlib_external _functools _imp _io _operator _random _sha2 _sha256 _signal
    _socket _sre _stat _string _struct _thread _typing _warnings _weakref abc array builtins codecs
    collections contextlib copyreg core datetime encodings engine enum errno fcntl fnmatch
    functools genericpath glob grp importlib io ipaddress itertools keyword linecache marshal
    math ntpath operator os pathlib posix posixpath pwd re reprlib select selectors signal
    socket stat string
    struct sys time tomllib types typing urllib warnings zipimport zlib
""".split()  # noqa: SIM905  words are read more easily than a list of them
RESIDENT_MAX_MB = 26


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour and a half of simulated trades."""
    return trades_file(tmp_path_factory.mktemp("market") / "eth.records", 2_700)


def test_any_speed_gives_the_same_state(market: Path, tmp_path: Path):
    """Speed only sleeps: paced and unpaced runs of a file end in equal bytes."""
    fast = supreme(
        "run",
        "--replay",
        str(market),
        "--speed",
        "max",
        "--json",
        "--data-dir",
        str(tmp_path / "fast"),
    )
    paced = supreme(
        "run",
        "--replay",
        str(market),
        "--speed",
        "3000",
        "--json",
        "--data-dir",
        str(tmp_path / "paced"),
    )

    assert final_state(fast)["state_digest"] == final_state(paced)["state_digest"]
    assert final_state(fast)["fills"] > 0


def test_every_row_of_the_final_state_has_its_fields_names(market: Path, tmp_path: Path):
    """A program reads `trades[0].price`, not a fifth column."""
    place = ("--data-dir", str(tmp_path))

    state = final_state(supreme("run", "--replay", str(market), "--speed", "max", "--json", *place))

    rows = [row for value in state.values() if isinstance(value, list) for row in value]
    assert {type(row) for row in rows} == {dict}
    assert state["limits"][0]["name"] == "drawdown half"


def test_replay_of_the_journal_ends_where_the_run_ended(market: Path, tmp_path: Path):
    """Folding the journal gives the run's state; an earlier time gives an earlier state."""
    ran = final_state(
        supreme(
            "run", "--replay", str(market), "--speed", "max", "--json", "--data-dir", str(tmp_path)
        )
    )

    folded = final_state(supreme("replay", str(tmp_path), "--json"))
    earlier = final_state(supreme("replay", str(tmp_path), "--at", "2025-01-01T01:00", "--json"))

    assert folded == ran
    assert earlier["events"] < ran["events"]
    assert earlier["now_ns"] <= 1_735_693_200_000_000_000


def test_the_simulated_market_says_so_for_ever(tmp_path: Path):
    """Without arguments the market is simulated, and every start, state and journal says it."""
    for _ in range(2):
        done = supreme("run", "--for", "0.5", "--speed", "max", "--data-dir", str(tmp_path))
        assert done.returncode == 0
        assert "SIMULATED seed 1" in done.stdout

    other = supreme("run", "--for", "0.5", "--seed", "2", "--data-dir", str(tmp_path))

    assert other.returncode == 4
    assert "SIMULATED seed 1" in other.stderr


def test_sigterm_stops_gracefully(tmp_path: Path):
    """The journal is closed, the state printed, and the code says which signal it was."""
    engine = subprocess.Popen(
        [sys.executable, "-m", "supreme_cli", "run", "--data-dir", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(tmp_path / "log" / "engine.log", engine)

    engine.send_signal(signal.SIGTERM)
    out, _ = engine.communicate(timeout=30)

    assert engine.returncode == 143
    assert "state digest" in out


def wait_for(path: Path, engine: "subprocess.Popen[str]") -> None:
    """Until the engine has said its first word."""
    deadline = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size):
        assert engine.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_engine_is_told_the_first_ones_pid(tmp_path: Path):
    """One writer: the directory is locked for the engine's life."""
    engine = subprocess.Popen(
        [sys.executable, "-m", "supreme_cli", "run", "--data-dir", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    wait_for(tmp_path / "log" / "engine.log", engine)

    second = supreme("run", "--for", "1", "--data-dir", str(tmp_path))
    engine.kill()
    engine.wait()

    assert second.returncode == 4
    assert str(engine.pid) in second.stderr
    assert supreme("run", "--for", "0.2", "--data-dir", str(tmp_path)).returncode == 0


def test_a_paper_engine_stays_small_and_loads_only_what_it_needs(tmp_path: Path, native: object):
    """26 MB resident, measured while it trades; and not one module more than is written here."""
    probe = (
        "import sys\n"
        f"sys.path[:0] = [{str(ROOT)!r}]\n"
        "from engine.runtime import main\n"
        f"code = main(['--for', '2', '--speed', '6000', '--data-dir', {str(tmp_path)!r}])\n"
        "status = open('/proc/self/status').read()\n"
        "print('RESIDENT', int(status.split('VmHWM:')[1].split()[0]) / 1024)\n"
        "print('MODULES', ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", probe], capture_output=True, text=True, check=False
    )

    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    assert done.returncode == 0, done.stderr
    assert float(lines["RESIDENT"]) < RESIDENT_MAX_MB
    assert set(lines["MODULES"].split()) <= set(LOADED)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--replay", "nowhere.records"), 2, "nowhere.records"),
        (("--spede", "3"), 2, "--speed"),
        (("--speed", "fast"), 2, "--speed fast"),
        (("--set", "risk.position_mx=1"), 2, "risk.position_max"),
        (("--set", "risk.position_max=7"), 2, "0.0 to 1.0"),
        (("--profile", "nobody"), 2, "scalping"),
        (("--reset-halt",), 2, "reason"),
        (("--reset-halt", "--reason", "test"), 4, "not halted"),
        (("--seed",), 2, "--seed"),
    ],
)
def test_bad_input_gets_two_lines_and_its_code(
    words: tuple[str, ...], code: int, said: str, tmp_path: Path
):
    """What, why and what to do; never a traceback."""
    done = supreme("run", "--for", "0.2", *words, "--data-dir", str(tmp_path))

    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3
    assert "Traceback" not in done.stderr


def test_a_journal_of_other_code_is_taken_over_and_left_as_it_is(tmp_path: Path):
    """Replaying it with this code might decide otherwise: it is told, and said to be."""
    assert supreme("run", "--for", "0.2", "--data-dir", str(tmp_path)).returncode == 0
    segment = next((tmp_path / "journal").glob("*.segment"))
    change_code_digest(segment)
    before = segment.read_bytes()

    done = supreme("run", "--for", "0.2", "--data-dir", str(tmp_path))

    assert done.returncode == 0
    assert "other code wrote it" in done.stderr
    assert segment.read_bytes() == before


def change_code_digest(segment: Path) -> None:
    """Make the segment's header say that other code wrote it."""
    from engine.journal.segments import HEADER_SIZE, packed, parsed

    header = parsed(segment.read_bytes()[:HEADER_SIZE])
    assert header is not None
    foreign = header._replace(identity=header.identity._replace(code_digest=b"x" * 32))
    with open(segment, "r+b") as file:
        os.pwrite(file.fileno(), packed(foreign), 0)
