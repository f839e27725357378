"""What do we own, and what did it earn? Exact, in integers of 1e-8 quote and whole lots."""

from math import floor

from engine.instruments import notional_of, share_of
from engine.layout import F, I, block
from engine.messages import BUY

POSITION = block(
    lots=I,
    cost_e8=I,  # paid for the lots held, without fees
    value_e8=I,  # at the bid
    entry_price=I,  # ticks of the newest entry fill
    opened_ns=I,
    trade_e8=I,  # realised less fees since the position was opened
    claimed_lots=I,  # promised to open sell orders
    stop_id=I,  # order id of the protective stop, 0 for none
    closing_id=I,
    entering_id=I,
    last_fill_id=I,  # the largest seen
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
    fees_e8=I,
    fills=I,
    wins=I,
    losses=I,
    open_positions=I,
    ended_order=I,  # 1 when the fact at hand ended an entry or an exit
    anomalies=I,  # fills that sold more than was held
)
# A fill told again, out of order too, is recognised while so many others followed it at most.
FILLS_REMEMBERED = 1024
MONEY_MAX = 4e18  # below 2^62, the bound of every money formula
REMEMBERED = block(count=I, ids=(I, FILLS_REMEMBERED), symbols=(I, FILLS_REMEMBERED))
# The newest fills, for whoever watches.
FILLS_KEPT = 32
KEPT_FILL = block(
    now_ns=I,
    symbol=I,
    side=I,
    lots=I,
    price=I,
    fee_e8=I,
    net_e8=I,  # what it earned after its fee; a purchase costs its fee
    order_id=I,
    asked=I,  # agent and cause of its order
    waited_ns=I,  # from the order to the fill
)
FILLS = block(count=I, table=(KEPT_FILL, FILLS_KEPT))


def is_repeated(remembered, position, number, fill_id):
    """Whether this symbol's fill was already counted; remembers it. A symbol of 0 is nobody's.

    A venue's ids grow: only one that does not needs a search among those remembered.
    """
    if fill_id <= position.last_fill_id:
        for place in range(FILLS_REMEMBERED):
            if remembered.ids[place] == fill_id and remembered.symbols[place] == number + 1:
                return True
    position.last_fill_id = max(position.last_fill_id, fill_id)
    place = remembered.count % FILLS_REMEMBERED
    remembered.count += 1
    remembered.ids[place] = fill_id
    remembered.symbols[place] = number + 1
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
    """Value one position at the bid we could sell to: equity must be reachable."""
    value = notional_of(instrument, bid, position.lots)
    account.value_e8 += value - position.value_e8
    position.value_e8 = value
    account.equity_e8 = account.cash_e8 + account.value_e8
    measure(account)


def forget_peak(account):
    """Drawdown counts anew from here: what an operator's reset means."""
    account.peak_e8 = account.equity_e8
    account.drawdown = 0.0


def apply_buy(account, position, fill, notional_e8):
    """A bought part: cash goes, lots and cost come."""
    if position.lots == 0:
        position.opened_ns = fill.received_ns
        position.trade_e8 = 0
        account.open_positions += 1
    account.cash_e8 -= notional_e8 + fill.d
    position.lots += fill.c
    position.cost_e8 += notional_e8
    position.entry_price = fill.b
    position.trade_e8 -= fill.d


def apply_sell(account, position, fill, notional_e8):
    """A sold part: its share of the cost becomes profit or loss; at zero the trade is closed."""
    if fill.c > position.lots:
        account.anomalies += 1
    cost = share_of(position.cost_e8, min(fill.c, position.lots), position.lots)
    account.cash_e8 += notional_e8 - fill.d
    account.realized_e8 += notional_e8 - cost
    position.trade_e8 += notional_e8 - cost - fill.d
    position.lots -= fill.c
    position.cost_e8 -= cost
    if position.lots == 0:
        account.open_positions -= 1
        count_trade(account, position.trade_e8)


def correct(account, position, instrument, lots, bid):
    """Take over what the venue holds: more is worth the bid it is seen at, less has cost its share.

    Neither profit nor loss is made by it, and no cash moves. Less than nothing is not held.
    """
    held = max(position.lots + lots, 0)
    if held > position.lots:
        position.cost_e8 += notional_of(instrument, bid, held - position.lots)
    else:
        gone = position.lots - held
        position.cost_e8 -= share_of(position.cost_e8, gone, position.lots)
    if position.lots == 0 and held > 0:
        position.trade_e8 = 0
        position.entry_price = bid
        account.open_positions += 1
    elif position.lots > 0 and held == 0:
        account.open_positions -= 1
    position.lots = held
    mark(account, position, instrument, bid)


def count_trade(account, net_e8):
    """A closed trade is a win only if it earned more than its fees."""
    if net_e8 > 0:
        account.wins += 1
    else:
        account.losses += 1


def apply_fill(account, position, instrument, fill, side):
    """A fill (b price, c lots, d fee) reaches cash, position and profit."""
    notional = notional_of(instrument, fill.b, fill.c)
    account.fills += 1
    account.fees_e8 += fill.d
    if side == BUY:
        apply_buy(account, position, fill, notional)
    else:
        apply_sell(account, position, fill, notional)
