"""How does a run begin? The records that tell an empty state its profile, instruments and cash."""

from engine.instruments import Instrument, definition_records
from engine.messages import TEXT, CashDeposited, FeeBalanceChanged, asset_of, encode, split
from engine.profile import Profile, parameter_records

E8 = 100_000_000


def opening_records(
    profile: Profile,
    instruments: list[Instrument],
    at_ns: int,
    flags: int = 0,
    fee_asset: str = "",
) -> list[bytes]:
    """The events of a fresh start, all at `at_ns`: parameters, instruments, then the cash.

    `flags` are the instruments': OUTSIDE where a real venue answers. `fee_asset` names the asset
    that it may take fees from beside quote and base; how much of it is held, the venue will say.
    """
    records = parameter_records(profile, at_ns)
    for number, instrument in enumerate(instruments):
        records += split(definition_records(number, instrument, at_ns, flags))
    cash_e8 = round(profile.values["account.cash"] * E8)
    records.append(encode(CashDeposited(0, at_ns, at_ns, cash_e8)))
    if fee_asset:
        records.append(encode(FeeBalanceChanged(0, at_ns, at_ns, asset_of(fee_asset), 0)))
    return records


def for_core(records: list[bytes]) -> list[bytes]:
    """Without the text that only people read."""
    return [record for record in records if record[4] != TEXT]
