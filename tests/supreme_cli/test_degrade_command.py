"""Does `supreme degrade` tell what it tries, what held, and say so in its exit code?"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from supreme_cli.verdicts import Case, columns, junit, markdown
from tests.acceptance.running import supreme
from validators.degrade import disk
from validators.degrade.table import SCENARIOS

# A disk that only says that it syncs: the engine acknowledges what no sync was asked for.
LIES = "int fdatasync(int file) { (void)file; return 0; }"


def test_the_list_names_each_with_its_promise_and_whether_it_runs_here():
    """In JSON and as a table; nothing is run."""
    found = json.loads(supreme("degrade", "--list", "--json").stdout)
    table = supreme("degrade", "--list").stdout.splitlines()

    assert found["schema_version"] == 1
    assert [row["scenario"] for row in found["scenarios"]] == [one.name for one in SCENARIOS]
    assert all(row["fault"] and row["promise"] for row in found["scenarios"])
    assert [line.split()[0] for line in table[1:]] == [one.name for one in SCENARIOS]


def test_a_scenario_that_holds_is_exit_0_and_leaves_nothing(native: object, tmp_path: Path):
    """Its figures are told, and its scratch directory is gone."""
    done = supreme("degrade", "--scenario", "exchange-simulated", "--json", TMPDIR=str(tmp_path))

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["command"], found["verdict"]) == ("degrade", "held")
    (row,) = found["scenarios"]
    assert (row["scenario"], row["verdict"], row["why"]) == ("exchange-simulated", "held", "")
    assert row["figures"]["unknown"] > 0
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_had_is_skipped_with_its_reason(tmp_path: Path):
    """No strace on the path: neither held nor broken, exit code 0."""
    words = ("degrade", "--scenario", "disk-slow", "--scenario", "disk-fails")
    told = supreme(*words, PATH=str(tmp_path))
    suite = ET.fromstring(supreme(*words, "--output", "junit", PATH=str(tmp_path)).stdout)

    assert told.returncode == 0, told.stderr
    assert "needs strace" in told.stdout
    assert told.stdout.splitlines()[-1].startswith("2 skipped")
    assert (suite.get("tests"), suite.get("skipped"), suite.get("failures")) == ("2", "2", "0")


def test_an_engine_that_breaks_its_promise_is_exit_1(native: object, tmp_path: Path):
    """On a disk that only pretends to sync, a real engine acknowledges what is not durable."""
    if why := disk.untraceable() or ("" if shutil.which("cc") else "needs a C compiler (cc)"):
        pytest.skip(why)
    built = tmp_path / "lies.so"
    words = ["cc", "-shared", "-fPIC", "-x", "c", "-o", str(built), "-"]
    subprocess.run(words, input=LIES, text=True, check=True)

    done = supreme(
        "degrade", "--scenario", "disk-fails", "--output", "markdown", LD_PRELOAD=str(built)
    )

    assert done.returncode == 1, done.stderr
    assert "| disk-fails | broken |" in done.stdout
    assert "it acknowledged what it could not sync" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 broken")


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        (("--scenario", "disk-ful"), "no scenario disk-ful", "disk-full"),
        (("--output", "pdf"), "--output pdf is unknown", "junit"),
        (("--list", "--output", "junit"), "--list has no verdicts", "--json"),
    ],
)
def test_what_is_wrong_is_said_in_two_lines(words: tuple[str, ...], what: str, fix: str):
    """Exit code 2, and what would be right."""
    done = supreme("degrade", *words)

    said = done.stderr.strip().splitlines()
    assert (done.returncode, len(said)) == (2, 2)
    assert what in said[0]
    assert fix in said[1]


def test_junit_counts_and_keeps_every_word():
    """Also words that XML has other uses for."""
    cases = [
        Case("fine", False, False, "", 1.5),
        Case("bad", True, False, 'a < b & "c"', 0.5),
        Case("absent", False, True, "needs a wand", 0.0),
    ]

    suite = ET.fromstring(junit("some.suite", cases))

    counted = [suite.get(name) for name in ("name", "tests", "failures", "skipped", "time")]
    assert counted == ["some.suite", "3", "1", "1", "2.000"]
    assert [one.get("name") for one in suite] == ["fine", "bad", "absent"]
    found = [(one.tag, one.get("message")) for case in suite for one in case]
    assert found == [("failure", 'a < b & "c"'), ("skipped", "needs a wand")]


def test_tables_stay_tables_whatever_their_cells_say():
    """A bar or a line's end in a cell is no border of it."""
    assert markdown(["A", "B"], [["a|b", "c\nd"]]).splitlines() == [
        "| A | B |", "| --- | --- |", "| a\\|b | c d |",
    ]  # fmt: skip
    assert columns(["A", "LONGER"], [["wide", "x"]]) == "A     LONGER\nwide  x"
