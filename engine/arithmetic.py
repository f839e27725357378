"""How are exp, log and tanh computed so that every machine gets the same bits?

Only + - * /, comparisons and exact conversions between int and float: IEEE 754 fixes each result.
The argument is split by exact powers of two, and what is left goes through a polynomial: minimax
coefficients for that range, from a Remez exchange at 60 digits. Results are within 1 ulp of true.
"""

INFINITY = float("inf")
NOT_A_NUMBER = float("nan")

TWO_62, PER_TWO_62 = float(1 << 62), 1.0 / float(1 << 62)
TWO_32, PER_TWO_32 = float(1 << 32), 1.0 / float(1 << 32)
TWO_8, PER_TWO_8 = 256.0, 1.0 / 256.0

# ln 2 in two parts: the high one has 42 bits, so that its product with an exponent is exact.
LN2_HIGH, LN2_LOW, PER_LN2 = 0.6931471805598903, 5.497923018708371e-14, 1.4426950408889634
ROOT_HALF, ROOT_TWO = 0.7071067811865476, 1.4142135623730951

# Beyond these the result is infinite, 0.0, x itself, in the polynomial's range, or 1.0.
EXP_OVERFLOWS, EXP_VANISHES = 709.79, -745.14
TANH_TINY, TANH_NEAR, TANH_ONE = 1e-9, 0.55, 22.0


def ratio(part: float, whole: float) -> float:
    """`part / whole`, and 0.0 where there is no whole."""
    if whole == 0.0:
        return 0.0
    return part / whole


def power_of_two(exponent: int) -> float:
    """2 to the `exponent`, exactly, from -1074 to 1023; infinite above, 0.0 below."""
    if exponent > 1023:
        return INFINITY
    if exponent < -1074:
        return 0.0
    power = 1.0
    while exponent > 62:
        power *= TWO_62
        exponent -= 62
    while exponent < -62:
        power *= PER_TWO_62
        exponent += 62
    if exponent < 0:
        return power * (PER_TWO_62 * float(1 << (exponent + 62)))
    return power * float(1 << exponent)


def scaled(mantissa: int, exponent: int) -> float:
    """`mantissa` * 2 to the `exponent`, exactly; |mantissa| < 2**53, -1074 <= exponent <= 1023."""
    return float(mantissa) * power_of_two(exponent)


def exp(x: float) -> float:
    """e to the `x`: infinite above 709.78, 0.0 below -745.13, NaN of NaN."""
    if x != x:
        return x
    if x > EXP_OVERFLOWS:
        return INFINITY
    if x < EXP_VANISHES:
        return 0.0
    exponent = nearest_exponent(x)
    high = x - exponent * LN2_HIGH
    low = exponent * LN2_LOW
    rest = high - low
    power = 1.0 + (rest + (((high - rest) - low) + exp_tail(rest)))
    # 2**1024 and 2**-1075 are no floats, their products with `power` may be: go there in two steps.
    if exponent > 1023:
        return power * 2.0 * power_of_two(exponent - 1)
    if exponent < -1074:
        return power * 0.5 * power_of_two(exponent + 1)
    return power * power_of_two(exponent)


def log(x: float) -> float:
    """The natural logarithm: minus infinity of 0, NaN below 0 and of NaN."""
    if x != x or x < 0.0:
        return NOT_A_NUMBER
    if x == 0.0:
        return -INFINITY
    if x == INFINITY:
        return x
    exponent = 0
    if x < ROOT_HALF or x > ROOT_TWO:
        while x < 1.0:
            x *= TWO_32
            exponent -= 32
        while x >= TWO_32:
            x *= PER_TWO_32
            exponent += 32
        while x >= TWO_8:
            x *= PER_TWO_8
            exponent += 8
        while x > ROOT_TWO:
            x *= 0.5
            exponent += 1
    return log_near_one(x - 1.0, float(exponent))


def tanh(x: float) -> float:
    """The hyperbolic tangent: odd, -1.0 to 1.0, NaN of NaN."""
    if x != x:
        return x
    size = abs(x)
    if size < TANH_TINY:
        return x
    if size < TANH_NEAR:
        return x + x * tanh_tail(x * x)
    away = 1.0
    if size < TANH_ONE:
        away = tanh_away(size)
    if x < 0.0:
        return -away
    return away


def nearest_exponent(x: float) -> int:
    """The power of two nearest to e**x, which leaves at most ln 2 / 2 of x; |x| < 1000."""
    if x < 0.0:
        return int(x * PER_LN2 - 0.5)
    return int(x * PER_LN2 + 0.5)


def exp_tail(x: float) -> float:
    """e**x - 1 - x for |x| <= ln 2 / 2."""
    square = x * x
    even = 2.7631339257254873e-07
    even = even * square + 2.4801489787245882e-05
    even = even * square + 0.0013888888947154563
    even = even * square + 0.04166666666651494
    even = even * square + 0.5000000000000013
    odd = 2.5117914145925393e-08
    odd = odd * square + 2.75572161359608e-06
    odd = odd * square + 0.0001984126991756424
    odd = odd * square + 0.008333333333307123
    odd = odd * square + 0.166666666666667
    return square * (even + x * odd)


def log_near_one(x: float, exponent: float) -> float:
    """log(1 + x) + exponent * ln 2 for 1 + x from sqrt(1/2) to sqrt(2).

    With s = x / (2 + x), log(1 + x) = 2 atanh(s) = x - (h - s * (h + r)), where h = x * x / 2 and
    r = 2 (atanh(s) - s) / s: x is exact and the rest small, so little is lost in rounding.
    """
    s = ratio(x, 2.0 + x)
    square = s * s
    r = 0.14797506933260762
    r = r * square + 0.15313903333723994
    r = r * square + 0.1818356973608216
    r = r * square + 0.2222219847606584
    r = r * square + 0.2857142874326171
    r = r * square + 0.399999999994111
    r = r * square + 0.6666666666666735
    half = 0.5 * x * x
    rest = half - (s * (half + r * square) + exponent * LN2_LOW)
    return exponent * LN2_HIGH - (rest - x)


def tanh_tail(square: float) -> float:
    """tanh(x) / x - 1 from x * x, for |x| <= 0.55."""
    tail = -1.950799944801169e-05
    tail = tail * square + 8.333950404195021e-05
    tail = tail * square - 0.00023339875978079948
    tail = tail * square + 0.0005884517097027459
    tail = tail * square - 0.0014555447232689081
    tail = tail * square + 0.003592092342523921
    tail = tail * square - 0.008863232634555804
    tail = tail * square + 0.021869488388026225
    tail = tail * square - 0.05396825396384225
    tail = tail * square + 0.13333333333326772
    tail = tail * square - 0.333333333333333
    return tail * square


def tanh_away(x: float) -> float:
    """tanh(x) = 1 - 2 / (e**2x + 1) for x from 0.55 to 22.

    e**2x carries what its rounding lost (`lost`), or the result would be 1.5 ulp off near 0.55.
    """
    x = 2.0 * x
    exponent = nearest_exponent(x)
    high = x - exponent * LN2_HIGH
    low = exponent * LN2_LOW
    rest = high - low
    tail = ((high - rest) - low) + exp_tail(rest)
    above = rest + tail
    power = 1.0 + above
    lost = ((1.0 - power) + above) + ((rest - above) + tail)
    scale = power_of_two(exponent)
    power *= scale
    whole = power + 1.0
    lost = lost * scale + ((power - whole) + 1.0)
    share = ratio(2.0, whole)
    away = 1.0 - share
    return away + (((1.0 - away) - share) + 0.5 * share * share * lost)
