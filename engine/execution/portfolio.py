"""What do we own, and what did it earn? Exact, in integers of 1e-8 quote and whole lots."""

from math import floor

from engine.instruments import BOUND, notional_of, share_of
from engine.layout import F, I, Parameter, block
from engine.messages import BUY, FEE_STEP, IN_BASE, IN_OTHER, IN_QUOTE

PARAMETERS = block(
    asset_rate=Parameter(
        F,
        *(0.0, 0.0, 1_000_000_000.0, "quote"),
        "One unit of another asset that pays fees, in results of trades; 0 leaves it out of them.",
    ),
)
POSITION = block(
    lots=I,
    cost_e8=I,  # paid for what is held, without fees
    value_e8=I,  # at the bid
    entry_price=I,  # ticks of the newest entry fill
    opened_ns=I,
    trade_e8=I,  # realised less fees since the position was opened
    claimed_lots=I,  # promised to open sell orders
    stop_id=I,  # order id of the protective stop, 0 for none
    closing_id=I,
    entering_id=I,
    last_fill_id=I,  # the largest seen
    aside_e8=I,  # of its base at the venue, and not ours to trade
    dust_e8=I,  # held beside the lots in 1e-8 of base, less than a lot: what fees in base leave
    refused_ns=I,  # when the newest sale of it all ended and had sold nothing
)
ACCOUNT = block(
    cash_e8=I,
    reserved_e8=I,  # promised to open buy orders
    value_e8=I,  # of all positions
    equity_e8=I,
    peak_e8=I,
    drawdown=F,
    deposits_e8=I,
    realized_e8=I,  # gross of fees
    fees_e8=I,  # in quote, and those in base at their fill's price
    fills=I,
    wins=I,
    losses=I,
    open_positions=I,
    ended_order=I,  # 1 when the fact at hand ended an entry or an exit
    anomalies=I,  # fills that sold more than was held
    aside_e8=I,  # of the quote currency at the venue, and not ours to trade
    fee_asset=I,  # name of the one other asset that pays fees, 0 until it is told
    fee_asset_e8=I,  # held of it
    fee_asset_paid_e8=I,  # fees paid in it
    uid=I,  # the venue's number of the account, 0 until it is told
)
# The fee of the fill at hand: what it takes from each asset, and what it is worth in quote.
FEE = block(side=I, quote_e8=I, base_e8=I, other_e8=I, worth_e8=I, beside_e8=I)
# A fill told again, out of order too, is recognised while so many others followed it at most.
FILLS_REMEMBERED = 1024
MONEY_MAX = 4e18  # below 2^62, the bound of every money formula
REMEMBERED = block(count=I, ids=(I, FILLS_REMEMBERED), orders=(I, FILLS_REMEMBERED))
# The newest fills, for whoever watches.
FILLS_KEPT = 32
KEPT_FILL = block(
    now_ns=I,
    symbol=I,
    side=I,
    lots=I,
    price=I,
    fee_e8=I,  # of the asset that `fee_in` says
    net_e8=I,  # what it earned after its fee; a purchase costs its fee
    order_id=I,
    asked=I,  # agent and cause of its order
    waited_ns=I,  # from the order to the fill
    fee_in=I,
)
FILLS = block(count=I, table=(KEPT_FILL, FILLS_KEPT))


def is_repeated(remembered, position, order_id, fill_id):
    """Whether this fill of an order was already counted; remembers it.

    A trade with ourselves fills two orders under one id, and a venue may number anew: an id alone
    tells nothing. A venue's ids grow: only one that does not needs a search among those remembered.
    """
    if fill_id <= position.last_fill_id:
        for place in range(min(remembered.count, FILLS_REMEMBERED)):
            if remembered.ids[place] == fill_id and remembered.orders[place] == order_id:
                return True
    position.last_fill_id = max(position.last_fill_id, fill_id)
    place = remembered.count % FILLS_REMEMBERED
    remembered.count += 1
    remembered.ids[place] = fill_id
    remembered.orders[place] = order_id
    return False


def keep_fill(fills, number, fill, side):
    """A place for the newest fill among those kept; its order's part is filled in by the caller."""
    kept = fills.table[fills.count % FILLS_KEPT]
    fills.count += 1
    kept.now_ns = fill.received_ns
    kept.symbol = number
    kept.side = side
    kept.lots = fill.c
    kept.price = fill.b
    kept.fee_e8 = fill.d
    kept.order_id = fill.a
    kept.asked = 0
    kept.waited_ns = 0
    kept.fee_in = 0
    return kept


def deposit(account, amount_e8):
    """Cash in or out; the peak moves with it, so that drawdown stays what it was."""
    before = account.equity_e8
    fallen = account.peak_e8 - before
    account.cash_e8 += amount_e8
    account.deposits_e8 += amount_e8
    account.equity_e8 += amount_e8
    share = float(fallen) / float(before) if before > 0 else 0.0
    kept = float(account.equity_e8) * share
    account.peak_e8 = account.equity_e8
    if 0.0 <= kept < MONEY_MAX:
        account.peak_e8 += int(floor(kept))
    measure(account)


def measure(account):
    """Drawdown from the peak, as a share of it."""
    account.peak_e8 = max(account.peak_e8, account.equity_e8)
    # Python divides whole numbers exactly and rounds once; compiled code rounds them first.
    peak = float(account.peak_e8)
    fallen = float(account.peak_e8 - account.equity_e8)
    account.drawdown = fallen / peak if peak > 0.0 else 0.0


def mark(account, position, instrument, bid):
    """Value one position at the bid we could sell to: equity must be reachable.

    So what is held beside whole lots is worth nothing until it fills one: nobody can sell it.
    """
    value = notional_of(instrument, bid, position.lots)
    account.value_e8 += value - position.value_e8
    position.value_e8 = value
    account.equity_e8 = account.cash_e8 + account.value_e8
    measure(account)


def forget_peak(account):
    """Drawdown counts anew from here: what an operator's reset means."""
    account.peak_e8 = account.equity_e8
    account.drawdown = 0.0


def worth_of_base(instrument, notional_e8, lots, amount_e8):
    """What 1e-8 of base are worth where lots traded for a notional; of more than these, as much."""
    if instrument.lot_e8 <= 0 or lots <= 0 or lots > BOUND // instrument.lot_e8:
        return 0
    base_e8 = lots * instrument.lot_e8
    return share_of(notional_e8, min(amount_e8, base_e8), base_e8)


def weigh_fee(fee, flags, parameters, instrument, fill):
    """What the fee of a fill (b price, c lots, d fee) takes from which asset, and its worth.

    In base it is worth its share of what traded, at the fill's own price. In another asset it is
    worth what the profile states, to the result of a trade alone: equity holds none of it.
    """
    kind = flags // FEE_STEP % 4
    fee.side = flags % 2
    fee.quote_e8 = fill.d if kind == IN_QUOTE else 0
    fee.base_e8 = fill.d if kind == IN_BASE else 0
    fee.other_e8 = fill.d if kind >= IN_OTHER else 0
    notional = notional_of(instrument, fill.b, fill.c)
    fee.worth_e8 = fee.quote_e8 + worth_of_base(instrument, notional, fill.c, fee.base_e8)
    beside = float(fee.other_e8) * parameters.asset_rate
    fee.beside_e8 = int(floor(beside)) if 0.0 <= beside < MONEY_MAX else 0


def is_remainder(position, instrument):
    """Whether less is held than the venue's own lot: nobody can sell it."""
    return 0 <= position.lots < max(instrument.lot_step, 1)


def is_flat(position, instrument):
    """Whether no trade is open; a remainder that an earlier one left has cost nothing."""
    if position.lots == 0 and position.dust_e8 == 0:
        return True
    return is_remainder(position, instrument) and position.cost_e8 == 0


def carry_dust(position, instrument):
    """Whole lots out of what is held beside them, or into it: it is less than a lot again."""
    if instrument.lot_e8 <= 0:
        return
    lots = position.dust_e8 // instrument.lot_e8
    position.lots += lots
    position.dust_e8 -= lots * instrument.lot_e8


def apply_buy(account, position, instrument, fill, notional_e8):
    """A bought part: cash goes, lots and cost come."""
    if is_flat(position, instrument):
        position.opened_ns = fill.received_ns
        position.trade_e8 = 0
        account.open_positions += 1
    account.cash_e8 -= notional_e8
    position.lots += fill.c
    position.cost_e8 += notional_e8
    position.entry_price = fill.b


def apply_sell(account, position, fill, notional_e8):
    """A sold part: its share of the cost becomes profit or loss."""
    if fill.c > position.lots:
        account.anomalies += 1
    cost = share_of(position.cost_e8, min(fill.c, position.lots), position.lots)
    account.cash_e8 += notional_e8
    account.realized_e8 += notional_e8 - cost
    position.trade_e8 += notional_e8 - cost
    position.lots -= fill.c
    position.cost_e8 -= cost


def pay_fee(account, position, instrument, fee):
    """A fee goes from its asset; what it takes of the base takes its worth of the cost along."""
    account.cash_e8 -= fee.quote_e8
    account.fees_e8 += fee.worth_e8
    account.fee_asset_e8 -= fee.other_e8
    account.fee_asset_paid_e8 += fee.other_e8
    position.trade_e8 -= fee.worth_e8 + fee.beside_e8
    position.cost_e8 -= fee.worth_e8 - fee.quote_e8
    position.dust_e8 -= fee.base_e8
    carry_dust(position, instrument)


def close_trade(account, position):
    """The last lot went: what remains of less has cost nothing, its worth was lost with it."""
    account.realized_e8 -= position.cost_e8
    position.trade_e8 -= position.cost_e8
    position.cost_e8 = 0
    account.open_positions -= 1
    count_trade(account, position.trade_e8)


def count_trade(account, net_e8):
    """A closed trade is a win only if it earned more than its fees."""
    if net_e8 > 0:
        account.wins += 1
    else:
        account.losses += 1


def apply_fill(account, position, instrument, fill, fee):
    """A fill (b price, c lots) and its fee reach cash, position and profit."""
    notional = notional_of(instrument, fill.b, fill.c)
    account.fills += 1
    if fee.side == BUY:
        apply_buy(account, position, instrument, fill, notional)
        pay_fee(account, position, instrument, fee)
        return
    was_flat = is_flat(position, instrument)
    apply_sell(account, position, fill, notional)
    pay_fee(account, position, instrument, fee)
    if is_remainder(position, instrument) and not was_flat:
        close_trade(account, position)
