"""Does `supreme data` do what it says, and end as it should?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.market.history import open_history
from supreme_cli.data import needs_numpy
from tests.engine.market.klines import HEADER, PRICES, kline, klines, written

ROOT = Path(__file__).resolve().parents[2]
NAME = "ETHUSDT-1m_2022-08-14_2022-08-14.records"


class Shell:
    """The command line in a directory of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`supreme data` with these words."""
        env = os.environ | {"SUPREME_DATA_DIR": str(self.home), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "supreme_cli", "data", *words]
        return subprocess.run(command, capture_output=True, text=True, env=env, check=False)

    def json(self, *words: str) -> list[dict]:
        """What it prints with --json, of a run that ended well."""
        ended = self.run(*words, "--json")
        assert ended.returncode == 0, ended.stderr
        printed = json.loads(ended.stdout)
        assert printed["schema"] == "supreme.data/1"
        files: list[dict] = printed["files"]
        return files


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell whose data directory is empty."""
    return Shell(tmp_path / "home")


@pytest.fixture
def minutes(tmp_path: Path) -> str:
    """Ten minutes, as Binance packs them."""
    return written(tmp_path, "ETHUSDT-1m-2022-08-14.zip", klines(10))


def test_import_writes_a_record_file_and_tells_where(shell, minutes):
    """On success nothing is said on stderr."""
    ended = shell.run("import", minutes)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "ETHUSDT 1m: 10 bars, 2022-08-14T00:00:00Z to 2022-08-14T00:09:00Z" in ended.stdout
    assert f"written to {shell.home}/records/{NAME}" in ended.stdout
    assert open_history(shell.home / "records" / NAME).name == "ETHUSDT"


def test_what_was_mended_is_told(shell, tmp_path):
    """Each kind of repair has a line, and each gap."""
    lines = klines(9)
    mixed = [lines[1], lines[0], lines[1], *lines[5:]]

    ended = shell.run("import", written(tmp_path, "ETHUSDT-1m.csv", mixed), "--drop-last")

    assert ended.stdout.splitlines()[2:-1] == [
        "  1 gap: 3 bars missing after 2022-08-14T00:01:00Z +3",
        "  1 row put back in order",
        "  1 row dropped: it stood there already",
        "  1 bar dropped: still open when downloaded",
    ]


def test_json_has_the_whole_report(shell, tmp_path):
    """What programs read does not depend on wording."""
    strange = kline(3, ("1983.55", "2500.00", "1982.14", "2400.00", "0"))
    lines = [HEADER, *klines(3), strange]

    (row,) = shell.json("import", written(tmp_path, "ETHUSDT-1m.csv", lines))

    assert (row["symbol"], row["kind"], row["interval"]) == ("ETHUSDT-PERP", "bars", "1m")
    assert (row["rows"], row["tick"], row["lot"], row["missing"]) == (4, "0.01", "0.001", 0)
    assert row["jumps"] == [{"at": "2022-08-14T00:03:00Z", "fraction": 0.2107}]
    assert row["without_volume"] == 1
    assert row["repairs"] == {"sorted": 0, "repeated": 0, "still_open": 0}
    assert [os.path.basename(source) for source in row["sources"]] == ["ETHUSDT-1m.csv"]


def test_import_takes_a_file_name(shell, minutes, tmp_path):
    """--out names the one record file, in a directory made for it."""
    target = tmp_path / "deep" / "eth.records"

    assert shell.run("import", minutes, "--out", str(target)).returncode == 0
    assert open_history(target).name == "ETHUSDT"


def test_out_cannot_name_two_files(shell, minutes, tmp_path):
    """Two symbols are two files."""
    other = written(tmp_path, "BTCUSDT-1m.csv", klines(3))

    ended = shell.run("import", minutes, other, "--out", str(tmp_path / "both.records"))

    assert ended.returncode == 2
    assert "--out names one file, and these are 2" in ended.stderr


def test_an_existing_file_is_replaced_only_by_force(shell, minutes):
    """Refused with 4, and left as it was."""
    shell.run("import", minutes)
    before = (shell.home / "records" / NAME).read_bytes()

    ended = shell.run("import", minutes, "--drop-last")

    assert ended.returncode == 4
    assert "exists already" in ended.stderr
    assert (shell.home / "records" / NAME).read_bytes() == before
    assert shell.run("import", minutes, "--drop-last", "--force").returncode == 0


def test_the_source_is_never_overwritten(shell, minutes):
    """Not even by force."""
    before = Path(minutes).read_bytes()

    ended = shell.run("import", minutes, "--out", minutes, "--force")

    assert ended.returncode == 2
    assert "is itself imported" in ended.stderr
    assert Path(minutes).read_bytes() == before


def test_a_dry_run_writes_nothing(shell, minutes):
    """All is checked and told."""
    ended = shell.run("import", minutes, "--dry-run")

    assert ended.returncode == 0
    assert "would be written to" in ended.stdout
    assert not shell.home.exists()


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        ("ETHUSDT-1m.csv", [*klines(2), kline(2) + ",1"], "ETHUSDT-1m.csv, line 3: has 13 fields"),
        ("ETHUSDT-1m.csv", ["hello"], "line 1: 'hello' is neither a header nor a row"),
        ("ETHUSDT-1m.csv", [kline(0), kline(0, ("1",) * 5)], "line 2 contradicts"),
        (
            "ETHUSDT-1m.csv",
            [kline(0), kline(1, ("2", "1", "1", "1", "1"))],
            "line 2: the open lies",
        ),
        ("ETHUSDT-1m.csv", [kline(0), kline(1, (*PRICES[:3], "1982.295", "1"))], "no multiple of"),
        ("prices.csv", klines(2), "tells no symbol"),
        ("ABCUSDT-1m.csv", klines(2), "no instrument 'ABCUSDT'"),
        ("BTCUSD_PERP-1m.csv", klines(2), "COIN-M"),
    ],
)
def test_bad_input_is_refused_in_two_lines(shell, tmp_path, name, lines, said):
    """Exit code 2, what and why and what to do, nothing written."""
    ended = shell.run("import", written(tmp_path, name, lines))

    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 2
    assert ended.stdout == ""
    assert not shell.home.exists()


def test_a_missing_file_is_refused(shell):
    """Exit code 2."""
    ended = shell.run("import", "nowhere.csv")

    assert ended.returncode == 2
    assert "nowhere.csv cannot be read" in ended.stderr


def test_a_record_file_is_not_imported_again(shell, minutes):
    """It is told what to do with it instead."""
    shell.run("import", minutes)

    ended = shell.run("import", str(shell.home / "records" / NAME))

    assert ended.returncode == 2
    assert "is a record file already" in ended.stderr
    assert len(ended.stderr.splitlines()) == 2


def test_out_must_be_a_file(shell, minutes, tmp_path):
    """A directory is told from a file that exists, also by force and on a dry run."""
    for word in ("--force", "--dry-run"):
        ended = shell.run("import", minutes, "--out", str(tmp_path), word)

        assert ended.returncode == 2
        assert f"{tmp_path} is a directory" in ended.stderr
        assert "Choose a file" in ended.stderr


@pytest.mark.parametrize("words", [["-h"], ["import", "-h"], ["list", "-h"], ["check", "-h"]])
def test_help_has_a_short_name(shell, words):
    """The same as --help, for the group and its verbs."""
    ended = shell.run(*words)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Usage: supreme data" in ended.stdout


def test_without_numpy_the_extra_is_named(monkeypatch):
    """The engine does without it, its reports do not."""
    monkeypatch.setitem(sys.modules, "numpy", None)

    with pytest.raises(Refused, match="needs numpy") as refused:
        needs_numpy()

    assert ".[report]" in refused.value.fix


def test_own_instruments_are_used(shell, tmp_path):
    """A symbol that is not shipped, or a tick that changed."""
    shipped = (ROOT / "engine" / "instruments.toml").read_text()
    mine = tmp_path / "mine.toml"
    mine.write_text(shipped.replace("[ETHUSDT]", "[ABCUSDT]"))
    path = written(tmp_path, "ABCUSDT-1m.csv", klines(2))

    (row,) = shell.json("import", path, "--instruments", str(mine))

    assert row["symbol"] == "ABCUSDT"


def test_list_shows_what_there_is(shell, minutes):
    """One line a file under a heading, damaged ones too."""
    assert "There are no record files" in shell.run("list").stderr
    shell.run("import", minutes)
    (shell.home / "records" / "z.records").write_bytes(b"nonsense")

    ended = shell.run("list")

    heading, eth, damaged = ended.stdout.splitlines()
    assert heading.split() == ["FILE", "SYMBOL", "SERIES", "FROM", "TO", "ROWS", "MISSING", "LABEL"]
    assert eth.split()[:3] == [NAME, "ETHUSDT", "1m"]
    assert damaged.split()[:2] == ["z.records", "DAMAGED"]


def test_list_has_json(shell, minutes):
    """Also of an empty directory."""
    assert shell.json("list") == []
    shell.run("import", minutes)

    (row,) = shell.json("list")

    assert (row["symbol"], row["rows"], row["label"], row["fault"]) == ("ETHUSDT", 10, "", "")


def test_check_says_ok(shell, minutes):
    """Exit code 0, and the gaps again."""
    shell.run("import", minutes)

    ended = shell.run("check", str(shell.home / "records" / NAME))

    assert ended.returncode == 0
    assert ended.stdout.startswith("ok ")
    assert "no gaps" in ended.stdout


def test_check_finds_a_changed_byte(shell, minutes):
    """Exit code 1: the file is ours, but not as it was written."""
    shell.run("import", minutes)
    path = shell.home / "records" / NAME
    raw = bytearray(path.read_bytes())
    raw[-10] ^= 1
    path.write_bytes(raw)

    ended = shell.run("check", str(path))
    as_json = shell.run("check", str(path), "--json")

    assert (ended.returncode, as_json.returncode) == (1, 1)
    assert ended.stdout.startswith("DAMAGED ")
    assert "is not what was written" in json.loads(as_json.stdout)["files"][0]["fault"]


def test_check_knows_what_is_no_record_file(shell, minutes):
    """Exit code 2 for a missing file and for another kind of file."""
    assert shell.run("check", "nowhere.records").returncode == 2
    assert shell.run("check", minutes).returncode == 2
    assert "is not a record file" in shell.run("check", minutes).stderr


def test_the_group_alone_shows_its_commands(shell):
    """Exit code 2, as for any usage that is not complete."""
    ended = shell.run()

    assert ended.returncode == 2
    assert all(word in ended.stderr for word in ("import", "list", "check"))
