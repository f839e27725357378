"""Where does well end and a warning begin, and a warning end and a failure begin?"""

import time

import pytest

from engine import core as cores
from supreme_cli import box_checks
from supreme_cli.box_checks import core, enough, kernel_clock, synchronised
from supreme_cli.directory_checks import quickness, room
from supreme_cli.doctor import CHECKS, place_of

HERE = place_of("")
MEGABYTE, GIGABYTE = 1 << 20, 10**9


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(0, "fail"), (499_999_999, "fail"), (GIGABYTE // 2, "warning"), (4 * GIGABYTE, "ok")],
)
def test_a_day_of_journal_must_fit(free, verdict):
    """And a week's should."""
    assert room(free).verdict == verdict


@pytest.mark.parametrize(
    ("available", "verdict"),
    [(63 * MEGABYTE, "fail"), (64 * MEGABYTE, "warning"), (256 * MEGABYTE, "ok")],
)
def test_an_engine_must_fit_into_memory(available, verdict):
    """With service and console beside it where all is well."""
    assert enough(available).verdict == verdict


@pytest.mark.parametrize(
    ("took", "verdict", "said"),
    [
        ([0.0001] * 20, "ok", "takes 0.1 ms, 0.1 ms at worst: quick enough"),
        ([0.0001] * 19 + [0.2], "warning", "200 ms at worst: slow"),
        ([0.015] * 20, "warning", "takes 15 ms"),
        ([0.000001] * 20, "warning", "memory, not a disk"),
        ([1.5], "warning", "slow"),
    ],
)
def test_what_a_sync_takes_is_judged_by_its_middle_and_its_worst(took, verdict, said):
    """Each order waits for one."""
    found = quickness(took)

    assert found.verdict == verdict
    assert said in found.what


@pytest.mark.parametrize(
    ("told", "verdict", "said"),
    [
        (None, "warning", "does not tell"),
        ((0x40, 16_000_000), "warning", "nothing synchronises it"),
        ((0x2001, 3_400), "ok", "within 3 ms"),
    ],
)
def test_a_clock_is_trusted_as_far_as_the_kernel_knows(told, verdict, said):
    """Status and largest error come from the kernel, and may be kept from us."""
    found = synchronised(told)

    assert found.verdict == verdict
    assert said in found.what


def test_the_kernel_is_asked_for_real():
    """It answers with a status and an error that cannot be negative, or not at all."""
    told = kernel_clock()

    assert told is None or (told[0] >= 0 and told[1] >= 0)


@pytest.mark.parametrize("now", [0.0, 5e9])
def test_a_clock_of_another_age_fails(now, monkeypatch):
    """A box without a battery wakes in 1970."""
    monkeypatch.setattr(time, "time", lambda: now)

    found = box_checks.clock(HERE)

    assert found.verdict == "fail"
    assert "the clock says" in found.what


def test_a_clock_that_is_being_set_is_a_warning(monkeypatch):
    """Real time jumps while the monotonic clock does not."""
    began, real = time.monotonic(), time.time()
    monkeypatch.setattr(time, "time", lambda: real + 3 * (time.monotonic() - began))

    found = box_checks.clock(HERE)

    assert found.verdict == "warning"
    assert "the clock was moved by +" in found.what


@pytest.mark.parametrize(
    ("built", "verdict", "said"),
    [
        ([], "warning", "not built: the plain functions run"),
        (["core-0123456789abcdef-linux-x86_64.so"], "warning", "built from other sources"),
        ([cores.core_path().name], "fail", "does not load"),
    ],
)
def test_a_core_is_built_of_these_sources_and_loads(tmp_path, monkeypatch, built, verdict, said):
    """Whatever else lies there is told apart, with what to do."""
    for name in built:
        (tmp_path / name).write_bytes(b"no machine code")
    monkeypatch.setattr(cores, "BUILT", tmp_path)

    found = core(HERE)

    assert found.verdict == verdict
    assert said in found.what
    assert found.fix.endswith("make build")


def test_an_installed_core_of_other_sources_fails(tmp_path, monkeypatch):
    """The engine refuses to trade with it: nothing is built where there is no checkout."""
    (tmp_path / "core-0123456789abcdef-linux-x86_64.so").touch()
    monkeypatch.setattr(cores, "BUILT", tmp_path)
    monkeypatch.setattr(box_checks, "CHECKOUT", tmp_path / "pyproject.toml")

    assert core(HERE).verdict == "fail"


def test_what_is_missing_to_build_is_named(tmp_path, monkeypatch):
    """A compiler, numba, or both."""
    monkeypatch.setattr(cores, "BUILT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(box_checks, "find_spec", lambda _name: None)

    fix = core(HERE).fix

    assert fix == "install gcc or clang, .venv/bin/pip install '.[jit]', then: make build"


def test_a_built_core_is_well(native):
    """Here it was built a moment ago."""
    assert core(HERE).verdict == "ok"


def test_every_check_answers_with_a_verdict_and_advice():
    """Only what is well needs none."""
    for name, check in CHECKS:
        found = check(HERE)
        assert (name, bool(found.fix)) == (name, found.verdict != "ok")
