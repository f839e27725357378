"""Does the command line answer quickly, and say how it ended in its exit code?"""

import json
import os
import resource
import signal
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from supreme_cli.__main__ import BOOT, ROOT, engine_command
from supreme_cli.commands import COMMANDS, VERSION

# A command that ends in every way there is; its row is added as any other would be.
PROBE = """
import os, sys, time, typer
from engine.errors import Refused
app = typer.Typer()
@app.command()
def end(how: str, number: int = 0, json: bool = False):
    if how == "refuse":
        raise Refused("The file a.csv is missing.", "Name one that exists.", number or 2)
    if how == "exit":
        raise typer.Exit(number)
    if how == "crash":
        raise ZeroDivisionError("by nothing\\nat all")
    if how == "missing":
        open("/nonexistent/a.csv")
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "shout":
        print("line\\n" * 100_000)
    if how == "wait":
        try:
            print("ready", flush=True)
            time.sleep(60)
        finally:
            print("unwound", flush=True)
    return number
"""
WITH_PROBE = """
import sys
from supreme_cli.commands import COMMANDS, Command
from supreme_cli.__main__ import main
COMMANDS["probe"] = Command("look", "ends as asked", "probe")
sys.exit(main())
"""
HEAVY = {"argparse", "click", "numpy", "pydantic", "rich", "textual", "typer", "numba", "json"}


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command line with one more row: a command that ends as it is told."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "probe.py").write_text(PROBE)
    paths = f"import sys; sys.path[:0] = [{ROOT!r}, {str(tmp_path)!r}]\n"
    return [sys.executable, "-c", paths + WITH_PROBE, "probe"]


def supreme(*argv: str) -> list[str]:
    """The program as a user starts it."""
    return [sys.executable, "-m", "supreme_cli", *argv]


def spawned(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """The finished program, with what it printed."""
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def cpu_seconds(command: Sequence[str]) -> float:
    """Processor time of one run of a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("argv", [(), ("--help",), ("-h",)])
def test_help_names_every_command(argv):
    """A newcomer who types the bare name sees all that can be typed next."""
    done = spawned(supreme(*argv))

    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)
    assert done.stderr == ""


def test_version_is_the_packages():
    """One place holds the version; the package and the program read it."""
    project = tomllib.loads(Path(ROOT, "pyproject.toml").read_text())

    done = spawned(supreme("--version"))

    assert done.stdout == f"supreme {VERSION}\n"
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"].endswith("commands.VERSION")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_first_pass_imports_nothing_heavy(option):
    """Help and version come from a table: no parser, no printer, no numbers."""
    asked = f"import sys; sys.argv = ['supreme', {option!r}]\n"
    listed = "from supreme_cli.__main__ import main\nmain()\nprint(*sys.modules, file=sys.stderr)"

    done = spawned([sys.executable, "-I", "-c", f"{asked}sys.path.insert(0, {ROOT!r})\n{listed}"])

    assert HEAVY.isdisjoint(done.stderr.split())


def test_help_starts_in_twice_the_time_of_bare_python():
    """Processor time, the least of several interleaved runs: what else runs here does not count."""
    bare, ours = [], []
    for _ in range(9):
        bare.append(cpu_seconds([sys.executable, "-c", "pass"]))
        ours.append(cpu_seconds(supreme("--help")))

    assert min(ours) <= 2 * min(bare)


def test_unknown_command_names_the_nearest():
    """A slip of the finger is answered with the word that was meant."""
    done = spawned(supreme("bakctest", "--json"))

    assert done.returncode == 2
    assert "Did you mean `supreme backtest`?" in done.stderr
    assert json.loads(done.stdout)["code"] == 2


def test_every_row_has_its_module():
    """A command in the table can be asked for help."""
    for name in COMMANDS:
        done = spawned(supreme(name, "--help"))
        assert (name, done.returncode, done.stderr) == (name, 0, "")
        assert "usage" in done.stdout.lower()


def test_the_engine_is_started_bare():
    """`run` becomes a Python without site, environment and typer, and passes its words on."""
    command = engine_command(["--replay", "a b.rec"])

    assert command[:4] == [sys.executable, "-I", "-S", "-c"]
    assert command[5:] == ["--replay", "a b.rec"]
    assert repr(ROOT) in command[4]
    compile(BOOT.format(paths=[ROOT], module="engine.runtime"), "boot", "exec")


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["done"], 0),
        (["done", "--number", "1"], 1),  # returned, not raised: typer alone would exit 0
        (["exit", "--number", "4"], 4),
        (["refuse"], 2),
        (["refuse", "--number", "3"], 3),
        (["refuse", "--number", "5"], 5),
        (["missing"], 2),
        (["crash"], 70),
        (["interrupt"], 130),
        (["done", "--unknown"], 2),
        (["done", "--number", "many"], 2),
        ([], 2),
    ],
)
def test_every_end_has_its_code_and_at_most_two_lines(probe, argv, code):
    """The exit code is the verdict, and no traceback reaches a screen."""
    done = spawned([*probe, *argv])

    assert done.returncode == code
    assert len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("how", ["refuse", "crash", "missing"])
def test_failures_are_json_when_json_was_asked(probe, how):
    """A program that reads our stdout parses it after a failure too."""
    done = spawned([*probe, how, "--json"])

    said = json.loads(done.stdout)
    assert set(said) == {"error", "fix", "code"}
    assert said["code"] == done.returncode


def test_a_bug_leaves_its_traceback_in_a_file(probe):
    """One line on the screen, the rest where it can be sent from."""
    done = spawned([*probe, "crash"])

    report = Path(done.stderr.rpartition("details in ")[2].rstrip(")\n"))
    assert "ZeroDivisionError" in report.read_text()


def test_sigterm_unwinds_and_ends_with_143(probe):
    """What was begun is cleaned up before the program goes."""
    with subprocess.Popen([*probe, "wait"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGTERM)
        rest = running.stdout.read()

    assert rest == "unwound\n"
    assert running.returncode == 143


def test_a_reader_who_leaves_is_no_error(probe):
    """`supreme ... | head -1` says nothing on stderr."""
    with subprocess.Popen(
        [*probe, "shout"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        complaint = running.stderr.read()

    assert complaint == b""
    assert running.returncode == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said_in_two_lines():
    """Output that cannot be written is the user's to know, not ours to crash on."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            supreme("--help"), cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
