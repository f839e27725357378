"""Where do the venue's balances and ours differ, and what tells the core so?

The venue has the last word on what is held: cash, the asset that pays fees, and of each symbol
whole lots and what lies beside them.
"""

from typing import Any

from engine.messages import CashDeposited, FeeBalanceChanged, PositionCorrected, encode
from engine.venues.asking import Held, Holding


def gap_to(holding: Holding, held: Held, fee_asset: int) -> tuple[int, ...]:
    """What the venue has more: cash, the other asset, then of each symbol lots and 1e-8 of base.

    Of what it does not say nothing differs, nor of another asset that has no name here (0).
    """
    ours = held.dust_e8 or (0,) * len(held.lots)
    theirs = holding.dust_e8 or ours
    lots = [there - here for there, here in zip(holding.lots, held.lots, strict=True)]
    beside = [there - here for there, here in zip(theirs, ours, strict=True)]
    other_e8 = 0
    if holding.fee_asset_e8 is not None and fee_asset:
        other_e8 = holding.fee_asset_e8 - held.fee_asset_e8
    pairs = [one for pair in zip(lots, beside, strict=True) for one in pair]
    return (holding.cash_e8 - held.cash_e8, other_e8, *pairs)


def may_lack_trade(gap: tuple[int, ...]) -> bool:
    """Whether a trade that was not told could be the reason: it would have moved cash and base."""
    return gap[0] != 0 or any(gap[2:])


def held_in(state: Any) -> Held:
    """What a core's state says that we hold."""
    rows = [state.symbols[number].position for number in range(state.clock.symbols)]
    lots, dust_e8 = [row.lots for row in rows], [row.dust_e8 for row in rows]
    return Held(state.account.cash_e8, lots, dust_e8, state.account.fee_asset_e8)


def corrections(gap: tuple[int, ...], now_ns: int, fee_asset: int) -> list[bytes]:
    """The records that take a gap over."""
    cash_e8, other_e8, *pairs = gap
    facts: list[bytes] = []
    for symbol, (lots, dust_e8) in enumerate(zip(pairs[::2], pairs[1::2], strict=True)):
        if lots or dust_e8:
            facts.append(encode(PositionCorrected(symbol, now_ns, now_ns, lots, dust_e8)))
    if other_e8:
        facts.append(encode(FeeBalanceChanged(0, now_ns, now_ns, fee_asset, other_e8)))
    if cash_e8:
        facts.append(encode(CashDeposited(0, now_ns, now_ns, cash_e8)))
    return facts
