"""How much do we want? A fraction of equity, less what a breaker takes away."""

from math import floor

from engine.instruments import down_to, lots_for
from engine.layout import F, I, Parameter, block

PARAMETERS = block(
    fraction=Parameter(F, 0.095, 0.0, 1.0, "of equity", "Value of a new position."),
    lots_fixed=Parameter(I, 0, 0, 1_000_000_000, "lots", "If set, every entry has this quantity."),
    stop_loss=Parameter(
        F, 0.02, 0.0, 0.5, "of entry", "Distance of the protective stop; 0 places none."
    ),
)
MONEY_MAX = 4e18  # below 2^62, the bound of every money formula


def entry_lots(parameters, instrument, equity_e8, price, factor):
    """Lots of a new entry at `price` ticks; a fixed quantity is in the venue's own lots."""
    if parameters.lots_fixed > 0:
        return parameters.lots_fixed * max(instrument.lot_step, 1)
    wanted = equity_e8 * parameters.fraction * factor
    if wanted <= 0.0 or wanted >= MONEY_MAX:
        return 0
    return lots_for(instrument, int(floor(wanted)), price)


def stop_price(parameters, instrument, entry_price):
    """Trigger in ticks of the protective stop under an entry, where an order may stand."""
    distance = entry_price * parameters.stop_loss
    if distance <= 0.0 or distance >= float(entry_price):
        return 0
    return down_to(entry_price - int(floor(distance)), instrument.price_step)
