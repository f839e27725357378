"""Does `supreme journal compact` remove only what a snapshot replaces, and only when told to?"""

import shutil
import subprocess
import sys

import pytest

from tests.acceptance.running import ROOT, supreme
from tests.engine.journal.building import segments_in
from tests.supreme_cli.journaling import SMALL, home, journal, lived, market, run
from validators.degrade.market import trades_file

__all__ = ["home", "lived", "market"]


def test_compaction_removes_what_a_snapshot_replaces(market, home):
    """A dry run changes nothing; then the oldest files are gone and the state is the same."""
    files = segments_in(home / "journal")
    kept = journal("compact", "--keep-days", "0", "--yes", home=home)
    assert (kept["removed_files"], segments_in(home / "journal")) == (0, files)
    dry = journal("compact", "--erase-before", "2000", "--dry-run", home=home)
    assert (dry["removed_files"], segments_in(home / "journal")) == (2, files)

    said = journal("compact", "--erase-before", "2000", "--yes", home=home)

    assert [path.name for path in segments_in(home / "journal")] == [
        path.name for path in files[2:]
    ]
    assert said["first"] == int(files[2].stem)
    assert journal("verify", "--with-replay", home=home)["first"] == said["first"]
    assert run(market, home)["state_digest"]
    made = journal("backup", str(home / "b.tar"), home=home)
    assert (
        journal("restore", str(made["file"]), home=home.parent / "back")["first"] == said["first"]
    )


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_compaction_asks_before_it_removes(home, answer):
    """Without a yes nothing goes."""
    files = segments_in(home / "journal")
    done = subprocess.run(
        [sys.executable, "-m", "supreme_cli", "journal", "compact", "--erase-before", "2000",
         "--data-dir", str(home)],
        cwd=ROOT, input=answer, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 4
    assert "nothing was removed" in done.stderr
    assert segments_in(home / "journal") == files


def test_a_gap_that_no_snapshot_covers_is_refused(market, home):
    """Files taken away by hand are a loss, told by their name."""
    files = segments_in(home / "journal")
    journal("compact", "--erase-before", "2000", "--yes", home=home)
    shutil.rmtree(home / "snapshots")

    said = journal("verify", home=home, code=1)
    done = supreme(
        "run", "--replay", str(market), "--data-dir", str(home), "--speed", "max", *SMALL
    )

    assert f"{files[0].name} is missing" in said["damage"]["what"]
    assert done.returncode == 4
    assert f"{files[0].name} is missing" in done.stderr


def test_a_journal_of_a_real_market_is_compacted_too(tmp_path):
    """Its snapshot is one that the next start goes on from."""
    real = trades_file(tmp_path / "real.records", 600, simulated=False)
    run(real, tmp_path / "home")
    shutil.rmtree(tmp_path / "home" / "snapshots")

    journal("compact", "--keep-days", "1", "--yes", home=tmp_path / "home")
    words = ("--replay", str(real), "--speed", "max", "--data-dir", str(tmp_path / "home"))
    again = supreme("run", *words, *SMALL)

    assert again.returncode == 0, again.stderr
    assert "records after the snapshot at" in again.stderr
