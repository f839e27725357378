"""What do tests of the venue over the net share?"""

import pytest

from tests.venue_house import Client, serving


@pytest.fixture(scope="module")
def served():
    """A venue for the whole file."""
    with serving() as venue:
        yield venue


@pytest.fixture
def client(served):
    """Its customer."""
    return Client(served)
