"""supreme journal: what every engine keeps is verified, exported, shortened, kept elsewhere."""

import json
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine import core as cores
from engine.control.client import holder_of
from engine.control.places import base_directory
from engine.errors import Refused
from engine.folding import keep_newest, replayed
from engine.journal import archives, restoring, retention
from engine.journal.lock import hold
from engine.journal.verification import verified
from engine.options import profile_asked
from supreme_cli.journal_words import (
    EXPORTS,
    exported,
    facts_of,
    facts_of_damage,
    moment,
    profile_in,
    told_of_keys,
    told_removal,
    told_whole,
)
from supreme_cli.keys import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA_VERSION = 1
CHECK_FAILED, REFUSED = 1, 4

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Verify, export, shorten, back up and restore the journal of an engine.",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DataDir = Annotated[
    str, typer.Option("--data-dir", metavar="DIR", help="Whose journal [the only one there is].")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell all, change nothing.")]


@app.command()
def verify(
    data_dir: DataDir = "",
    replay: Annotated[
        bool, typer.Option("--with-replay", help="Also decide everything anew and compare.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify every record, hash, note and snapshot, also beside a running engine.

    Exit code 0 when all is what was written, 1 when something is not: then its file, record and
    sequence are named. What a crash left of its last write is no damage: the next start cuts it.
    """
    home, native = home_of(data_dir), cores.load_native()
    at_work = holder_of(home)
    try:
        whole = verified(journal_of(home), native)
        state = replayed(whole, native) if replay else ""
    except Refused as refused:
        if as_json:
            show(facts_of_damage(home, refused), as_json, str)
        print(f"{refused.what}\n{refused.fix}", file=sys.stderr)
        raise typer.Exit(CHECK_FAILED) from refused
    facts = facts_of(home, whole, at_work) | {"state_digest": state or None}
    show(facts, as_json, told_whole)


@app.command()
def export(
    start: Annotated[
        str, typer.Option("--from", metavar="SEQ|TIME", help="The first record [all].")
    ] = "0",
    end: Annotated[str, typer.Option("--to", metavar="SEQ|TIME", help="Up to before this.")] = "",
    output: Annotated[str, typer.Option(help=f"{' or '.join(EXPORTS)}.")] = "jsonl",
    out: Annotated[str, typer.Option(help="The file to write [stdout].")] = "",
    data_dir: DataDir = "",
) -> None:
    """Print records, verified and decoded: a line each, with its sequence.

    Example: supreme journal export --from 2025-06-01 --to 2025-06-02 --out day.jsonl
    """
    if output not in EXPORTS:
        raise Refused(f"--output {output} is not known", f"give one of {', '.join(EXPORTS)}")
    between = moment("--from", start), moment("--to", end or str(1 << 62))
    if os.path.exists(out):
        raise Refused(f"{out} exists already", "choose another --out", code=REFUSED)
    whole = verified(journal_of(home_of(data_dir)), cores.load_native())
    with progress("exporting", whole.end - whole.first) as done:
        lines = exported(whole.segments, between, EXPORTS[output], done)
        if not out:
            sys.stdout.writelines(lines)
            return
        with open(out, "w", encoding="utf-8") as file:
            file.writelines(lines)


@app.command()
def compact(
    data_dir: DataDir = "",
    keep_days: Annotated[
        int | None, typer.Option(min=0, help="Keep so many days of records; 0 all [profile].")
    ] = None,
    erase_before: Annotated[
        int, typer.Option(min=0, metavar="SEQ", help="Remove all files of records before it.")
    ] = 0,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a snapshot, then remove journal files that are too old and that it replaces.

    Also beside a running engine. What is removed cannot be replayed or exported any more; backups
    keep what they have.
    """
    home, native = home_of(data_dir), cores.load_native()
    journal, days = journal_of(home), days_of_profile() if keep_days is None else keep_days
    whole = verified(journal, native)
    if not dry_run and whole.segments:
        keep_newest(journal, native)
        whole = verified(journal, native)
    before = erase_before or retention.older_than(whole, days)
    leaving = retention.going(whole, before, erases=erase_before > 0)
    facts = {
        "data_dir": home, "removed_files": len(leaving.segments) + len(leaving.checkpoints),
        "removed_bytes": leaving.size, "first": leaving.first, "end": whole.end,
        "dry_run": dry_run,
    }  # fmt: skip
    if not dry_run and facts["removed_files"]:
        if not yes and not agreed(f"Remove {told_removal(facts)}?"):
            raise Refused("nothing was removed", "repeat it with --yes", code=REFUSED)
        retention.remove(leaving)
    verb = "would remove" if dry_run else "removed"
    show(facts, as_json, lambda told: f"{verb} {told_removal(told)}")


@app.command()
def backup(
    target: Annotated[str, typer.Argument(metavar="DIR|FILE.tar", help="Where to.")],
    data_dir: DataDir = "",
    keep: Annotated[
        int, typer.Option(min=0, help="In a DIR: remove all but so many newest; 0 keeps all.")
    ] = 0,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write journal, snapshots and profile into one tar file, and verify it; engines may run on.

    Of API keys it says which there are, without the keys: supreme keys add brings them back.

    For cron or a timer: supreme journal backup /backups --data-dir DIR --keep 14
    """
    home, native = home_of(data_dir), cores.load_native()
    whole = verified(journal_of(home), native)
    if not whole.segments:
        raise Refused(f"the journal in {home} is empty", "there is nothing to back up", REFUSED)
    stem = f"supreme-{whole.segments[-1].header.identity.journal_id.hex()[:8]}"
    made = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    # Of two in one second each has its name: more was recorded meanwhile.
    name = f"{stem}-{made}-{whole.end:012d}.tar"
    path = target if target.endswith(".tar") else os.path.join(target, name)
    size = sum(part.size for part in archives.parts_of(whole))
    if not dry_run:
        with progress("backing up", size) as done:
            told = {"made": made, "data_dir": home, "keys": summary(home)}
            archives.back_up(path, whole, profile_in(home, whole, native), told, done)
        forget(target, stem, keep)
    facts = {"file": path, "bytes": size, "first": whole.first, "end": whole.end,
             "dry_run": dry_run}  # fmt: skip
    verb = "would write" if dry_run else "wrote and verified"
    show(facts, as_json, lambda f: f"{verb} {f['file']}: {f['end'] - f['first']:,} records")


@app.command()
def restore(
    file: Annotated[str, typer.Argument(metavar="FILE.tar", help="A backup.")],
    data_dir: Annotated[str, typer.Option("--data-dir", metavar="DIR", help="Where to.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back into a directory that holds no journal, and verify what is there then.

    Never run both, this one and the engine that was backed up: they would trade one account twice.
    """
    archive = archives.check(file)
    restoring.must_be_vacant(data_dir)
    said = archive.manifest
    facts = {"data_dir": data_dir, "first": said["first"], "end": said["end"], "dry_run": dry_run,
             "keys": said.get("keys", [])}  # fmt: skip
    if not dry_run:
        lock = hold(data_dir)
        try:
            restoring.restore(file, data_dir, cores.load_native())
        finally:
            lock.release()
    verb = "would restore" if dry_run else "restored and verified"
    told = f"{verb} {said['end'] - said['first']:,} records in {data_dir}"
    show(facts, as_json, lambda facts: told + told_of_keys(facts["keys"]))


def home_of(data_dir: str) -> str:
    """The data directory meant; Refused without a journal in it, or when there are several."""
    if data_dir:
        if not os.path.isdir(journal_of(data_dir)):
            raise Refused(f"there is no journal in {data_dir}", "give the --data-dir of a run")
        return data_dir
    base = base_directory()
    names = sorted(os.listdir(base)) if os.path.isdir(base) else []
    homes = [os.path.join(base, name) for name in names]
    found = [home for home in homes if os.path.isdir(journal_of(home))]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(f"there is no journal in {base}", "give the --data-dir of a run")
    raise Refused(
        f"there are several journals: {', '.join(os.path.basename(home) for home in found)}",
        f"say which: --data-dir {found[0]}",
    )


def journal_of(home: str) -> str:
    """The journal's folder in a data directory."""
    return os.path.join(home, archives.JOURNAL)


def days_of_profile() -> int:
    """How many days of records are kept by the profile that run would use here."""
    return int(profile_asked("", ()).values["journal.keep_days"])


def agreed(question: str) -> bool:
    """Whether whoever is asked says yes; nobody there is a no."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


def forget(folder: str, stem: str, keep: int) -> None:
    """Remove the oldest backups of this journal in a folder, beyond so many."""
    if not keep or not os.path.isdir(folder):
        return
    names = [name for name in os.listdir(folder) if name.startswith(f"{stem}-")]
    for name in sorted(name for name in names if name.endswith(".tar"))[:-keep]:
        os.unlink(os.path.join(folder, name))


def show(facts: dict[str, Any], as_json: bool, told: "Callable[[Any], str]") -> None:
    """Print facts as one JSON object, or in words."""
    if as_json:
        print(json.dumps({"schema_version": SCHEMA_VERSION, **facts}, indent=1))
    else:
        print(told(facts))


@contextmanager
def progress(what: str, total: int) -> "Iterator[Callable[[int], object]]":
    """How much more is done, drawn on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _more: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(what, total=total)
        yield lambda more: drawn.advance(task, more)
