"""supreme config: which settings hold here, where each came from, and whether they are right."""

import os
import sys
from json import dumps
from typing import Annotated, Any

import typer

from engine import environment
from engine.environment import Environment, origin_of
from engine.errors import Refused
from engine.options import DEFAULT, OPTIONS, Options, checked, parse
from engine.profile import (
    ALL_KEYS,
    SECRETS,
    TEXTS,
    Profile,
    as_toml,
    examine,
    load_profile,
    path_of,
    range_of,
    shipped,
    worded,
)
from supreme_cli.asking import linked
from supreme_cli.common_options import DataDir, Timeout
from supreme_cli.config_names import names, table
from supreme_cli.operate import NO_REASON, Reason

SCHEMA_VERSION = 1
CHECK_FAILED = 1
HIDDEN = "(set, shown nowhere)"
MOVED_TOLD = 3  # changed keys that a file's first line names

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Show and check settings: a profile's values, variables, options.",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def show(
    profile: Annotated[str, typer.Option(help="A name, or a path to a .toml [scalping].")] = "",
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the profile.")
    ] = None,
    origin: Annotated[
        bool, typer.Option("--origin", help="A table: value, where it came from, range.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print what run and backtest would use here, as a complete profile.

    A flag beats the environment, the environment beats the file. To make a profile of your own:
    supreme config show --profile conservative > my.toml
    """
    given = [f"--profile={profile}"] if profile else []
    options = parse([*given, *(f"--set={change}" for change in changes or [])])
    chosen = load_profile(options.profile, options.changes, options.environment)
    if as_json:
        print(dumps(as_object(options, chosen)))
    elif origin:
        print("\n".join(as_table(options, chosen)))
    else:
        sys.stdout.write(as_toml(chosen.values, opening_of(options.profile, chosen), chosen.texts))


@app.command("set")
def change(
    key: Annotated[str, typer.Argument(metavar="KEY", help="For example risk.position_max.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its new value.")],
    reason: Reason = NO_REASON,
    data_dir: DataDir = "",
    timeout: Timeout = 5.0,
) -> None:
    """Give a key of the running engine another value, from the next event on; journaled.

    It holds until the next start, when the profile's value holds again.
    """
    link = linked(data_dir, timeout)
    said = link.ask("set", key=key, value=value, reason=reason)
    print(f"{key} = {value} from record {said['sequence']:,} on, until the next start")


@app.command()
def check(
    profile: Annotated[str, typer.Argument(metavar="[FILE|NAME]", help="A profile alone.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say ok, or everything that is wrong with a profile.

    Without one: with the environment and the profile that run would use here. Exit code 1 if
    anything is wrong, 2 if there is no such profile.
    """
    name, wrong = (profile, wrong_in(profile)) if profile else wrong_here()
    if as_json:
        rows = [{"what": refused.what, "fix": refused.fix} for refused in wrong]
        print(dumps({"schema_version": SCHEMA_VERSION, "profile": name, "problems": rows}))
    else:
        for refused in wrong:
            print(f"{refused.what}\n    {refused.fix}")
        count = f"{len(wrong)} problem{'s' if wrong[1:] else ''}"
        print(f"{name}: {count if wrong else f'ok, {len(ALL_KEYS)} keys'}")
    if wrong:
        raise typer.Exit(CHECK_FAILED)


@app.command("list")
def list_profiles(as_json: AsJson = False) -> None:
    """Show the profiles that come with the engine, and what each is for."""
    lines = {name: first_line(name) for name in shipped()}
    if as_json:
        rows = [{"name": name, "line": line} for name, line in lines.items()]
        print(dumps({"schema_version": SCHEMA_VERSION, "profiles": rows}))
    else:
        width = max(map(len, lines))
        print("\n".join(f"{name:{width}}  {line}" for name, line in lines.items()))


@app.command("names")
def list_names(as_json: AsJson = False) -> None:
    """Print every variable that is read or refused, as a Markdown table."""
    if as_json:
        rows = [name._asdict() for name in names()]
        print(dumps({"schema_version": SCHEMA_VERSION, "names": rows}))
    else:
        sys.stdout.write(table())


def wrong_in(name: str) -> list[Refused]:
    """Everything wrong with one profile. Refused where there is none."""
    path_of(name)
    try:
        return examine(name)[1]
    except Refused as refused:
        return [refused]


def wrong_here() -> tuple[str, list[Refused]]:
    """The profile that run would use here; everything wrong with it and with the environment."""
    asked, wrong = environment.examine(os.environ)
    for name in asked.options:
        # Each with the file it may have to agree with, so that one mistake hides no other.
        together = {key: asked.options[key] for key in (name, "replay") if key in asked.options}
        try:
            checked({}, Environment(together, {}))
        except Refused as refused:
            wrong.append(refused)
    chosen = asked.options["profile"].value if "profile" in asked.options else usual_profile()
    try:
        wrong += examine(chosen, (), asked.keys)[1]
    except Refused as refused:
        wrong.append(refused)
    return chosen, wrong


def usual_profile() -> str:
    """The profile that nobody has to name."""
    return OPTIONS["profile"].usual


def as_object(options: Options, chosen: Profile) -> dict[str, Any]:
    """Options and keys, each with its value, its origin and its meaning."""
    asked = {
        name: {"value": value, "origin": origin} for name, value, origin in option_rows(options)
    }
    keys = {}
    for key, row in ALL_KEYS.items():
        keys[key] = {
            "value": worded(key, chosen.values[key]),
            "origin": origin_of(chosen.origins[key]),
            "range": range_of(key),
            "text": row.text,
        }
    for key, value in chosen.texts.items():
        origin = origin_of(chosen.origins[key])
        keys[key] = {"value": value, "origin": origin, "range": "", "text": TEXTS[key]}
    for key in chosen.secrets:
        origin = origin_of(chosen.origins[key])
        keys[key] = {"value": HIDDEN, "origin": origin, "range": "", "text": SECRETS[key]}
    return {
        "schema_version": SCHEMA_VERSION,
        "profile": chosen.name,
        "options": asked,
        "keys": keys,
    }


def as_table(options: Options, chosen: Profile) -> list[str]:
    """As above in columns, a setting a line; what is long stands last, or alone in its column."""
    rows = [("setting", "value", "range", "origin")]
    for key, value in chosen.values.items():
        said = str(worded(key, value))
        rows.append((key, said, range_of(key), origin_of(chosen.origins[key])))
    rows += [(key, said, "", origin_of(chosen.origins[key])) for key, said in chosen.texts.items()]
    rows += [(key, HIDDEN, "", origin_of(chosen.origins[key])) for key in chosen.secrets]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows[1:1] = [(f"--{name}", value, "", origin) for name, value, origin in option_rows(options)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def option_rows(options: Options) -> list[tuple[str, str, str]]:
    """Each option of run that may be set for longer than one start: name, value, origin."""
    shown = {"data-dir": options.data_dir, "symbol": options.symbol}
    if options.replay and options.given["symbol"].name == DEFAULT:
        shown["symbol"] = "the file's"
    return [
        (name, shown.get(name, options.given[name].value), origin_of(options.given[name].name))
        for name in environment.LASTING
    ]


def opening_of(name: str, chosen: Profile) -> str:
    """The first line of a printed profile: the file's own, or what was changed in it."""
    written = examine(name)[0].values
    moved = [key for key, value in chosen.values.items() if written.get(key) != value]
    if not moved:
        return first_line(name)
    more = f" and {len(moved) - MOVED_TOLD} more" if moved[MOVED_TOLD:] else ""
    return f"As {chosen.name}, but for {', '.join(moved[:MOVED_TOLD])}{more}."


def first_line(name: str) -> str:
    """The reason a profile gives for itself."""
    line = path_of(name).read_text(encoding="utf-8").partition("\n")[0]
    return line.removeprefix("#").strip() if line.startswith("#") else f"Profile {name}."
