"""What was typed after a verb that parses for itself? typer would cost more than the answer."""

from typing import NamedTuple

from engine.errors import Refused


class Option(NamedTuple):
    """An option: what its value is called ("" for a flag), what it does, a letter for it."""

    value: str
    text: str
    letter: str = ""


class Form(NamedTuple):
    """A verb's name, what its help says before the options, the options, and what follows them."""

    name: str
    about: str
    options: dict[str, Option]
    notes: str = ""


HELP = Option("", "this text", "h")


def parsed(form: Form, argv: list[str]) -> dict[str, str]:
    """The options given, flags with an empty value; Refused names what is wrong.

    `{"help": ""}` alone when help was asked for anywhere.
    """
    options = {**form.options, "help": HELP}
    letters = {f"-{row.letter}": name for name, row in options.items() if row.letter}
    given: dict[str, str] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.removeprefix("--").partition("=")
        name = letters.get(word, name)
        if not word.startswith("-") or name not in options:
            raise misused(form, f"unknown {'option' if word.startswith('-') else 'word'} {word}")
        takes = options[name].value
        if takes and not has_value:
            value = rest.pop(0) if rest and not rest[0].startswith("--") else ""
        if bool(takes) != bool(value.strip()):
            raise misused(form, f"--{name} {'needs a' if takes else 'takes no'} value")
        given[name] = value
    return {"help": ""} if "help" in given else given


def number(form: Form, name: str, text: str, least: float, most: float) -> float:
    """An option's number in its range; Refused otherwise, also for what is no number."""
    try:
        found = float(text)
    except ValueError:
        found = least - 1.0
    if not least <= found <= most:
        raise Refused(
            f"supreme {form.name}: --{name} {text} is impossible",
            f"give a number from {least:g} to {most:,g}",
        )
    return found


def misused(form: Form, what: str) -> Refused:
    """Usage, in two lines."""
    return Refused(f"supreme {form.name}: {what}", f"see: supreme {form.name} --help")


def help_of(form: Form) -> str:
    """All that a verb's help says."""
    rows = [
        (f"-{row.letter}, --{name}" if row.letter else f"--{name}", row.value, row.text)
        for name, row in {**form.options, "help": HELP}.items()
    ]
    heads = [f"{words} {value}".rstrip() for words, value, _ in rows]
    width = max(map(len, heads)) + 2
    lines = [f"  {head:{width}}{row[2]}" for head, row in zip(heads, rows, strict=True)]
    notes = f"\n{form.notes}" if form.notes else ""
    return "\n".join(
        [f"Usage: supreme {form.name} [OPTIONS]\n", form.about, "Options:", *lines, notes]
    )


def offered(form: Form) -> dict[str, str]:
    """Each option and what it does, for a shell to complete."""
    return {f"--{name}": row.text for name, row in form.options.items()}
