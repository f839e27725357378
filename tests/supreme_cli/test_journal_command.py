"""Does `supreme journal` verify, export, shorten, back up and restore what an engine kept?"""

import csv
import json
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from engine.messages import RECORD_SIZE
from tests.acceptance.running import ROOT, supreme
from tests.engine.journal.building import change, left_open, offset_of, segments_in
from tests.supreme_cli.journaling import SMALL, home, journal, lived, market, run, words_for
from validators.degrade.market import trades_file

__all__ = ["home", "lived", "market"]


def test_a_whole_journal_is_verified_and_replayed(market, home):
    """Record by record, and to the very state that the engine printed."""
    said = journal("verify", "--with-replay", home=home)

    assert said["whole"] is True
    assert said["records"] == said["end"]
    assert [one["fault"] for one in said["snapshots"]] == [""]
    assert said["state_digest"] == run(market, home)["state_digest"]


def test_damage_is_named_with_exit_code_one(home):
    """File, record and sequence, for people and for machines."""
    second = segments_in(home / "journal")[1]
    change(second, offset_of(17) + 30, b"\xfe\xdc")

    said = journal("verify", home=home, code=1)

    assert said["whole"] is False
    assert said["damage"]["file"] == str(second)
    assert (said["damage"]["record"], said["damage"]["sequence"]) == (17, int(second.stem) + 17)
    plain = supreme("journal", "verify", "--data-dir", str(home))
    assert plain.returncode == 1
    assert f"record 17 (sequence {int(second.stem) + 17})" in plain.stderr


def test_a_bad_snapshot_is_told_of(home):
    """It is no damage: no start would use it."""
    (snapshot,) = (home / "snapshots").iterdir()
    raw = bytearray(snapshot.read_bytes())
    raw[5000] ^= 8
    snapshot.write_bytes(raw)

    said = journal("verify", home=home)

    assert said["snapshots"][0]["fault"] == "it is not what was written"


def test_a_snapshot_of_another_state_is_found_by_replay(home):
    """Well written and wrong: only deciding all again can tell."""
    from engine.journal.checkpoints import keep, read

    (snapshot,) = (home / "snapshots").iterdir()
    found = read(snapshot)
    assert found is not None
    keep(home / "journal", found._replace(image=found.image[:-9] + bytes(9)[:8] + b"\1"))

    assert journal("verify", home=home)["snapshots"][0]["fault"] == ""
    said = journal("verify", "--with-replay", home=home, code=1)
    assert "holds another state" in said["damage"]["what"]


def test_it_is_verified_after_any_kill_and_beside_a_running_engine(tmp_path):
    """Exit code 0 each time: nothing that a kill leaves is damage."""
    market = trades_file(tmp_path / "long.records", 6_000)
    words = ["run", "--replay", str(market), "--speed", "300", "--data-dir", str(tmp_path), *SMALL]
    for _ in range(3):
        engine = subprocess.Popen(
            [sys.executable, "-m", "supreme_cli", *words], cwd=ROOT, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while not (tmp_path / "control" / "socket").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        beside = journal("verify", home=tmp_path)
        copied = supreme("journal", "backup", str(tmp_path / "b"), "--data-dir", str(tmp_path))
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        (tmp_path / "control" / "socket").unlink(missing_ok=True)
        after = journal("verify", home=tmp_path)
        assert copied.returncode == 0, copied.stderr
        assert (beside["left_open"], after["left_open"]) == (False, True)
        assert beside["engine"] is not None
        assert after["engine"] is None
        assert after["end"] >= beside["end"] > 0


def test_where_nothing_proves_the_end_that_is_said_with_its_sequence(market, home):
    """Zeros after the last mark look like an end: by verifying, by the next start, in its log."""
    left_open(home / "journal")
    shutil.rmtree(home / "snapshots")
    last = [one for one in segments_in(home / "journal") if one.read_bytes().strip(b"\0")][-1]
    whole = last.read_bytes()
    change(last, offset_of(3), bytes(len(whole) - offset_of(3)))
    end = int(last.stem) + 3
    where = f"it ends at sequence {end:,}, and all before "

    said = journal("verify", home=home)
    plain = supreme("journal", "verify", "--data-dir", str(home))
    started = supreme("run", *words_for(market, home))

    assert (said["left_open"], said["end"], plain.returncode) == (True, end, 0)
    assert 0 < said["proved"] <= end
    assert where in plain.stdout
    assert f"journal: it was not closed: {where}" in started.stderr
    log = (home / "log" / "engine.log").read_text().splitlines()
    told = [line for line in map(json.loads, log) if line["event"] == "JournalNotClosed"]
    assert [(line["end"], line["proved"]) for line in told] == [(end, said["proved"])]
    assert journal("verify", home=home)["left_open"] is False


def test_a_killed_restore_is_told_of(home):
    """Beside the journal's verdict."""
    draft = home / ".restoring-999999999"
    draft.mkdir()

    said = supreme("journal", "verify", "--data-dir", str(home))

    assert said.returncode == 0
    assert f"{draft} is of a restore that was killed" in said.stdout
    assert journal("verify", home=home)["unfinished_restores"] == [str(draft)]


def test_records_are_exported_between_sequences_and_times(home, tmp_path):
    """Decoded lines of JSON or numbers, to a file or stdout, each with its sequence."""
    out = tmp_path / "all.jsonl"
    done = supreme("journal", "export", "--out", str(out), "--data-dir", str(home))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert (done.returncode, done.stdout) == (0, "")
    assert [row["sequence"] for row in rows] == list(range(len(rows)))
    assert {"EngineStarted", "ParameterChanged", "TradeTick", "Heartbeat", "Text"} <= {
        row["kind"] for row in rows
    }

    part = supreme("journal", "export", "--from", "300", "--to", "310", "--output", "csv",
                   "--data-dir", str(home))  # fmt: skip
    table = list(csv.DictReader(part.stdout.splitlines()))
    assert [int(row["sequence"]) for row in table] == list(range(300, 310))
    assert int(table[3]["received_ns"]) == rows[303]["received_ns"]

    timed = supreme("journal", "export", "--from", "2025-01-01T00:10", "--to",
                    "2025-01-01T00:11", "--data-dir", str(home))  # fmt: skip
    found = [json.loads(line) for line in timed.stdout.splitlines()]
    assert [row for row in rows if row["kind"] != "Text" and row in found] == found
    assert 120 <= len(found) <= 400


def test_nonsense_is_refused(home):
    """Usage errors by name, code 2."""
    for words, said in (
        (("export", "--from", "noon"), "--from noon"),
        (("export", "--output", "xml"), "--output xml"),
        (("verify", "--data-dir", str(home / "nowhere")), "no journal"),
    ):
        done = supreme(
            "journal", *words, "--data-dir", words[-1] if "verify" in words else str(home)
        )
        assert done.returncode == 2
        assert said in done.stderr


def test_a_backup_comes_back_and_trades_on(market, home, tmp_path):
    """Verified, with the profile in use; a new home goes on from it to the same state."""
    made = journal("backup", str(tmp_path / "backups"), home=home)
    state = run(market, home)

    back = tmp_path / "back"
    said = journal("restore", str(made["file"]), home=back)

    assert said["end"] == made["end"]
    assert journal("verify", "--with-replay", home=back)["whole"] is True
    assert "segment_bytes = 65536" in (back / "profile.toml").read_text()
    assert supreme("config", "check", str(back / "profile.toml")).returncode == 0
    assert run(market, back)["state_digest"] == state["state_digest"]


def manifest_in(tar: tarfile.TarFile) -> dict[str, Any]:
    """What a backup says of itself."""
    source = tar.extractfile("manifest.json")
    assert source is not None
    said: dict[str, Any] = json.loads(source.read())
    return said


def test_a_backup_holds_no_open_end_and_names_its_files(home, tmp_path):
    """A manifest with digests; no secret, no log, nothing but what recovery needs."""
    made = journal("backup", str(tmp_path / "one.tar"), home=home)

    with tarfile.open(str(made["file"])) as tar:
        names, manifest = tar.getnames(), manifest_in(tar)
    assert made["file"] == str(tmp_path / "one.tar")
    assert set(names) == {*manifest["files"], "manifest.json"}
    assert {name.partition("/")[0] for name in manifest["files"]} == {
        "journal", "snapshots", "profile.toml",
    }  # fmt: skip
    last = manifest["files"][max(name for name in names if "journal/" in name)]
    assert (last["bytes"] - 4096) % RECORD_SIZE == 0
    assert last["bytes"] < 65_536
    assert supreme("journal", "backup", str(made["file"]), "--data-dir", str(home)).returncode == 4


def test_a_spoiled_backup_is_refused(home, tmp_path):
    """One flipped bit, a cut end, another file: nothing is restored of it."""
    made = journal("backup", str(tmp_path / "b.tar"), home=home)
    whole = Path(str(made["file"])).read_bytes()
    for spoiled in (
        whole[:9000] + bytes([whole[9000] ^ 1]) + whole[9001:],
        whole[:50_000],
        b"x" * 2048,
    ):
        (tmp_path / "b.tar").write_bytes(spoiled)
        done = supreme(
            "journal", "restore", str(tmp_path / "b.tar"), "--data-dir", str(tmp_path / "r")
        )
        assert done.returncode == 4, done.stderr
        assert "is no whole backup" in done.stderr
        assert not (tmp_path / "r" / "journal").exists()


def test_a_journal_is_never_overwritten(home, tmp_path):
    """Restoring over one is refused, and a running engine's directory is too."""
    made = journal("backup", str(tmp_path / "b.tar"), home=home)
    before = segments_in(home / "journal")

    said = journal("restore", str(made["file"]), home=home, code=4)

    assert "already" in said["error"]
    assert segments_in(home / "journal") == before


def test_only_so_many_backups_stay(home, tmp_path):
    """The oldest of this journal go, others' stay."""
    folder = tmp_path / "backups"
    folder.mkdir()
    first = Path(str(journal("backup", str(folder), home=home)["file"]))
    stem = "-".join(first.name.split("-")[:2])
    first.rename(folder / f"{stem}-20190101T000000Z.tar")
    for name in (f"{stem}-20200101T000000Z.tar", f"{stem}-20210101T000000Z.tar", "other-1.tar"):
        (folder / name).write_bytes(b"")

    journal("backup", str(folder), "--keep", "2", home=home)

    left = sorted(path.name for path in folder.iterdir())
    assert "other-1.tar" in left
    assert len([name for name in left if name.startswith(stem)]) == 2
    assert not any("-2019" in name or "-2020" in name for name in left)
