"""Does a process end in one or two lines, whatever happened in it, with the right code?"""

from pathlib import Path

import pytest

from engine.errors import Refused
from engine.streams import guarded


def ended(error: BaseException, homes: list[str]) -> int:
    """The exit code of a life that ended so."""

    def life() -> int:
        raise error

    return guarded(life, homes, as_json=False)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Refused("It cannot be.", "Do this.", code=5), 5, "It cannot be.\nDo this.\n"),
        (MemoryError(), 4, ("no memory was left\nwhat was acknowledged is kept: give it more, and "
                           "start it again\n")),
        (PermissionError(13, "Permission denied", "x"), 4,
         "the system refused: Permission denied (x)\ncheck disk and permissions\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)  # fmt: skip
def test_each_end_has_its_words_and_its_code(capfd, error, code, said):
    """Two lines: what, and what to do."""
    assert ended(error, []) == code
    assert capfd.readouterr().err == said


def test_a_fault_of_ours_leaves_its_traceback_in_a_file(capfd, tmp_path: Path):
    """One line, and where the rest is."""
    (tmp_path / "log").mkdir()

    code = ended(ZeroDivisionError("a\nb"), [str(tmp_path)])

    said = capfd.readouterr().err
    assert (code, said.count("\n")) == (70, 1)
    assert said.startswith("Internal error, a bug of ours: ZeroDivisionError: a (details in ")
    assert "Traceback" in (tmp_path / "log" / "crash.txt").read_text()


def test_what_went_well_is_its_own_code():
    """Nothing is added."""
    assert guarded(lambda: 7, [], as_json=False) == 7
