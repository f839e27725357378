"""Do machine code and plain Python decide alike, bit for bit, whatever reaches them?"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.core import CompiledCore, PlainCore, core_path, run_history
from engine.messages import RECORD_SIZE, decode
from tests.builders import opening_before, real_bars, with_facts
from tests.conftest import ROOT
from tests.digests import digests
from tests.random_records import Maker

RECORDS = 2_500
COMPARED_EVERY = 100
BARS, BARS_AT_ONCE = 100_000, 10_000
# Symbols, and whether the simulated venue alone reports; eight worlds are 20,000 records.
WORLDS = [
    (1, True), (1, False), (2, True), (4, False), (8, True), (16, False), (64, True), (64, False),
]  # fmt: skip
NO_FMA = "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX,-AVX2,-AVX512F,-AVX512VL"


def differing(native: Any, maker: Maker, count: int) -> str:
    """What the two cores did not do alike in a world of `count` records, or nothing."""
    compiled, plain = CompiledCore(native), PlainCore()
    for record in maker.opening():
        assert with_facts(compiled, record) == with_facts(plain, record)
    for number in range(1, count + 1):
        record = maker.record(compiled)
        if with_facts(compiled, record) != with_facts(plain, record):
            return f"record {number}: {decode(record)} caused different records"
        if number % COMPARED_EVERY == 0 and compiled.image() != plain.image():
            return f"the state differs after record {number}: {decode(record)}"
    return ""


@pytest.mark.parametrize(("symbols", "honest"), WORLDS)
def test_random_records_lead_both_to_the_same_state(native, symbols, honest):
    """Records of every kind, true, false, extreme and repeated: equal bytes, equal answers."""
    maker = Maker(symbols + honest, symbols, honest=honest)

    assert differing(native, maker, RECORDS) == ""


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
def test_many_more_random_records_lead_both_to_the_same_state(native, seed):
    """As above, with 200,000 records of other seeds."""
    symbols, honest = WORLDS[seed % len(WORLDS)]

    assert differing(native, Maker(seed, symbols, honest=honest), 2 * RECORDS) == ""


def test_real_bars_lead_both_to_the_same_state(native, shared):
    """100,000 real minutes: the same commands, fills and denials, and the same bytes of state."""
    records = real_bars(shared)[: BARS * RECORD_SIZE]
    compiled, plain = CompiledCore(native), PlainCore()
    for record in opening_before(records, "run.heartbeat_ns=60000000000"):
        assert with_facts(compiled, record) == with_facts(plain, record)

    for at in range(0, len(records), BARS_AT_ONCE * RECORD_SIZE):
        chunk = records[at : at + BARS_AT_ONCE * RECORD_SIZE]
        caused = b"".join(run_history(compiled, chunk))

        assert caused == b"".join(run_history(plain, chunk))
        assert compiled.image() == plain.image()
    assert compiled.state.orders.submitted > 1_000


def test_a_processor_without_fused_multiplication_reaches_the_same_state(native, shared, tmp_path):
    """A journal moves between machines: the digests hold with FMA and AVX masked."""
    bars = real_bars(shared)
    records = b"".join(opening_before(bars, "run.heartbeat_ns=60000000000")) + bars
    file = tmp_path / "records"
    file.write_bytes(records)

    told = on_lesser_processor(file)

    assert told == digests(records)


def on_lesser_processor(file: Path) -> list[str]:
    """The digests as a process reaches them whose C library finds no FMA and no AVX."""
    command = [sys.executable, "-m", "tests.digests", str(file)]
    environment = {**os.environ, "GLIBC_TUNABLES": NO_FMA}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_built_core_never_fuses_a_multiplication_with_an_addition(native: Any):
    """A fused step rounds once instead of twice: other bits on a machine that has none."""
    objdump = shutil.which("objdump")
    if objdump is None:
        pytest.skip("needs objdump (binutils) to read the built core")

    listed = subprocess.run(
        [objdump, "-d", core_path()], capture_output=True, text=True, check=True
    ).stdout

    assert "mulsd" in listed or "fmul" in listed
    assert not [line for line in listed.splitlines() if "vfm" in line or "fmadd" in line]
