"""Does every state that a power cut can leave on the disk come back whole, and would we notice?"""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.acceptance.running import ROOT
from tests.validators.mutated import loaded
from validators.crash.explorer import explore, traced_life
from validators.crash.power import Disk
from validators.crash.tracing import hindrance
from validators.degrade.market import trades_file

SMALL = (
    *("--set", "journal.segment_bytes=65536"),
    *("--set", "journal.reserved_bytes=0"),
    *("--set", "run.heartbeat_ns=30000000000"),
)
CHECKED = "if (record[4] == 0 || memcmp(record, &check, 4) != 0)"
SYNCED_FIRST = """        if ((failure = commit(journal, at, to)))
            break;
"""
ACKNOWLEDGED = """        atomic_store(&journal->durable, to);
        tell(journal);
"""
ENDS = "(at + 2 * RECORD > records.len || record[RECORD + 4] == 0)"
# mutant -> file, what stands there, what stands there instead
MUTANTS = {
    "no sync": ("writer.h", "return fdatasync(current->fd) ? errno : 0;", "return 0;"),
    "acknowledged before the sync": (
        "writer.h",
        SYNCED_FIRST + ACKNOWLEDGED,
        ACKNOWLEDGED + SYNCED_FIRST,
    ),
    "checksum ignored": ("native.c", CHECKED, "(void)check;\n        if (record[4] == 0)"),
    "torn tail accepted": ("native.c", CHECKED, f"{CHECKED[:-1]} && !{ENDS})"),
}


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """What an engine runs on: two simulated hours, some five segments of journal."""
    if hindrance():
        pytest.skip(hindrance())
    market = trades_file(tmp_path_factory.mktemp("market") / "eth.records", 3_600)
    return ["--replay", str(market), "--speed", "max", *SMALL]


@pytest.fixture(scope="module")
def life(words, native, tmp_path_factory):
    """One engine, killed twice before it lived to its end."""
    return traced_life(tmp_path_factory.mktemp("life"), words, 1)


def mutant(name: str, folder: Path) -> Path:
    """The journal's functions with one thing wrong, compiled beside the product."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler (cc)")
    file, right, wrong = MUTANTS[name]
    sources = shutil.copytree(ROOT / "engine" / "journal", folder / "journal")
    source = (sources / file).read_text()
    assert source.count(right) == 1
    (sources / file).write_text(source.replace(right, wrong))
    built = folder / "journal_native.so"
    flags = ("-O2", "-shared", "-fPIC", "-DSTANDALONE")
    subprocess.run([compiler, *flags, "-o", built, sources / "native.c", "-lpthread"], check=True)
    return built


def test_the_rebuilt_disk_holds_what_the_real_one_does(life):
    """Every call was seen and understood: without a power cut, the same files, byte for byte."""
    now = Disk()
    for step in life.steps:
        now.take(step)

    journal = Path(life.place) / "journal"
    real = {str(path): path.read_bytes() for path in journal.iterdir()}
    rebuilt = {path: bytes(node.seen) for path, node in now.seen.items() if node}
    assert {path: raw for path, raw in rebuilt.items() if path.startswith(str(journal))} == real


def test_a_power_cut_loses_nothing_acknowledged(life, native):
    """Any part of what was not synced, kept or lost: a whole beginning, all acknowledged in it."""
    found = explore(life, native, 400, Random(1))

    assert found.problems == []
    assert found.ends["an unfinished write cut"] > 0


@pytest.mark.long
def test_a_hundred_thousand_power_cuts_lose_nothing(words, native, memory, capsys):
    """The same over twenty engines; the counts are told."""
    states: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    for seed in range(20):
        life = traced_life(memory / str(seed), words, seed)
        found = explore(life, native, 5_000, Random(seed))
        assert found.problems == [], f"seed {seed}"
        states, ends = states + found.states, ends + found.ends

    with capsys.disabled():
        print(f"\n{states.total()} states after power cuts: {dict(states)}, {dict(ends)}")
    assert states.total() == 100_000


@pytest.mark.parametrize("name", ["no sync", "acknowledged before the sync"])
def test_a_writer_that_is_not_honest_is_found(words, native, tmp_path, name):
    """kill -9 would never notice: the page cache outlives a process."""
    launcher = [sys.executable, "-m", "tests.validators.mutated", str(mutant(name, tmp_path))]
    found = explore(
        traced_life(tmp_path / "home", words, 1, launcher=launcher), native, 200, Random(1)
    )

    assert found.ends["acknowledged records are lost"] > 0


@pytest.mark.parametrize("name", ["checksum ignored", "torn tail accepted"])
def test_a_reader_that_is_not_honest_is_found(life, tmp_path, name):
    """What it takes for a record was never written."""
    found = explore(life, loaded(str(mutant(name, tmp_path))), 400, Random(1))

    assert found.ends["what was found is not what was written"] > 0
