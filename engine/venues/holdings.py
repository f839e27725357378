"""Where do the venue's balances and ours differ, and what tells the core so?

The venue has the last word on what is held: cash, the asset that pays fees, and of each symbol
whole lots and what lies beside them. An account that is shared holds more than we may trade: what
comes to it without us is held aside, and what goes is taken from there first.
"""

from typing import Any

from engine.messages import (
    AccountNamed,
    CashDeposited,
    FeeBalanceChanged,
    HeldAside,
    PositionCorrected,
    encode,
)
from engine.venues.asking import Held, Holding
from engine.venues.whose import another_account


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
    cash_e8 = holding.cash_e8 - held.cash_e8
    if held.aside_e8:
        cash_e8 -= held.aside_e8[0]
        beside = [more - part for more, part in zip(beside, held.aside_e8[1:], strict=True)]
        rows = zip(lots, beside, held.lot_e8, strict=True)
        whole = [divmod(count * lot + part, lot) for count, part, lot in rows]
        lots, beside = [one[0] for one in whole], [one[1] for one in whole]
    pairs = [one for pair in zip(lots, beside, strict=True) for one in pair]
    return (cash_e8, other_e8, *pairs)


def whose(holding: Holding, held: Held, now_ns: int) -> list[bytes]:
    """The record that names the account, once; Refused (4) where the journal is of another one."""
    if holding.uid in (0, held.uid):
        return []
    if held.uid:
        raise another_account(held.uid, holding.uid)
    return [encode(AccountNamed(0, now_ns, now_ns, holding.uid))]


def may_lack_trade(gap: tuple[int, ...]) -> bool:
    """Whether a trade that was not told could be the reason: it would have moved cash and base."""
    return gap[0] != 0 or any(gap[2:])


def held_in(state: Any, *, is_shared: bool = False) -> Held:
    """What a core's state says that we hold."""
    symbols = [state.symbols[number] for number in range(state.clock.symbols)]
    rows = [symbol.position for symbol in symbols]
    lots, dust_e8 = [row.lots for row in rows], [row.dust_e8 for row in rows]
    account = state.account
    held = Held(account.cash_e8, lots, dust_e8, account.fee_asset_e8, uid=account.uid)
    if not is_shared:
        return held
    aside_e8 = [account.aside_e8, *(row.aside_e8 for row in rows)]
    lot_e8 = [symbol.instrument.lot_e8 for symbol in symbols]
    return held._replace(aside_e8=aside_e8, lot_e8=lot_e8)


def corrections(gap: tuple[int, ...], held: Held, now_ns: int, fee_asset: int) -> list[bytes]:
    """The records that take a gap over."""
    cash_e8, other_e8, *pairs = gap
    facts: list[bytes] = []
    for symbol, (lots, dust_e8) in enumerate(zip(pairs[::2], pairs[1::2], strict=True)):
        if held.aside_e8:
            facts += base_moved(symbol, lots * held.lot_e8[symbol] + dust_e8, held, now_ns)
        elif lots or dust_e8:
            facts.append(encode(PositionCorrected(symbol, now_ns, now_ns, lots, dust_e8)))
    if other_e8:
        facts.append(encode(FeeBalanceChanged(0, now_ns, now_ns, fee_asset, other_e8)))
    if held.aside_e8 and cash_e8:
        aside_e8, cash_e8 = parted(cash_e8, held.aside_e8[0])
        facts += [encode(HeldAside(0, now_ns, now_ns, 0, aside_e8))] if aside_e8 else []
    if cash_e8:
        facts.append(encode(CashDeposited(0, now_ns, now_ns, cash_e8)))
    return facts


def base_moved(symbol: int, more_e8: int, held: Held, now_ns: int) -> list[bytes]:
    """Of a shared account's base there is so much more or less."""
    facts: list[bytes] = []
    aside_e8, ours_e8 = parted(more_e8, held.aside_e8[1 + symbol])
    if aside_e8:
        facts.append(encode(HeldAside(symbol, now_ns, now_ns, aside_e8, 0)))
    if ours_e8:
        lots, dust_e8 = divmod(ours_e8, held.lot_e8[symbol])
        facts.append(encode(PositionCorrected(symbol, now_ns, now_ns, lots, dust_e8)))
    return facts


def parted(more_e8: int, aside_e8: int) -> tuple[int, int]:
    """What of a change is of what is held aside, and what of ours: more is never ours."""
    others_e8 = max(more_e8, -aside_e8)
    return others_e8, more_e8 - others_e8
