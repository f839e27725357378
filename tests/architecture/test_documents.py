"""Do the documents belong to this project alone, and do they say what is so?"""

import os
import re
import tomllib
from pathlib import Path

import pytest

from engine.core import NUMBA
from supreme_cli.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
ADR_LINES = 60
KEPT = {".md", ".py", ".toml", ".c", ".h", ".sh", ".yml", ".yaml", ".cfg", ".in", ".txt", ""}
LEFT_OUT = {".git", ".hypothesis", ".venv", "built", "build", "dist", "node_modules"}
# Put together here so that this file does not hold them: places, hosts and people of no reader.
FORBIDDEN = [
    "/" + "work/",
    "/" + "root/",
    "/" + "tmp/" + "spec",
    "/" + "opt/" + "wheels",
    "/" + "opt/" + "pypi",
    "pypi" + ".org",
    "files.python" + "hosted",
    "index" + "-url",
    "cla" + "ude",
    "anth" + "ropic",
]
LEFT_BY_TOOLS = re.compile(r"\.?\w+_cache|__pycache__|.*egg-info")
ISSUE_NUMBER = re.compile(r"\bissue #?\d+|\(#\d+\)", re.IGNORECASE)


def documents() -> list[Path]:
    """Every text file of the project, without what tools leave behind."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name for name in folders if name not in LEFT_OUT and not LEFT_BY_TOOLS.fullmatch(name)
        ]
        found += [Path(folder, name) for name in names if Path(name).suffix in KEPT]
    return sorted(found)


def relative(path: Path) -> str:
    """The path as a reader names it."""
    return path.relative_to(ROOT).as_posix()


def test_no_file_speaks_of_where_it_was_written():
    """Paths, hosts and issue numbers mean nothing to whoever clones this."""
    found = []
    for path in documents():
        text = path.read_text(errors="replace")
        found += [(relative(path), word) for word in FORBIDDEN if word in text.lower()]
        found += [(relative(path), said) for said in ISSUE_NUMBER.findall(text)]

    assert found == []


def test_decisions_are_numbered_without_gaps():
    """A number is never given twice and none is missing."""
    numbers = [int(path.name[:4]) for path in ADRS]

    assert numbers == list(range(1, len(ADRS) + 1))


@pytest.mark.parametrize("path", ADRS, ids=relative)
def test_a_decision_is_one_page_of_three_parts(path):
    """Context, decision, consequences; what does not fit a page is more than one decision."""
    lines = path.read_text().splitlines()

    assert lines[0].startswith(f"# {path.name[:4]} ")
    headings = [line for line in lines if line.startswith("## ")]
    assert headings == ["## Context", "## Decision", "## Consequences"]
    assert len(lines) <= ADR_LINES


@pytest.mark.parametrize(
    "path", [path for path in documents() if path.suffix == ".md"], ids=relative
)
def test_links_lead_somewhere(path):
    """A relative link names a file that is there."""
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text())

    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_readme_names_what_exists():
    """Commands and make targets that a newcomer is told of can be typed."""
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {"run", "test"} <= set(re.findall(r"\bmake ([a-z-]+)", readme)) <= targets
    assert set(re.findall(r"^\s*(?:\.venv/bin/)?supreme ([a-z]+)", readme, re.MULTILINE)) <= set(
        COMMANDS
    )


def test_one_compiler_is_pinned():
    """The build, the extra and the core's digest mean the same numba."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert f"numba=={NUMBA}" in project["build-system"]["requires"]
    assert f"numba=={NUMBA}" in project["project"]["optional-dependencies"]["jit"]
