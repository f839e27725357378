"""How are verdicts written for people and pipelines: a table, Markdown, JUnit?"""

from collections.abc import Iterable
from typing import NamedTuple
from xml.etree import ElementTree as ET


class Case(NamedTuple):
    """One thing that was tried: `why` it failed or was skipped, empty where it did not."""

    name: str
    is_failed: bool
    is_skipped: bool
    why: str
    seconds: float


def junit(suite: str, cases: Iterable[Case]) -> str:
    """The XML that pipelines read."""
    told = list(cases)
    root = ET.Element(
        "testsuite",
        name=suite,
        tests=str(len(told)),
        failures=str(sum(case.is_failed for case in told)),
        skipped=str(sum(case.is_skipped for case in told)),
        time=f"{sum(case.seconds for case in told):.3f}",
    )
    for case in told:
        time = f"{case.seconds:.3f}"
        row = ET.SubElement(root, "testcase", classname=suite, name=case.name, time=time)
        if case.is_failed or case.is_skipped:
            ET.SubElement(row, "failure" if case.is_failed else "skipped", message=case.why)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def markdown(heads: list[str], rows: Iterable[list[str]]) -> str:
    """A table; what a cell must not hold is written so that it does no harm."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: str) -> str:
    """A cell's text in one line."""
    return " ".join(text.split()).replace("|", "\\|")


def columns(heads: list[str], rows: Iterable[list[str]]) -> str:
    """The same for a terminal: columns as wide as they must be, the last one as it comes."""
    lines = [heads, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    padded = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n".join(padded)
