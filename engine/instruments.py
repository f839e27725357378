"""What may be traded, and in what steps? The one door between decimal text and integers.

Inside, a price is a number of ticks, a quantity a number of lots, money a number of 1e-8 quote.
The functions down to `limit` are the compiled core's; the rest opens and guards the door.
"""

from typing import NamedTuple

from engine.errors import Refused
from engine.layout import F, I, block
from engine.messages import SYMBOL_NAME, InstrumentDefined, InstrumentLimited, encode, texts_of

INSTRUMENT = block(
    tick_e8=I,  # 0 until the instrument is defined
    lot_e8=I,
    value_numerator=I,  # one lot for one tick is worth numerator / denominator of 1e-8 quote
    value_denominator=I,
    lots_min=I,
    lots_max=I,
    market_lots_max=I,
    notional_min_e8=I,
    price_min=I,  # ticks
    price_max=I,
    price_step=I,  # ticks: prices of orders are multiples of it; 0 was never told, and is 1
    lot_step=I,  # lots: so are quantities of orders
    tick=F,  # quote
    lot=F,  # base
)
E8 = 100_000_000
PPM = 1_000_000
BOUND = 4_611_686_018_427_387_904  # 2^62: no intermediate of a money formula may pass it
STEP_MAX = 1_000_000_000  # units in a venue's step: profile keys in lots times it are below 2^62
HALF_BOUND = 2_305_843_009_213_693_952  # 2^61

# The largest intermediate of each money formula, as a product of an instrument's fields. `fee_of`
# never passes a tenth of its notional, and `share_of` holds for any amounts up to 2^61.
BOUNDS = (
    ("define", ("tick_e8", "lot_e8")),
    ("notional_of", ("price_max", "lots_max", "value_numerator")),
    ("lots_for", ("price_max", "value_numerator", "value_denominator")),
    ("worth_of_base", ("lots_max", "lot_e8")),
)


def notional_of(instrument, price, lots):
    """What lots are worth at a price, in 1e-8 of quote, rounded down: the venue's rule."""
    if instrument.value_denominator <= 0:
        return 0
    return price * lots * instrument.value_numerator // instrument.value_denominator


def fee_of(notional_e8, rate_ppm):
    """The fee on a notional, rounded half up to 1e-8."""
    rest = notional_e8 % PPM
    return notional_e8 // PPM * rate_ppm + (rest * rate_ppm + 500_000) // PPM


def share_of(amount, part, whole):
    """floor(amount * part / whole) for 0 <= part <= whole, exact whatever the product."""
    if whole <= 0 or part <= 0:
        return 0
    rest = amount % whole
    if rest <= BOUND // part:
        return amount // whole * part + rest * part // whole
    return amount // whole * part + share_by_bits(rest, part, whole)


def share_by_bits(rest, part, whole):
    """floor(rest * part / whole) for rest, part <= whole <= 2^61, one bit of `part` at a time."""
    if whole <= 0:
        return 0
    place = HALF_BOUND
    share = 0
    carried = 0
    while place > 0:
        carried += carried
        share += share
        if part >= place:
            part -= place
            carried += rest
        share += carried // whole
        carried = carried % whole
        place = place // 2
    return share


def lots_for(instrument, notional_e8, price):
    """The most lots of one order that are worth no more than a notional at this price."""
    unit = price * instrument.value_numerator
    denominator = instrument.value_denominator
    if unit <= 0 or denominator <= 0 or notional_e8 <= 0:
        return 0
    if notional_e8 // unit >= BOUND // denominator:
        return instrument.lots_max
    rest = notional_e8 % unit
    lots = notional_e8 // unit * denominator + (rest * denominator + denominator - 1) // unit
    return min(lots, instrument.lots_max)


def down_to(amount, step):
    """The largest multiple of a step in an amount."""
    if step <= 1:
        return amount
    return amount - amount % step


def common_divisor(first: int, second: int) -> int:
    """The greatest common divisor of two numbers, the second not negative."""
    while second > 0:
        rest = first % second
        first = second
        second = rest
    return first


def define(instrument, event):
    """Take an InstrumentDefined; one beyond the bounds leaves the symbol undefined."""
    instrument.tick_e8 = 0
    instrument.price_max = 0
    if event.a <= 0 or event.b <= 0 or event.b > BOUND // event.a or event.d < 0:
        return
    value = event.a * event.b
    divisor = max(common_divisor(value, E8), 1)
    instrument.value_numerator = value // divisor
    instrument.value_denominator = E8 // divisor
    instrument.tick_e8 = event.a
    instrument.lot_e8 = event.b
    instrument.lots_min = max(event.c, 1)
    instrument.lots_max = event.d
    instrument.market_lots_max = event.d
    instrument.notional_min_e8 = max(event.e, 0)
    instrument.tick = event.a / 100000000.0
    instrument.lot = event.b / 100000000.0


def limit(instrument, event):
    """Take an InstrumentLimited; until one within the bounds came, no price is sane."""
    largest = max(instrument.lots_max, instrument.value_denominator)
    if event.b <= 0 or largest <= 0 or instrument.value_numerator <= 0:
        return
    if event.b > BOUND // largest // instrument.value_numerator:
        return
    if event.d > STEP_MAX or event.e > STEP_MAX:
        return
    instrument.price_min = max(event.a, 0)
    instrument.price_max = event.b
    instrument.market_lots_max = min(max(event.c, 0), instrument.lots_max)
    instrument.price_step = max(event.d, 1)
    instrument.lot_step = max(event.e, 1)


def e8_of(text: object) -> int:
    """Decimal text (or a Decimal) as a whole number of 1e-8; ValueError if that is not exact."""
    mantissa, mark, exponent = str(text).strip().lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    unsigned = digits[1:] if digits[:1] in ("-", "+") else digits
    if not (unsigned.isascii() and unsigned.isdigit()) or len(digits) > 40:
        raise ValueError(f"{str(text)[:40]!r} is not a number")
    shift = 8 - len(fraction) + (int(exponent) if mark else 0)
    if abs(shift) > 40:
        raise ValueError(f"{str(text)[:40]!r} is not a number of this world")
    kept, lost = (digits, "") if shift >= 0 else (digits[:shift], unsigned[shift:])
    if lost.strip("0"):
        raise ValueError(f"{str(text)[:40]!r} is finer than 1e-8")
    return int(kept.rstrip("+-") or "0") * int("1" + "0" * max(shift, 0))


def text_of_e8(value_e8: int, step_e8: int) -> str:
    """A number of 1e-8 in plain notation, with the decimals a step of `step_e8` needs."""
    step = f"{step_e8 % E8:08d}".rstrip("0")
    sign, size = "-" if value_e8 < 0 else "", abs(value_e8)
    fraction = f"{size % E8:08d}"[: len(step)]
    return f"{sign}{size // E8}.{fraction}" if fraction else f"{sign}{size // E8}"


def steps_of(amount: object, step_e8: int, what: str) -> int:
    """A decimal amount as whole steps; ValueError if it lies between two."""
    steps, rest = divmod(e8_of(amount), step_e8)
    if rest:
        raise ValueError(f"{amount} is not a multiple of the {what} {text_of_e8(step_e8, step_e8)}")
    return steps


class Instrument(NamedTuple):
    """A symbol's filters, exact: tick and lot in 1e-8, prices in ticks, quantities in lots.

    Where a venue's own steps are coarser, orders stand on multiples of `price_step`, `lot_step`.
    """

    name: str
    base: str
    quote: str
    tick_e8: int
    lot_e8: int
    lots_min: int
    lots_max: int
    market_lots_max: int
    notional_min_e8: int
    price_min: int
    price_max: int
    price_step: int = 1
    lot_step: int = 1

    @property
    def value_numerator(self) -> int:
        """Of what one lot for one tick is worth, in 1e-8 of quote."""
        return self.tick_e8 * self.lot_e8 // common_divisor(self.tick_e8 * self.lot_e8, E8)

    @property
    def value_denominator(self) -> int:
        """Of what one lot for one tick is worth, in 1e-8 of quote."""
        return E8 // common_divisor(self.tick_e8 * self.lot_e8, E8)

    def counted_in(self, tick_e8: int, lot_e8: int) -> "Instrument":
        """The same instrument in a tick and a lot that divide its own."""
        ticks, lots = self.tick_e8 // tick_e8, self.lot_e8 // lot_e8
        return self._replace(
            tick_e8=tick_e8,
            lot_e8=lot_e8,
            lots_min=self.lots_min * lots,
            lots_max=self.lots_max * lots,
            market_lots_max=self.market_lots_max * lots,
            price_min=self.price_min * ticks,
            price_max=self.price_max * ticks,
            price_step=self.price_step * ticks,
            lot_step=self.lot_step * lots,
        )

    def ticks_of(self, price: object) -> int:
        """A price in text or Decimal as ticks; ValueError if it lies between two."""
        return steps_of(price, self.tick_e8, "tick")

    def lots_of(self, quantity: object) -> int:
        """A quantity in text or Decimal as lots; ValueError if it lies between two."""
        return steps_of(quantity, self.lot_e8, "lot")

    def volume_e8_of(self, volume: object) -> int:
        """A market volume in text or Decimal as 1e-8 of base; it need not be whole lots."""
        return e8_of(volume)

    def price_text(self, ticks: int) -> str:
        """Ticks as a venue writes them: plain notation, the tick's decimals."""
        return text_of_e8(ticks * self.tick_e8, self.tick_e8)

    def quantity_text(self, lots: int) -> str:
        """Lots as a venue writes them: plain notation, the lot's decimals."""
        return text_of_e8(lots * self.lot_e8, self.lot_e8)


def refuse_beyond_bounds(instrument: Instrument) -> None:
    """Refused if any money formula could pass 2^62 with this instrument's prices and sizes."""
    for formula, factors in BOUNDS:
        largest = 1
        for factor in factors:
            largest *= getattr(instrument, factor)
        if not 0 < largest <= BOUND:
            raise Refused(
                f"{instrument.name}: {' * '.join(factors)} is {largest:.3g}, and must be positive "
                f"and at most 2^62 for {formula} to be exact.",
                "Change tick, lot, price_max or quantity_max in the instruments file.",
            )


def definition_records(number: int, instrument: Instrument, at_ns: int, flags: int = 0) -> bytes:
    """The records by which an engine learns of symbol `number`: its name, steps and limits."""
    refuse_beyond_bounds(instrument)
    stamp = (number, at_ns, at_ns)
    steps = (instrument.tick_e8, instrument.lot_e8)
    lots = (instrument.lots_min, instrument.lots_max)
    limits = (instrument.price_min, instrument.price_max, instrument.market_lots_max)
    coarser = [one if one > 1 else 0 for one in (instrument.price_step, instrument.lot_step)]
    defined = InstrumentDefined(*stamp, *steps, *lots, instrument.notional_min_e8, flags)
    names = texts_of(instrument.name, SYMBOL_NAME, number, at_ns)
    return b"".join([*names, encode(defined), encode(InstrumentLimited(*stamp, *limits, *coarser))])
