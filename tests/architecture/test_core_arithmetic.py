"""Does the core compute in the one way that gives the same bits everywhere?"""

import importlib
from typing import Any

import pytest

from engine.core import CORE
from tests.architecture.core_rules import complaints, functions_of

# Files that hold more than the core: only these of their functions are compiled.
MIXED: dict[str, set[str]] = {
    "engine.instruments": {
        "notional_of",
        "fee_of",
        "share_of",
        "share_by_bits",
        "lots_for",
        "down_to",
        "common_divisor",
        "define",
        "limit",
    },
    "engine.state": {"set_parameter"},
}
# Functions that are written by a function (private, as all that runs at import).
GENERATED = {
    "engine.state": "_setter",
    "engine.execution.orders": "_table_source",
    "engine.strategy.agents.registry": "_asking",
}

HEAD = """
from math import sqrt, floor
from engine.layout import F, I, Parameter, block
LENGTH = 20
EMPTY = 0
PARAMETERS = block(
    period=Parameter(I, 14, 2, 200, "bars", "Never 0."),
    width=Parameter(F, 0.0, 0.0, 1.0, "", "May be 0."),
)
COPY = block(clock=block(kind=I, flags=I))
"""


def sources_of_core() -> dict[str, str]:
    """The core's files as text, generated functions included."""
    found = {}
    for name in CORE:
        module = importlib.import_module(name)
        with open(str(module.__file__)) as file:
            found[name] = file.read()
        if name in GENERATED:
            found[name] += "\n\n" + getattr(module, GENERATED[name])() + "\n"
    return found


def is_edge(key: str) -> bool:
    """Whether a function of a core file stays plain Python for ever."""
    module, _, name = key.rpartition(".")
    return name.startswith("_") or (module in MIXED and name not in MIXED[module])


def said_of(body: str) -> list[str]:
    """The complaints about a snippet: functions under a head with constants and blocks."""
    source = HEAD + body
    space: dict[str, Any] = {"__name__": "snippet"}
    exec(compile(source, "snippet", "exec"), space)
    return [line.partition(": ")[2] for line in complaints({"snippet": source}, {"snippet": space})]


def test_the_core_keeps_to_its_arithmetic():
    """Every function that decides is made of what plain and compiled Python agree on."""
    sources = sources_of_core()
    spaces = {name: vars(importlib.import_module(name)) for name in CORE}
    edges = frozenset(key for key in functions_of(sources) if is_edge(key))

    assert complaints(sources, spaces, edges) == []


def test_the_list_of_the_core_names_no_compiler():
    """The list is read by an engine that has no numba."""
    with open(str(importlib.import_module("engine.core").__file__)) as file:
        assert "import numba" not in file.read()


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("return x ** 2.0", "Pow"),
        ("return sum(x)", "sum"),
        ("return round(x, 2)", "round"),
        ("return pow(x, 2.0)", "pow"),
        ("return divmod(1, 2)", "divmod"),
        ("return undeclared(x)", "undeclared"),
        ("return x.bit_length()", "own name"),
        ("return max(x, 1.0, 2.0)", "two numbers"),
        ("return min(own.a, x, key=abs)", "keyword"),
        ("return own.ring[0]", "index"),
        ("own.ring[-1] = x", "index"),
        ("return 1 if x > 0.0 else 0.0", "mixed"),
        ("return max(1, 2.0)", "mixed"),
        ("a = 0\n    a = 1.0\n    return a", "mixed"),
        ("a = 0\n    a += x / 2.0\n    return a", "mixed"),
        ("if x > 0.0:\n        return 1\n    return 0.0", "mixed"),
        ("return event.flags + 1", "unsigned"),
        ("kind = event.kind\n    return kind * 2", "unsigned"),
        ("return -event.symbol", "unsigned"),
        ("own.total += event.check", "unsigned"),
        ("try:\n        return x\n    finally:\n        pass", "Try"),
        ("raise ValueError", "Raise"),
        ("assert x > 0.0", "Assert"),
        ("with own:\n        return x", "With"),
        ("return (lambda: x)", "Lambda"),
        ("return [y for y in own.ring]", "ListComp"),
        ("def inner():\n        return 1\n    return x", "FunctionDef"),
        ("return (x, x)", "Tuple"),
        ("return [x]", "List"),
        ("return {x: x}", "Dict"),
        ("return 'text'", "not a number"),
        ("return f'{x}'", "JoinedStr"),
        ("return None", "not a number"),
        ("for y in own.ring:\n        own.total += y", "range"),
        ("a = b = x\n    return a + b", "target"),
        ("import math\n    return math.sqrt(x)", "imports math"),
        ("from math import exp\n    return x", "math.exp"),
        ("del own.total", "Delete"),
        ("return x in own.ring", "In"),
        ("global y\n    y = x", "Global"),
    ],
)
def test_what_differs_is_refused(statement, word):
    """Each forbidden form, alone in a function, is found and named."""
    said = said_of(f"def step(own, event, x):\n    {statement}\n")

    assert any(word in line for line in said), said


@pytest.mark.parametrize("given", ["x=1.0", "*x", "**x", "*, x", "x, /"])
def test_parameters_are_plain(given):
    """numba and C know positional parameters only."""
    assert "parameters are not allowed" in " ".join(said_of(f"def step({given}):\n    return 1\n"))


def test_decorators_are_refused():
    """Under a decorator no function is what it seems."""
    assert "decorators are not allowed" in said_of("@staticmethod\ndef step(x):\n    return x\n")


UNGUARDED = [
    "return 1.0 / x",
    "return 5 // own.n",
    "return 5 % own.n",
    "return 1.0 / EMPTY",
    "return 1.0 / (x + 1.0)",
    "return 1.0 / parameters.width",
    "own.total /= x",
    "if x >= 0.0:\n        return 1.0 / x\n    return 0.0",
    "if x > 0.0 or own.n > 0:\n        return 1.0 / x\n    return 0.0",
    "if x > 0.0:\n        x = own.total\n        return 1.0 / x\n    return 0.0",
    "if own.n > 0:\n        own.n -= 1\n        return 5 // own.n\n    return 0",
    "if own.n > 0:\n        reset(own)\n        return 5 // own.n\n    return 0",
    "a = own.part\n    if a.n > 0:\n        reset(own)\n        return 5 // a.n\n    return 0",
    "if x > 0.0:\n        own.total = 1.0\n    return 1.0 / x",
    "if x > 0.0:\n        while own.n > 0:\n            x -= 1.0 / x\n    return x",
    "return 1.0 / x if x >= 0.0 else 0.0",
    "return 5 // (own.n - 1) if own.n > 0 else 0",
    "return halved(own.n)",
    "return int(x)",
    "return int(floor(x))",
    "return int(x) if x > 0.0 else 0",
    "return int(x * own.total) if 0.0 < x < 1.0 else 0",
    "return int(own.total / x) if 0.0 < x < 1.0 else 0",
]
GUARDED = [
    "return x / 2.0",
    "return 5 % LENGTH",
    "return 1.0 / (x * x + 1.0)",
    "return 1.0 / (2.0 + abs(x))",
    "return 1.0 / parameters.period",
    "return 1.0 / max(x, 0.5)",
    "if x == 0.0:\n        return 0.0\n    return 1.0 / x",
    "if x <= 0.0 or own.n <= 0:\n        return 0.0\n    return own.n % own.n / x",
    "if not x > 0.0:\n        return 0.0\n    return 1.0 / x",
    "if own.n > 0 and 5 // own.n > 1:\n        return 1\n    return 0",
    "return 1.0 / x if x > 0.0 else 0.0",
    "if own.high <= own.low:\n        return 0.0\n    return 1.0 / (own.high - own.low)",
    "own.n = max(own.n, 1)\n    return 5 // own.n",
    "while own.n >= 1:\n        own.total += 5 // own.n\n        own.n -= 1",
    "for i in range(LENGTH):\n        own.total += 1.0 / (i + 1)",
    "return halved(own.n + 1) if own.n >= 0 else 0",
    "return int(x) if 0.0 <= x < 1e9 else 0",
    "if x < -1e9 or x > 1e9:\n        return 0\n    return int(floor(x * 3.0 + 0.5))",
    "return int(max(x, 0.0) / 2.0) if x < 1e9 else 0",
    "return event.flags & 1",
    "return clock.flags + 1",
]
CALLED = """
def reset(own):
    own.n = 0

def halved(n):
    return 5 // n

"""


@pytest.mark.parametrize("statement", UNGUARDED)
def test_an_unguarded_divisor_or_cast_is_refused(statement):
    """Compiled, a division by zero is silent; a cast of a huge float gives any number at all."""
    said = said_of(f"{CALLED}def step(own, event, clock, parameters, x):\n    {statement}\n")

    assert any("unguarded" in line or "unchecked" in line for line in said), said


@pytest.mark.parametrize("statement", GUARDED)
def test_a_guarded_divisor_or_cast_is_accepted(statement):
    """What a reader can see is safe needs no further words."""
    step = f"def step(own, event, clock, parameters, x):\n    {statement}\n"
    called = CALLED if "halved" in statement else ""

    assert said_of(called + step) == []
