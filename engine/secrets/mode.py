"""Does the environment ask for real money? `TRADING_MODE` and what stands beside it decide.

A pure function of names and values; what it refuses is told without any value that may be secret.
"""

from collections.abc import Mapping

from engine.errors import Refused
from engine.secrets.handed import VARIABLE

MODE, SANDBOX = "TRADING_MODE", "EXCHANGE_SANDBOX"
API_KEY, SECRET = "EXCHANGE_API_KEY", "EXCHANGE_SECRET"
PREFIX = "SUPREME_"  # makes our own name of EXCHANGE_ ones, which beats the shorter one
PAPER, LIVE = "binance-paper", "binance-live"
YES, NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def profile_by_mode(environ: Mapping[str, str]) -> str:
    """The profile that mode and keys in the environment ask for; nothing where they ask for none.

    Real money needs all of it said: production, both keys, and that it is no sandbox. Refused (2)
    for what contradicts itself or says half, (4) for production that is not wholly meant.
    """
    mode = environ.get(MODE, "").strip().lower() or "paper"
    if mode not in ("paper", "production"):
        raise Refused(f"{MODE}={mode[:60]} is unknown", f"use paper or production, or unset {MODE}")
    sandbox = sandboxed(environ)
    is_handed = VARIABLE in environ  # an engine has them by its pipe, not by the environment
    lacking = [name for name in (API_KEY, SECRET) if not (is_handed or said(name, environ))]
    if mode == "production":
        return production(sandbox, lacking)
    if len(lacking) == 1:
        held = SECRET if lacking == [API_KEY] else API_KEY
        raise Refused(f"{held} is set, but not {lacking[0]}", "set both, or neither")
    if sandbox is False:
        raise Refused(
            f"{SANDBOX}=false asks for real money, {MODE} for paper",
            f"set {MODE}=production, or {SANDBOX}=true",
        )
    return "" if lacking and sandbox is None else PAPER


def production(sandbox: bool | None, lacking: list[str]) -> str:  # noqa: FBT001  three answers
    """The live profile; Refused (4) when real money is not wholly meant or has no keys."""
    if sandbox:
        raise Refused(
            f"{MODE}=production asks for real money, {SANDBOX}=true for none",
            f"set {SANDBOX}=false to trade real money, or {MODE}=paper",
            code=4,
        )
    if lacking:
        verb = "are" if lacking[1:] else "is"
        raise Refused(
            f"{MODE}=production, but {' and '.join(lacking)} {verb} not set",
            f"set {' and '.join(lacking)}, or run --profile {LIVE} with keys of supreme keys",
            code=4,
        )
    if sandbox is None:
        raise Refused(
            f"{MODE}=production, but {SANDBOX} is not set",
            f"set {SANDBOX}=false to trade real money, or {MODE}=paper",
            code=4,
        )
    return LIVE


def refuse_against_mode(environ: Mapping[str, str], *, real_money: bool) -> None:
    """Refused (4) where a profile, however it was named, trades for real what was said to be paper.

    A profile for paper under production is no danger, and may be tried there.
    """
    said_so = [f"{MODE}={environ[MODE].strip()}"] if environ.get(MODE, "").strip() else []
    if said_so and said_so[0].lower() != f"{MODE}=paper".lower():
        said_so = []
    if sandboxed(environ):
        said_so.append(f"{SANDBOX}={said(SANDBOX, environ)}")
    if real_money and said_so:
        raise Refused(
            f"the profile trades real money, and {' and '.join(said_so)} asks for none",
            f"use a profile for paper ({PAPER}), or unset what asks for it",
            code=4,
        )


def sandboxed(environ: Mapping[str, str]) -> bool | None:
    """Whether a sandbox is asked for; None where nobody says. Refused for another word."""
    word = said(SANDBOX, environ).lower()
    if not word:
        return None
    if word not in YES + NO:
        raise Refused(f"{SANDBOX}={word[:60]} is neither true nor false", f"set {SANDBOX}=true")
    return word in YES


def said(name: str, environ: Mapping[str, str]) -> str:
    """What a variable says, ours before the shorter name; an empty one says nothing."""
    return environ.get(PREFIX + name, "").strip() or environ.get(name, "").strip()
