"""Whose account is it, and who else trades there in our name? What ends an engine at once."""

from engine.errors import Refused
from engine.messages import uid_shown


def another_account(ours: int, theirs: int) -> Refused:
    """The refusal to go on with one account's journal on another account; by the venue's uids."""
    return Refused(
        f"this journal is of account {uid_shown(ours)} at the exchange, the API key of account "
        f"{uid_shown(theirs)}: nothing was taken over, and nothing ordered",
        "give a key of that account, or another --data-dir",
        code=4,
    )


def another_engine(name: str) -> Refused:
    """The refusal to trade beside an engine whose orders have our names."""
    return Refused(
        f"another engine trades with a copy of this journal on this account: order {name[:40]} "
        "is not of this one",
        "stop one of them; if the other is gone (this is its backup), cancel its open orders at "
        "the exchange by hand, then start again",
        code=4,
    )
