"""supreme completion: what may be typed next, as a script that a shell keeps."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer

from engine import serving
from engine.market.simulated import played
from engine.options import FORMS, LEVELS, OPTIONS
from engine.profile import ALL_KEYS, shipped
from supreme_cli import console, show
from supreme_cli.commands import COMMANDS, SHOWN
from supreme_cli.words import Form, offered

SECRET_FILES = ("file", "key-file", "passphrase-file", "to-key-file", "to-passphrase-file")
FILES, DIRECTORIES = "files", "directories"
HELP = {"--help": "what it does and takes"}
INSTALLING = """\
Print a script by which a shell completes commands, options, profiles and keys.

\b
bash: supreme completion bash > ~/.supreme.bash
      and in ~/.bashrc: source ~/.supreme.bash
zsh:  supreme completion zsh > DIR/_supreme
      with DIR in fpath before compinit
fish: supreme completion fish > ~/.config/fish/completions/supreme.fish

Print it again after an update: it holds every word, so that nothing starts when you press Tab.
"""

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


class Shell(StrEnum):
    """The shells a script can be made for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class Offer(NamedTuple):
    """What may be typed at one place: some words, and perhaps a file or directory."""

    words: tuple[str, ...] = ()
    paths: str = ""


class Verb(NamedTuple):
    """A command by its words (`data import`): its line, its options' lines, what stands alone."""

    words: str
    line: str
    options: dict[str, str]
    alone: Offer


class Grammar(NamedTuple):
    """All that may be typed: verbs, and what follows each option that takes a value, or `KEY=`."""

    verbs: list[Verb]
    values: dict[str, Offer]


@app.command(help=INSTALLING, no_args_is_help=True)
def main(
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="Yours.")],
) -> None:
    """Print a shell's script."""
    from supreme_cli.completion_scripts import SCRIPTS

    sys.stdout.write(SCRIPTS[shell](grammar()))


def grammar() -> Grammar:
    """All that may be typed after `supreme`."""
    values = {f"--{name}": Offer() for name, row in OPTIONS.items() if row.takes}
    own = {"up": own_options(), "run": own_options(), "console": offered(console.FORM)}
    own |= {name: offered(Form(name, "", show.OPTIONS)) for name in SHOWN}
    own["serve"] = {f"--{name}": text for name, text in {**serving.TAKES, **serving.FLAGS}.items()}
    values |= {f"--{name}": Offer() for name in serving.TAKES}
    for options in (console.FORM.options, show.OPTIONS):
        values |= {f"--{name}": Offer() for name, row in options.items() if row.value}
    verbs = []
    for name in COMMANDS:
        if name in own:  # they parse for themselves, by their own tables
            verbs.append(Verb(name, COMMANDS[name].line, own[name] | HELP, Offer()))
        else:
            verbs += verbs_of(name, values)
    return Grammar(verbs, {**values, **offers()})


def own_options() -> dict[str, str]:
    """What `supreme run` takes."""
    return {f"--{name}": row.text for name, row in OPTIONS.items()}


def verbs_of(name: str, values: dict[str, Offer]) -> Iterator[Verb]:
    """A command, then those below it; its options that take a value are put among `values`."""
    from supreme_cli.terminal import app_of

    command: Any = typer.main.get_command(app_of(name))
    below = getattr(command, "commands", {})
    rows = [(name, COMMANDS[name].line, command)]
    rows += [(f"{name} {word}", one.get_short_help_str(100), one) for word, one in below.items()]
    for words, line, one in rows:
        options = [given for given in one.params if given.param_type_name == "option"]
        values |= {given.opts[0]: Offer() for given in options if not given.is_flag}
        alone = [argument(given) for given in one.params if given not in options]
        helps = {given.opts[0]: given.help or "" for given in options}
        yield Verb(words, line, helps | HELP, alone[0] if alone else Offer())


def argument(given: Any) -> Offer:
    """What may stand without an option, by what the help calls it: FILE..., DIR, [FILE|NAME]."""
    called, words = given.metavar or "", tuple(getattr(given.type, "choices", ()))
    if "FILE|NAME" in called:  # a profile
        words = tuple(shipped())
    return Offer(words, FILES if "FILE" in called else DIRECTORIES if "DIR" in called else "")


def offers() -> dict[str, Offer]:
    """What may follow an option, wherever it stands; and a key of --set that is a choice."""
    known = {
        "--profile": Offer(tuple(shipped()), FILES),
        "--set": Offer(tuple(f"{key}=" for key in ALL_KEYS)),
        "--symbol": Offer(tuple(played())),
        "--speed": Offer(("1", "60", "max")),
        "--log-level": Offer(LEVELS),
        "--log-format": Offer(FORMS),
        "--replay": Offer(paths=FILES),
        "--out": Offer(paths=FILES),
        **{f"--{name}": Offer(paths=FILES) for name in SECRET_FILES},
        "--instruments": Offer(paths=FILES),
        "--data-dir": Offer(paths=DIRECTORIES),
    }
    choices = {key: row.unit.split("|") for key, row in ALL_KEYS.items() if "|" in row.unit}
    return known | {key: Offer(tuple(names)) for key, names in choices.items()}
