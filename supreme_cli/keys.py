"""supreme keys: API keys of a venue, sealed on disk, told to nobody."""

import os
import sys
import time
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from engine.control.places import base_directory, directory_named
from engine.errors import Refused
from engine.secrets import kept
from engine.secrets.header import FromFile
from engine.secrets.keys import ED25519, HMAC, KINDS, Keys, named, plausible
from engine.secrets.sealed import genuine_pem, opened
from supreme_cli.asking import put, table
from supreme_cli.common_options import is_named
from supreme_cli.handing import forbid_dumps, homes_of
from supreme_cli.secret_input import (
    Origin,
    Ways,
    has_terminal,
    lock_for_opening,
    lock_for_sealing,
    pair_from,
)

CHECK_FAILED, REFUSED = 1, 4
LENIENT = {"allow_extra_args": True}  # so that we refuse them, not the parser, which repeats them
HEADS = "name venue kind fingerprint added sealed_by"
# Who types one of these has a secret in the list of processes and in the shell's history already.
SECRET_OPTIONS = (
    *("--secret", "--secret-key", "--api-secret", "--api-key", "--key", "--private-key"),
    *("--passphrase", "--password", "--token"),
)

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keep API keys sealed: add, list, show, check, rotate, remove. A secret comes from a file,"
    " the environment or stdin, never as an argument, and is never printed.",
)


class Discreet(TyperCommand):
    """A verb that refuses secrets on its command line, and words too many, without them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What is left after parsing: nothing."""
        if any(word.partition("=")[0] in SECRET_OPTIONS for word in args):
            raise Refused(
                "a secret was given as an argument: whoever lists the processes has seen it",
                "revoke it at the venue; give the next one by --file, --from-env or --stdin",
            )
        if left := super().parse_args(ctx, args):
            raise Refused(
                "there are words too many, not repeated here: they may be secrets",
                "if so revoke them at the venue: whoever lists the processes has seen them",
            )
        return left


Name = Annotated[str, typer.Argument(metavar="NAME", help="What these keys are called.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Yes = Annotated[bool, typer.Option("--yes", help="Without asking.")]
DataDir = Annotated[
    str,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        callback=is_named,
        help="An engine's own keys [$SUPREME_DATA_DIR, or those all engines share].",
    ),
]
PassphraseFile = Annotated[
    str,
    typer.Option(
        metavar="FILE", help="The passphrase is its first line [$SUPREME_PASSPHRASE_FILE]."
    ),
]
KeyFile = Annotated[
    str, typer.Option(metavar="FILE", help="Instead of a passphrase: 32 random bytes or more.")
]


@app.command(cls=Discreet, context_settings=LENIENT)
def add(
    name: Name,
    venue: Annotated[str, typer.Option(help="Whose keys they are.")] = "binance",
    kind: Annotated[str, typer.Option(metavar="|".join(KINDS), help="How they sign.")] = HMAC,
    from_env: Annotated[
        bool, typer.Option("--from-env", help="Take EXCHANGE_API_KEY and EXCHANGE_SECRET.")
    ] = False,
    file: Annotated[
        str, typer.Option(metavar="FILE", help="First line the API key, then the secret or PEM.")
    ] = "",
    stdin: Annotated[
        bool, typer.Option("--stdin", help="The same from stdin; typed unseen at a terminal.")
    ] = False,
    passphrase_file: PassphraseFile = "",
    key_file: KeyFile = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Seal an API key and its secret under a passphrase or a key file.

    Example: supreme keys add main --file binance.txt --key-file /etc/supreme/key
    """
    forbid_dumps()
    named(name, "the name")
    home = homes(data_dir)[0]
    pair = pair_from(Origin(from_env, file, stdin), os.environ)
    keys = plausible(Keys(name, venue, kind, pair))
    lock = lock_for_sealing(Ways(passphrase_file, key_file), os.environ)
    if kind == ED25519:
        genuine_pem(keys)
    path = kept.add(keys, lock, home, now=now())
    tell(path, "sealed in", as_json=as_json)


@app.command("list", cls=Discreet, context_settings=LENIENT)
def list_keys(data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Show which keys there are: names, venues, fingerprints; no passphrase is needed."""
    rows = [row_of(path) for path in kept.all_in(homes(data_dir)).values()]
    put({"keys": rows}, lambda: listed(rows), as_json=as_json)


@app.command(cls=Discreet, context_settings=LENIENT)
def show(name: Name, data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Show what a file of keys says of them, unproven: supreme keys check proves it."""
    tell(kept.path_of(name, homes(data_dir)), "lie in", as_json=as_json)


@app.command(cls=Discreet, context_settings=LENIENT)
def check(
    name: Name,
    passphrase_file: PassphraseFile = "",
    key_file: KeyFile = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Open keys as an engine's start would, and say whether they open. Exit code 1 if not."""
    forbid_dumps()
    path = kept.path_of(name, homes(data_dir))
    try:
        file = kept.look(path)
        keys = opened(file, lock_for_opening(file.header, Ways(passphrase_file, key_file),
                                             os.environ))  # fmt: skip
        if keys.kind == ED25519:
            genuine_pem(keys)
    except Refused as refused:
        if as_json:
            put({"name": name, "opens": False, "why": refused.what}, str, as_json=True)
        print(f"{refused.what}\n{refused.fix}", file=sys.stderr)
        raise typer.Exit(CHECK_FAILED) from refused
    facts = {**file.header.facts(), "file": path, "opens": True}
    put(facts, lambda: f"{name} opens: {keys!r}", as_json=as_json)


@app.command(cls=Discreet, context_settings=LENIENT)
def rotate(
    name: Name,
    passphrase_file: PassphraseFile = "",
    key_file: KeyFile = "",
    to_passphrase_file: Annotated[
        str, typer.Option(metavar="FILE", help="The next passphrase is its first line.")
    ] = "",
    to_key_file: Annotated[str, typer.Option(metavar="FILE", help="The next key file.")] = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Seal the same keys under another passphrase or key file; the file before it is gone.

    Backups made before still open with the old one: revoke the keys at the venue if it is known.
    """
    forbid_dumps()
    path = kept.path_of(name, homes(data_dir))
    header = kept.look(path).header
    first = lock_for_opening(header, Ways(passphrase_file, key_file), os.environ)
    second = lock_for_sealing(Ways(to_passphrase_file, to_key_file), {}, "Next passphrase")
    kept.rotate(path, (first, second), now=now())
    tell(path, "sealed anew in", as_json=as_json)


@app.command(cls=Discreet, context_settings=LENIENT)
def remove(
    name: Name,
    yes: Yes = False,
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Remove keys for good. An engine that runs with them goes on; revoke them at the venue."""
    path = kept.path_of(name, homes(data_dir))
    if not yes and not (has_terminal() and agreed(f"Remove {path}?")):
        raise Refused("nothing was removed", "repeat it with --yes", code=REFUSED)
    kept.remove(path)
    put({"name": name, "removed": path}, lambda: f"{path} is removed", as_json=as_json)


def homes(data_dir: str) -> kept.Homes:
    """Where the keys lie that are meant."""
    return homes_of(data_dir or directory_named(os.environ) or base_directory())


def now() -> str:
    """The UTC time to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def agreed(question: str) -> bool:
    """Whether whoever is asked says yes."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


def row_of(path: str) -> dict[str, str]:
    """What is openly known of a file of keys, or what is wrong with it."""
    try:
        return {**kept.look(path).header.facts(), "file": path, "fault": ""}
    except Refused as refused:
        name = os.path.basename(path).removesuffix(kept.SUFFIX)
        return {**dict.fromkeys(HEADS.split(), "-"), "name": name, "file": path,
                "fault": refused.what}  # fmt: skip


def listed(rows: list[dict[str, str]]) -> str:
    """A line a key, and what is wrong with those that cannot be used."""
    if not rows:
        return "none; supreme keys add NAME --file FILE seals some"
    cells = [[row[head] for head in HEADS.split()] for row in rows]
    faults = [row["fault"] for row in rows if row["fault"]]
    return "\n".join([table(HEADS, cells), *faults])


def tell(path: str, verb: str, *, as_json: bool) -> None:
    """What everybody may know of the keys in a file."""
    header = kept.look(path).header
    facts: dict[str, Any] = {**header.facts(), "file": path}
    if isinstance(header.derivation, FromFile):
        facts["key_file"] = header.derivation.path
    what = f"{header.kind} keys {header.name} of {header.venue}, {header.fingerprint}"
    told = f"{what}, {verb} {path} by a {header.facts()['sealed_by']}; added {header.added}"
    put(facts, lambda: told, as_json=as_json)


def summary(data_dir: str) -> list[dict[str, str]]:
    """What a backup says of the keys an engine there may use: none of it opens anything.

    A folder that cannot be read is a row too: a journal is backed up without it.
    """
    try:
        rows = [row_of(path) for path in kept.all_in(homes_of(data_dir)).values()]
    except OSError as error:
        rows = [{**dict.fromkeys(HEADS.split(), "-"), "name": f"(unknown: {error.strerror})"}]
    return [{head: row[head] for head in HEADS.split()} for row in rows]
