"""What does the account take over that no fill tells? What is held, and what of it is not ours."""

from engine.execution.portfolio import carry_dust, is_flat, mark
from engine.instruments import notional_of, share_of


def correct(account, position, instrument, event, bid):
    """Take over what the venue holds: more is worth the bid it is seen at, less has cost its share.

    Lots (a) and what is beside them (b). Neither profit nor loss is made by it, and no cash moves.
    Less than nothing is not held.
    """
    before = position.lots
    was_flat = is_flat(position, instrument)
    position.lots += event.a
    position.dust_e8 += event.b
    carry_dust(position, instrument)
    if position.lots < 0:
        position.lots = 0
        position.dust_e8 = 0
    held = position.lots
    if held > before:
        position.cost_e8 += notional_of(instrument, bid, held - before)
    else:
        position.cost_e8 -= share_of(position.cost_e8, before - held, before)
    recount(account, position, instrument, was_flat, bid)
    mark(account, position, instrument, bid)


def recount(account, position, instrument, was_flat, bid):
    """A trade is open, or none is, though nothing was bought or sold."""
    is_now = is_flat(position, instrument)
    if was_flat and not is_now:
        position.trade_e8 = 0
        position.entry_price = bid
        account.open_positions += 1
    elif is_now and not was_flat:
        account.open_positions -= 1


def hold_aside(account, position, event):
    """More (or less) of what lies at the venue is somebody else's: base (a), quote (b)."""
    position.aside_e8 += event.a
    account.aside_e8 += event.b


def take_fee_balance(account, event):
    """So much more (b) of the asset named (a) is held; there is one such asset, not two."""
    if account.fee_asset != 0 and account.fee_asset != event.a:
        account.anomalies += 1
        return
    account.fee_asset = event.a
    account.fee_asset_e8 += event.b
