"""Is a switch or a selection read in every spelling a person may use, and refused in others?"""

import pytest

from engine.errors import Refused
from engine.profile import checked


@pytest.mark.parametrize(
    ("value", "number"),
    [(True, 1), (False, 0), ("true", 1), ("false", 0)],
)
def test_a_switch_is_a_word_of_toml_or_the_same_as_text(value, number):
    """`true` in the file, `=true` on the command line and in a variable."""
    assert checked("circuit_breaker.adaptive_mode", value) == number
    with pytest.raises(Refused, match="must be one of false, true"):
        checked("circuit_breaker.adaptive_mode", "on")


@pytest.mark.parametrize(
    ("value", "number"),
    [(["retry", "degrade"], 9), ("degrade, retry", 9), ([], 0), ("", 0), (["retry", "retry"], 1)],
)
def test_a_selection_is_some_of_its_names(value, number):
    """As a list in the file, between commas on the command line; in any order."""
    assert checked("error_recovery.strategies", value) == number


@pytest.mark.parametrize("value", ["pray", ["retry", "pray"], 3, True, None, [["retry"]]])
def test_a_selection_of_other_names_is_refused(value):
    """With those there are."""
    with pytest.raises(Refused, match="must be any of retry, restart, failover, degrade"):
        checked("error_recovery.strategies", value)
