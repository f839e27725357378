"""How does a run begin? The records that tell an empty state its profile, instruments and cash."""

from engine.instruments import Instrument, definition_records
from engine.messages import TEXT, CashDeposited, encode, split
from engine.profile import Profile, parameter_records

E8 = 100_000_000


def opening_records(
    profile: Profile, instruments: list[Instrument], at_ns: int, flags: int = 0
) -> list[bytes]:
    """The events of a fresh start, all at `at_ns`: parameters, instruments, then the cash.

    `flags` are the instruments': OUTSIDE where a real venue answers.
    """
    records = parameter_records(profile, at_ns)
    for number, instrument in enumerate(instruments):
        records += split(definition_records(number, instrument, at_ns, flags))
    cash_e8 = round(profile.values["account.cash"] * E8)
    records.append(encode(CashDeposited(0, at_ns, at_ns, cash_e8)))
    return records


def for_core(records: list[bytes]) -> list[bytes]:
    """Without the text that only people read."""
    return [record for record in records if record[4] != TEXT]
