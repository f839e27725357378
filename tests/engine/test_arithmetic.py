"""Are exp, log and tanh within 1 ulp of the truth, and the same bits compiled as in Python?"""

import importlib.util
import math
import random
import struct
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

from engine import arithmetic
from engine.arithmetic import exp, log, power_of_two, ratio, scaled, tanh

POINTS = 20_000  # a range; five ranges a function
SMALLEST, LARGEST = 5e-324, 1.7976931348623157e308
NORMAL = 2.2250738585072014e-308


@pytest.fixture(scope="module")
def compiled() -> ModuleType:
    """A copy of the module with every function compiled; the module itself is left alone."""
    numba = pytest.importorskip("numba")
    source = importlib.util.find_spec("engine.arithmetic")
    assert source is not None
    spec = importlib.util.spec_from_file_location("compiled_arithmetic", source.origin)
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    for name, function in list(vars(copy).items()):
        if isinstance(function, FunctionType):
            setattr(copy, name, numba.njit(error_model="numpy")(function))
    return copy


def neighbours(*values: float) -> Iterator[float]:
    """The values, and the floats next to them."""
    for value in values:
        yield from (math.nextafter(value, -math.inf), value, math.nextafter(value, math.inf))


def exp_points(rng: random.Random) -> list[float]:
    """Where exp has a finite result, the subnormal ones and the borders of its ranges included."""
    edges = neighbours(0.0, SMALLEST, NORMAL, 1.0, 709.782712893384, -708.3964185322641)
    return [
        *edges,
        *neighbours(*(number * math.log(2) / 2 for number in range(-2149, 2047))),
        *(rng.uniform(-745.13, 709.78) for _ in range(POINTS)),
        *(rng.uniform(-50.0, 50.0) for _ in range(POINTS)),
        *(rng.uniform(-1.0, 1.0) for _ in range(POINTS)),
        *(rng.choice((-1, 1)) * 10.0 ** rng.uniform(-320, 0) for _ in range(POINTS)),
        *(rng.uniform(-745.13, -708.0) for _ in range(POINTS)),
    ]


def log_points(rng: random.Random) -> list[float]:
    """Every magnitude a positive float can have, and what lies near 1."""
    return [
        *neighbours(NORMAL, 1.0, math.sqrt(0.5), math.sqrt(2), 2.0, 256.0, 2.0**32),
        *(SMALLEST, LARGEST, math.nextafter(LARGEST, 0.0)),
        *(math.ldexp(1.0, power) for power in range(-1074, 1024)),
        *(10.0 ** rng.uniform(-323.3, 308.25) for _ in range(POINTS)),
        *(rng.uniform(0.5, 2.0) for _ in range(POINTS)),
        *(1.0 + rng.choice((-1, 1)) * 10.0 ** rng.uniform(-16, -1) for _ in range(POINTS)),
        *(rng.uniform(0.0, 100_000.0) for _ in range(POINTS)),
        *(rng.randrange(1, 1 << 52) * SMALLEST for _ in range(POINTS)),
    ]


def tanh_points(rng: random.Random) -> list[float]:
    """Small, in the polynomial's range, around its end, and where 1 is near."""
    return [
        *neighbours(SMALLEST, NORMAL, 1e-9, 0.55, -0.55, 1.0, 19.06, 22.0, -22.0, 1000.0, LARGEST),
        *(rng.uniform(-24.0, 24.0) for _ in range(POINTS)),
        *(rng.uniform(-1.5, 1.5) for _ in range(POINTS)),
        *(rng.uniform(-0.56, 0.56) for _ in range(POINTS)),
        *(rng.choice((-1, 1)) * rng.uniform(0.5, 0.9) for _ in range(POINTS)),
        *(rng.choice((-1, 1)) * 10.0 ** rng.uniform(-323, 0) for _ in range(POINTS)),
    ]


FUNCTIONS = [("exp", exp, exp_points), ("log", log, log_points), ("tanh", tanh, tanh_points)]


def bits(value: float) -> bytes:
    """Eight bytes that tell 0.0 from -0.0 and NaN from NaN."""
    return struct.pack("<d", value)


@pytest.mark.parametrize(("name", "function", "points"), FUNCTIONS)
def test_within_one_ulp_of_the_truth(
    name: str, function: Callable[[float], float], points: Callable[[random.Random], list[float]]
) -> None:
    """No result is further from the true one than a unit in the last place of that."""
    libmp: Any = pytest.importorskip("mpmath.libmp")
    true_of = getattr(libmp, f"mpf_{name}")
    asked = points(random.Random(20_250_613))
    assert len(asked) >= 5 * POINTS

    worst, where = 0.0, 0.0
    for x in asked:
        true = true_of(libmp.from_float(x), 90)
        ulp = libmp.from_float(math.ulp(libmp.to_float(true)))
        away = libmp.mpf_sub(libmp.from_float(function(x)), true)
        ulps = abs(libmp.to_float(libmp.mpf_div(away, ulp, 53)))
        worst, where = max((worst, where), (ulps, x))

    assert worst <= 1.0, f"{name}({where!r}) is {worst} ulp off"


@pytest.mark.parametrize(("name", "function", "points"), FUNCTIONS)
def test_compiled_gives_the_same_bits(
    name: str,
    function: Callable[[float], float],
    points: Callable[[random.Random], list[float]],
    compiled: ModuleType,
) -> None:
    """What a machine code engine decides, a plain one decides too."""
    twin = getattr(compiled, name)
    extremes = [0.0, -0.0, 1e9, -1e9, LARGEST, -LARGEST, math.inf, -math.inf, math.nan]
    asked = [*points(random.Random(7)), *extremes]

    different = [x for x in asked if bits(function(x)) != bits(twin(x))]

    assert different == []


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (exp, 0.0, 1.0),
        (exp, -0.0, 1.0),
        (exp, 709.7827128933841, math.inf),
        (exp, 709.79, math.inf),
        (exp, LARGEST, math.inf),
        (exp, math.inf, math.inf),
        (exp, -745.1332191019411, SMALLEST),
        (exp, -745.1332191019412, 0.0),
        (exp, -745.14, 0.0),
        (exp, -LARGEST, 0.0),
        (exp, -math.inf, 0.0),
        (log, 1.0, 0.0),
        (log, 0.0, -math.inf),
        (log, -0.0, -math.inf),
        (log, math.inf, math.inf),
        (log, SMALLEST, -744.4400719213812),
        (log, LARGEST, 709.782712893384),
        (tanh, 0.0, 0.0),
        (tanh, -0.0, -0.0),
        (tanh, -SMALLEST, -SMALLEST),
        (tanh, 22.0, 1.0),
        (tanh, LARGEST, 1.0),
        (tanh, math.inf, 1.0),
        (tanh, -math.inf, -1.0),
    ],
)
def test_the_ends_of_each_function(
    function: Callable[[float], float], x: float, expected: float
) -> None:
    """Where the result is no longer a number to compute, it is the limit, with its sign."""
    assert bits(function(x)) == bits(expected)


@pytest.mark.parametrize(
    ("function", "x"),
    [(exp, math.nan), (log, math.nan), (tanh, math.nan), (log, -1.0), (log, -math.inf)],
)
def test_no_number_stays_none(function: Callable[[float], float], x: float) -> None:
    """NaN goes through, and the logarithm of what lies below zero is one."""
    assert math.isnan(function(x))


def test_tanh_is_odd() -> None:
    """A signal and its mirror image weigh the same, to the last bit."""
    asked = tanh_points(random.Random(3))

    assert [bits(tanh(-x)) for x in asked] == [bits(-tanh(x)) for x in asked]


def test_powers_of_two_are_exact(compiled: ModuleType) -> None:
    """Every power a float can be, infinite above and nothing below."""
    for exponent in range(-1074, 1024):
        expected = math.ldexp(1.0, exponent)
        assert power_of_two(exponent) == expected
        assert compiled.power_of_two(exponent) == expected

    assert [power_of_two(exponent) for exponent in (1024, 1 << 62)] == [math.inf, math.inf]
    assert [power_of_two(exponent) for exponent in (-1075, -(1 << 62))] == [0.0, 0.0]


def mantissa_of(x: float) -> tuple[int, int]:
    """A finite float as integer mantissa and exponent: the inverse of `scaled`."""
    exponent = max(math.frexp(x)[1] - 53, -1074)
    return int(math.ldexp(x, -exponent)), exponent


def test_a_float_comes_back_from_mantissa_and_exponent(compiled: ModuleType) -> None:
    """Parameters travel as two integers and arrive as the same number, whatever it is."""
    rng = random.Random(11)
    drawn = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(POINTS)]
    edges = [0.0, 0.1, 2.0, -2.5, SMALLEST, -SMALLEST, NORMAL, LARGEST, -LARGEST, 1e-310]

    for x in (number for number in drawn + edges if math.isfinite(number)):
        mantissa, exponent = mantissa_of(x)
        assert abs(mantissa) < 1 << 53
        assert -1074 <= exponent <= 1023
        assert scaled(mantissa, exponent) == x
        assert compiled.scaled(mantissa, exponent) == x


def test_a_ratio_to_nothing_is_nothing() -> None:
    """Dividing by zero is answered, not raised, and other divisions are exact."""
    assert ratio(3.0, 4.0) == 0.75
    assert ratio(3.0, 0.0) == 0.0
    assert ratio(3.0, -0.0) == 0.0


def test_constants_are_what_they_are_called() -> None:
    """ln 2 in two parts leaves room for eleven bits of exponent and misses little."""
    high, low = arithmetic.LN2_HIGH, arithmetic.LN2_LOW

    assert (high * 2.0**42).is_integer()
    assert high + low == math.log(2)
    assert (arithmetic.INFINITY, math.isnan(arithmetic.NOT_A_NUMBER)) == (math.inf, True)
