"""Does pressing Tab offer what may be typed, in every shell, at once and without a program?"""

import os
import pty
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from engine.options import OPTIONS
from engine.profile import ALL_KEYS, shipped
from supreme_cli.commands import COMMANDS
from supreme_cli.completion import grammar
from supreme_cli.terminal import app_of
from tests.acceptance.running import supreme
from tests.supreme_cli.terminals import everything_of

SECONDS_MAX = 0.1
KEYS_OF_RISK = [f"{key}=" for key in ALL_KEYS if key.startswith("risk.")]
# What is typed so far, and what may stand in place of its last word.
OFFERED = [
    (["supreme", ""], [*COMMANDS]),
    (["supreme", "b"], ["breaker", "backtest"]),
    (["supreme", "--"], ["--help", "--version"]),
    (["supreme", "data", ""], ["simulate", "record", "relay", "import", "list", "check"]),
    (["supreme", "data", "import", "--dr"], ["--drop-last", "--dry-run"]),
    (["supreme", "run", "--"], [*(f"--{name}" for name in OPTIONS), "--help"]),
    (["supreme", "run", "--profile", ""], shipped()),
    (["supreme", "backtest", "--profile", "s"], ["scalping", "small-box"]),
    (["supreme", "config", "show", "--profile", "pa"], ["paper"]),
    (["supreme", "config", "check", "con"], ["conservative"]),
    (["supreme", "run", "--set", "risk."], KEYS_OF_RISK),
    (["supreme", "run", "--log-level", "d"], ["debug"]),
    (["supreme", "run", "--symbol", "SOL"], ["SOLUSDT", "SOLUSDT-PERP"]),
    (["supreme", "run", "--for", ""], []),
    (["supreme", "completion", ""], ["bash", "zsh", "fish"]),
    (["supreme", "moon", ""], []),
]


def ids(row: object) -> str | None:
    """A row by the words that were typed."""
    return " ".join(row) if isinstance(row, list) and "supreme" in row[:1] else None


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three scripts as users print them."""
    folder = tmp_path_factory.mktemp("scripts")
    for shell in ("bash", "zsh", "fish"):
        done = supreme("completion", shell)
        assert (done.returncode, done.stderr) == (0, "")
        (folder / f"supreme.{shell}").write_text(done.stdout)
    return folder


def needed(shell: str) -> str:
    """Where a shell is; the test says so when it is nowhere."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"needs {shell} on this machine")
    return found


def bash_offers(script: Path, words: list[str]) -> list[str]:
    """What bash is told to offer; with an empty PATH, so that nothing can be started."""
    typed = " ".join(f"'{word}'" for word in words)
    asked = (
        f"source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _supreme; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = [needed("bash"), "--norc", "-c", asked]
    done = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(("words", "offered"), OFFERED, ids=ids)
def test_bash_offers_what_may_come_next(scripts: Path, words: list[str], offered: list[str]):
    """Verbs, their options, and values out of tables."""
    assert bash_offers(scripts / "supreme.bash", words) == offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["supreme", "run", "--profile", "=", "sm"], ["small-box"]),
        (["supreme", "run", "--profile", "="], shipped()),
        (["supreme", "run", "--set", "strategy.agent", "=", ""], ["vote", "ema_cross"]),
        (["supreme", "run", "--set", "orders.entry", "=", "l"], ["limit"]),
    ],
)
def test_bash_sees_through_its_own_cutting_at_equals_signs(scripts: Path, words, offered):
    """`--profile=sm` reaches a script as three words."""
    assert bash_offers(scripts / "supreme.bash", words) == offered


def test_bash_completes_files_where_files_belong(scripts: Path, tmp_path: Path):
    """On a real terminal: the name is finished, and a lone profile has its blank after it."""
    (tmp_path / "ETHUSDT 1m.records").touch()
    (tmp_path / "runs").mkdir()
    lines = ["supreme run --replay ETH\t\n", "supreme backtest --profile sm\t--json\n",
             "supreme replay ru\t\n", "supreme run --set risk.pos\t0.1\n"]  # fmt: skip

    shown = on_terminal(scripts / "supreme.bash", tmp_path, lines)

    assert shown == [
        ["run", "--replay", "ETHUSDT 1m.records"],
        ["backtest", "--profile", "small-box", "--json"],
        ["replay", "runs/"],
        ["run", "--set", "risk.position_max=0.1"],
    ]


def on_terminal(script: Path, folder: Path, lines: list[str]) -> list[list[str]]:
    """The words that `supreme` would be given by lines typed into a bash of its own."""
    typed = folder.parent / f"{folder.name}-typed"
    spied = f'supreme() {{ printf "%s\\t" "$@" >> {typed}; printf "\\n" >> {typed}; }}\n'
    leader, follower = pty.openpty()
    command = [needed("bash"), "--norc", "--noprofile", "-i"]
    env = {"PATH": os.environ["PATH"], "TERM": "xterm", "INPUTRC": "/dev/null", "HISTFILE": ""}
    with subprocess.Popen(
        command, cwd=folder, env=env, stdin=follower, stdout=follower, stderr=follower
    ) as bash:
        os.close(follower)
        os.write(leader, f"source {script}; {spied}".encode())
        for line in [*lines, "exit\n"]:
            os.write(leader, line.encode())
        everything_of(leader)
        bash.wait(30)
    os.close(leader)
    return [line.rstrip("\t").split("\t") for line in typed.read_text().splitlines()]


def test_completing_takes_less_than_a_tenth_of_a_second(scripts: Path):
    """Processor time of a whole bash that reads the script and completes, the least of five."""
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        bash_offers(scripts / "supreme.bash", ["supreme", "run", "--set", "risk."])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(spent) < SECONDS_MAX


@pytest.mark.parametrize(("words", "offered"), OFFERED, ids=ids)
def test_zsh_offers_what_may_come_next(scripts: Path, words: list[str], offered: list[str]):
    """The same words; zsh's own functions only say here what they would show."""
    typed = " ".join(f"'{word}'" for word in words)
    spies = (
        "compdef() {}; compset() {}; _files() {}; compadd() { print -l -- ${(P)${@[-1]}} };"
        "_describe() { for row in ${(P)${@[-1]}}; do print -r -- ${row%%:*}; done };"
    )
    current = words[-1]
    asked = (
        f"{spies} source {scripts / 'supreme.zsh'}; words=({typed}); CURRENT={len(words)}; _supreme"
    )
    done = subprocess.run(
        [needed("zsh"), "-f", "-c", asked], capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert [word for word in done.stdout.split() if word.startswith(current)] == offered


@pytest.mark.parametrize(("words", "offered"), OFFERED, ids=ids)
def test_fish_offers_what_may_come_next(
    scripts: Path, tmp_path: Path, words: list[str], offered: list[str]
):
    """fish asks the script itself, and sorts; a choice stands there with each value."""
    asked = f"source {scripts / 'supreme.fish'}; complete -C '{' '.join(words)}'"
    command = [needed("fish"), "--no-config", "-c", asked]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert sorted(line.split("\t")[0] for line in done.stdout.splitlines()) == sorted(offered)


def test_no_option_takes_a_value_in_one_verb_and_none_in_another():
    """What follows an option is told by its name alone."""
    flags = {f"--{name}" for name, row in OPTIONS.items() if not row.takes}
    for name in COMMANDS.keys() - {"run"}:
        command: Any = typer.main.get_command(app_of(name))
        for one in getattr(command, "commands", {"": command}).values():
            flags |= {given.opts[0] for given in one.params if getattr(given, "is_flag", False)}

    assert flags.isdisjoint(grammar().values)
    assert "--json" in flags


def test_every_command_is_in_the_script():
    """Also one that came yesterday: the script is made by walking the commands."""
    words = {verb.words.split()[0] for verb in grammar().verbs}

    assert words == set(COMMANDS)


def test_its_help_says_how_to_install_it():
    """For each shell, a line that can be copied."""
    said = supreme("completion", "--help").stdout

    assert "supreme completion bash > ~/.supreme.bash" in said
    assert "supreme completion zsh > DIR/_supreme" in said
    assert "supreme completion fish > ~/.config/fish/completions/supreme.fish" in said
