"""supreme data: market history becomes record files, which are listed, checked and simulated."""

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine import core as cores
from engine.environment import read
from engine.errors import Refused
from engine.journal.segments import HEADER_SIZE, version_of
from engine.market.checks import interval_name
from engine.market.history import SUFFIX, open_history
from engine.market.importing import Options, prepare
from engine.market.inspection import inspected
from engine.market.series import Series, write_series
from supreme_cli import record, relay, simulate
from supreme_cli.common_options import is_named
from supreme_cli.history_words import described, table_of, told_check, told_import

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = "supreme.data/1"
CHECK_FAILED, REFUSED = 1, 4

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Import, list, check, simulate and record market history.",
)
app.command("simulate")(simulate.main)
app.command("record")(record.main)
app.command("relay")(relay.main)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DataDir = Annotated[
    str,
    typer.Option(
        callback=is_named, help="Where records/ lies [$SUPREME_DATA_DIR, $XDG_DATA_HOME/supreme]."
    ),
]


@app.command("import")
def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Downloaded files.")],
    symbol: Annotated[str, typer.Option(help="If no file name tells it: ETHUSDT-PERP.")] = "",
    out: Annotated[str, typer.Option(help="The record file to write, of one symbol.")] = "",
    data_dir: DataDir = "",
    instruments: Annotated[str, typer.Option(help="Filters of your own, as TOML.")] = "",
    drop_last: Annotated[
        bool, typer.Option("--drop-last", help="The last bar was still open when downloaded.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing record file.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn Binance's klines, trades and aggTrades (zip, csv, csv.gz) or parquet bars into records.

    Recordings of its raw messages (a line each: receive time, JSON) become trades and book tops.
    Files of one symbol and interval become one record file. What is out of order or repeated is
    mended and told; what contradicts itself is refused, and then nothing is written.
    """
    needs_numpy()
    options = Options(symbol.upper(), instruments or None, drop_last)
    if out:
        refuse_directory(Path(out))
    if out and not dry_run:
        refuse_overwriting(Path(out), files, force=force)
    with bars(sum(size_of(path) for path in files)) as (reading, writing):
        ready = prepare([str(path) for path in files], options, reading)
        targets = targets_of(ready, out, data_dir)
        for path in targets if not dry_run else []:
            refuse_overwriting(path, files, force=force)
        for series, path in zip(ready, targets, strict=True) if not dry_run else ():
            write_series(series, path, writing(series), cores.load_native())
    rows = [imported(series, path) for series, path in zip(ready, targets, strict=True)]
    show(rows, as_json, lambda row: told_import(row, dry_run=dry_run))


@app.command("list")
def list_files(data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Show the record files of the data directory."""
    needs_numpy()
    directory = records_directory(data_dir)
    rows = [examined(path) for path in sorted(directory.glob(f"*{SUFFIX}"))]
    if not rows:
        print(f"There are no record files in {directory}.", file=sys.stderr)
    if as_json or not rows:
        show(rows, as_json, str)
    else:
        print("\n".join(table_of(rows)))


@app.command("check")
def check_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Record files.")],
    as_json: AsJson = False,
) -> None:
    """Verify record files: every check on disk, order, repetition, impossible prices, gaps.

    Exit code 1 if one is damaged, 2 if one is missing or no record file.
    """
    needs_numpy()
    for path in files:
        refuse_unknown(path)
    rows = [examined(path) for path in files]
    show(rows, as_json, told_check)
    if any(row["fault"] for row in rows):
        raise typer.Exit(CHECK_FAILED)


def needs_numpy() -> None:
    """Refused where numpy is not installed: it is no part of the engine."""
    from importlib.util import find_spec

    if find_spec("numpy") is None:
        raise Refused("supreme data needs numpy.", "Install it: .venv/bin/pip install '.[report]'.")


def size_of(path: Path) -> int:
    """Bytes of a file, 0 if there is none; whoever reads it will say so."""
    return path.stat().st_size if path.is_file() else 0


def records_directory(data_dir: str) -> Path:
    """Where record files lie: option, environment, then the desktop's own place for data."""
    home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    asked = read(os.environ).options.get("data-dir")
    return Path(data_dir or (asked.value if asked else os.path.join(home, "supreme"))) / "records"


def targets_of(ready: list[Series], out: str, data_dir: str) -> list[Path]:
    """The file each series goes to."""
    if out and len(ready) > 1:
        names = ", ".join(series.name for series in ready)
        raise Refused(
            f"--out names one file, and these are {len(ready)}: {names}.", "Leave it out."
        )
    if out:
        return [Path(out)]
    return [records_directory(data_dir) / f"{series.name}{SUFFIX}" for series in ready]


def refuse_directory(path: Path) -> None:
    """Refused if --out is a directory."""
    if path.is_dir():
        raise Refused(f"{path} is a directory.", f"Choose a file: --out {path / ('NAME' + SUFFIX)}")


def refuse_overwriting(path: Path, sources: list[Path], *, force: bool) -> None:
    """Refused if the file exists, unless that is wanted; never over what is imported."""
    if path.exists() and any(path.samefile(source) for source in sources):
        raise Refused(f"{path} is itself imported.", "Choose another --out.")
    if path.exists() and not force:
        raise Refused(f"{path} exists already.", "Replace it with --force, or give --out.", REFUSED)


def refuse_unknown(path: Path) -> None:
    """Refused if a file is missing, or none of ours."""
    try:
        with open(path, "rb") as file:
            start = file.read(HEADER_SIZE)
    except OSError as error:
        raise Refused(f"Cannot read {path}: {error.strerror}.", "Check the name.") from error
    if not version_of(start):
        raise Refused(f"{path} is not a record file.", "Make one: supreme data import FILE.")


def examined(path: Path) -> dict[str, Any]:
    """One record file, verified and looked into."""
    try:
        history = open_history(path, cores.load_native())
        findings, fault = inspected(history)
    except Refused as refused:
        return {"file": str(path), "fault": refused.what}
    label = "SIMULATED" if history.simulated else ""
    fields = described(history, interval_name(history.bar_ns), findings)
    return {"file": str(path), **fields, "label": label, "fault": fault}


def imported(series: Series, path: Path) -> dict[str, Any]:
    """What was imported, mended and found."""
    fields = described(series, interval_name(series.interval_ns), series.findings)
    heard = series.recorded._asdict() if series.recorded else None
    return {
        "file": str(path),
        **fields,
        "repairs": series.repairs._asdict(),
        "recorded": heard,
        "sources": list(series.sources),
    }


def show(rows: list[dict[str, Any]], as_json: bool, told: "Callable[[Any], str]") -> None:
    """Print rows as one JSON object, or each in words."""
    if as_json:
        print(json.dumps({"schema": SCHEMA, "files": rows}, indent=1))
        return
    for row in rows:
        print(told(row))


@contextmanager
def bars(total: int) -> "Iterator[tuple[Callable[[str, int], None], Callable[..., Any]]]":
    """Progress of reading and writing, drawn on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield (lambda _path, _done: None), (lambda _series: lambda _rows: None)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as drawn:
        read = drawn.add_task("reading", total=total)
        done: dict[str, int] = {}

        def reading(path: str, position: int) -> None:
            done[path] = position
            drawn.update(read, completed=sum(done.values()))

        def writing(series: Series) -> "Callable[[int], None]":
            task = drawn.add_task(f"writing {series.instrument.name}", total=series.findings.rows)
            return lambda rows: drawn.advance(task, rows)

        yield reading, writing
