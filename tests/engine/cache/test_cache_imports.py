"""Who pays for the cache's packages? Only a process that asks for a tier which needs them."""

import subprocess
import sys

import pytest

from engine.cache.redis import Redis
from engine.cache.redis_address import Address
from engine.cache.values import Codec, required
from engine.errors import Refused

PACKAGES = ("msgspec", "hiredis", "redis", "asyncpg", "ssl")
SCRIPT = """
import sys
{}
print(*sorted(set(sys.modules) & set({!r})))
"""


def loaded_after(words: str) -> list[str]:
    """The packages a fresh interpreter has loaded after these words."""
    command = [sys.executable, "-c", SCRIPT.format(words, PACKAGES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    "words",
    [
        "import engine.cache.tier, engine.cache.values, engine.cache.redis_address",
        "import engine.cache.store, engine.cache.store_postgres",
        "import engine.cache.redis, engine.cache.redis_tier",
        "from engine.cache.store import Sqlite; Sqlite('/nowhere/c', str, lambda: 0).close()",
    ],
)
def test_the_modules_alone_load_no_package(words):
    """Not even those of the tier that is named: they come with the first of their objects."""
    assert [one for one in loaded_after(words) if one != "ssl"] == []


def test_an_engine_without_a_cache_loads_nothing_of_it():
    """What a start loads knows neither the packages nor a tier: the profile's keys alone."""
    words = (
        "import engine.runtime, engine.bootstrap\n"
        "found = {one for one in sys.modules if one.startswith('engine.cache.')}\n"
        "assert found == {'engine.cache.settings'}, found"
    )

    assert loaded_after(words) == []


@pytest.mark.parametrize("name", ["msgspec", "hiredis"])
def test_a_package_that_is_missing_is_named(monkeypatch, name):
    """In two lines, to whoever configured what needs it."""
    monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(Refused, match=f"{name} is missing"):
        required(name)
    with pytest.raises(Refused, match=r"\.\[cache\]"):
        Codec("any", int) if name == "msgspec" else Redis(Address(path="/x"), str, float)


def test_a_codec_loads_msgspec_and_no_more():
    """Values are packed without any client."""
    pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")
    words = "from engine.cache.values import Codec; Codec('any', int)"

    assert loaded_after(words) == ["msgspec"]
