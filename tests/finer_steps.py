"""In what other steps could a symbol come? Drawn finer ones, with orders on coarser ones."""

from random import Random
from typing import Any

from engine.errors import Refused
from engine.instruments import Instrument
from engine.other_steps import within_bounds


def finer_one(draw: Random, one: Instrument, known: Any) -> Instrument:
    """The instrument in finer steps; as it was where amounts of the state's symbol were too large.

    Its orders stand on multiples that need not divide anything.
    """
    ticks, lots = [
        draw.choice([part for part in (1, 2, 5, 10) if step % part == 0])
        for step in (one.tick_e8, one.lot_e8)
    ]
    price_step, lot_step = draw.choice((1, 3, ticks)), draw.choice((1, 3, lots))
    finer = one.counted_in(one.tick_e8 // ticks, one.lot_e8 // lots)
    finer = finer._replace(price_step=price_step, lot_step=lot_step)
    try:
        return within_bounds(finer, known)
    except Refused:
        return one
