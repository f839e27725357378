"""How does a journal read: its records as lines, its verdict in words, its profile as a file?"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from engine.errors import Refused
from engine.folding import is_reached
from engine.journal.damage import Damaged, open_end
from engine.journal.folded import Folding, begun_from, is_ours
from engine.journal.measuring import Segment
from engine.journal.recovery import chunks
from engine.journal.restoring import left_behind
from engine.journal.verification import Whole
from engine.messages import (
    LABEL,
    OPERATOR,
    PACKED,
    PARAMETER_NAME,
    REASON,
    RECORD_SIZE,
    SYMBOL_NAME,
    TEXT,
    decode,
)
from engine.profile import ALL_KEYS, as_toml
from engine.started import Settings, settings_of
from engine.state import KEYS
from supreme_cli.replay import nanoseconds

E8 = 100_000_000
SAYS = {
    SYMBOL_NAME: "symbol", OPERATOR: "operator", REASON: "reason",
    PARAMETER_NAME: "parameter", LABEL: "label",
}  # fmt: skip
COLUMNS = "sequence,kind,flags,symbol,time_ns,received_ns,a,b,c,d,e"

Bound = tuple[str, int]  # "sequence" or "received_ns", and its value


def moment(option: str, text: str) -> Bound:
    """A bound of an export: a sequence, or a UTC time. Refused when it is neither."""
    if text.isdigit():
        return "sequence", int(text)
    try:
        return "received_ns", nanoseconds(text)
    except Refused as refused:
        fix = "write a sequence, or a time as 2025-06-01T12:00:00"
        raise Refused(f"{option} {text} is neither a sequence nor a time", fix) from refused


def exported(
    segments: tuple[Segment, ...],
    between: tuple[Bound, Bound],
    words: tuple[str, Callable[[int, bytes], str]],
    done: Callable[[int], object],
) -> Iterator[str]:
    """Lines of the records from one bound up to before another."""
    head, line = words
    if head:
        yield f"{head}\n"
    (since_is, since), (until_is, until) = between
    for first, chunk in chunks(segments, since if since_is == "sequence" else 0):
        for sequence, record in numbered(first, chunk):
            at = {"sequence": sequence, "received_ns": int.from_bytes(record[16:24], "little")}
            if at[until_is] >= until:
                return
            if at[since_is] >= since:
                yield f"{line(sequence, record)}\n"
        done(len(chunk) // RECORD_SIZE)


def numbered(first: int, chunk: Any) -> Iterable[tuple[int, bytes]]:
    """Each record of a chunk with its sequence."""
    for at in range(0, len(chunk), RECORD_SIZE):
        yield first + at // RECORD_SIZE, bytes(chunk[at : at + RECORD_SIZE])


def as_json_line(sequence: int, record: bytes) -> str:
    """One record, decoded; a kind that this build does not know by its number and raw bytes."""
    if record[4] == TEXT:
        text = record[24:].rstrip(b"\0").decode(errors="replace")
        return json.dumps({"sequence": sequence, "kind": "Text", "symbol": record[6],
                           "says": SAYS.get(record[5], record[5]), "text": text})  # fmt: skip
    try:
        message = decode(record)
    except ValueError:
        return json.dumps({"sequence": sequence, "kind": record[4], "raw": record[4:].hex()})
    return json.dumps({"sequence": sequence, "kind": type(message).__name__, **message._asdict()})


def as_csv_line(sequence: int, record: bytes) -> str:
    """One record's fields as numbers."""
    return ",".join(map(str, (sequence, *PACKED.unpack(record)[1:])))


EXPORTS = {"jsonl": ("", as_json_line), "csv": (COLUMNS, as_csv_line)}


def profile_in(home: str, whole: Whole, native: Any) -> str:
    """The settings of the last start in a journal, as a complete file without secrets.

    Where the engine could not keep them, what the journal knows: the core's keys, as they are in
    use at its end. Of a journal of other code without them only that can be said.
    """
    who = whole.segments[-1].header.identity
    if not is_ours(who):
        kept = settings_of(home, who.journal_id)
        unread = "The journal is of other code: the supreme that wrote it can read its profile."
        return as_toml(kept.values, kept.opening, kept.texts) if kept else f"# {unread}\n"
    state, epoch = folded(whole, native)
    started = settings_of(home, who.journal_id, epoch)
    if started is None:
        values: dict[str, Any] = {key: row.default for key, row in ALL_KEYS.items()}
        values |= {key: value_in(state, key) for key in KEYS}
        values["journal.segment_bytes"] = whole.segments[-1].header.segment_size
        first = f"What journal {who.journal_id.hex()} knows; the other keys are the usual ones."
        started = Settings(first, values, {})
    # What the account began with, whatever a later start asked for.
    cash = state.account.deposits_e8 / E8
    return as_toml(started.values | {"account.cash": cash}, started.opening, started.texts)


def folded(whole: Whole, native: Any) -> tuple[Any, int]:
    """The state at the end of a journal of ours, and the epoch of its last start."""
    usable = [one for one in whole.good() if is_ours(one) and is_reached(one, whole)]
    core, kept, since = begun_from(usable[-1] if usable else whole.base(), native)
    folding = Folding(core, whole.ours_from)
    for first, chunk in chunks(whole.segments, since):
        kept.read(chunk)
        folding.take(first, chunk)
    return core.state, kept.epoch - 1


def value_in(state: Any, key: str) -> Any:
    """The value of a core's key that is in use."""
    value = state.parameters
    for part in key.split("."):
        value = getattr(value, part)
    return value


def facts_of(home: str, whole: Whole, at_work: str) -> dict[str, Any]:
    """What a whole journal holds; beside an engine at work its end says nothing."""
    return {
        "data_dir": home,
        "whole": True,
        "records": whole.end - whole.first,
        "first": whole.first,
        "end": whole.end,
        "proved": whole.proved,
        "left_open": whole.left_open and not at_work,
        "unfinished_bytes": 0 if at_work else whole.unfinished_bytes,
        "unfinished_restores": left_behind(home),
        "engine": at_work or None,
        "segments": len(whole.segments),
        "snapshots": [one._asdict() for one in whole.checkpoints],
    }


def facts_of_damage(home: str, refused: Refused) -> dict[str, Any]:
    """What is wrong, and where if that is known."""
    place: dict[str, Any] = {"file": None, "record": None, "sequence": None}
    if isinstance(refused, Damaged):
        place["file"] = refused.path
    if isinstance(refused, Damaged) and refused.record >= 0:
        place |= {"record": refused.record, "sequence": refused.sequence}
    damage = {"what": refused.what, "fix": refused.fix, **place}
    return {"data_dir": home, "whole": False, "damage": damage}


def told_removal(facts: dict[str, Any]) -> str:
    """What a compaction comes to."""
    what = f"{facts['removed_files']} files, {facts['removed_bytes'] / 1e6:,.1f} MB"
    return f"{what}; the journal begins with record {facts['first']:,} then"


def told_whole(facts: dict[str, Any]) -> str:
    """A verdict: what is whole, and what of it is used."""
    lines = [f"whole: {facts['records']:,} records in {facts['segments']} files"]
    if facts["first"]:
        lines[0] += f", from sequence {facts['first']:,} on: what came before was removed"
    if facts["unfinished_bytes"]:
        lines.append(f"an unfinished write of {facts['unfinished_bytes']} bytes at the end: "
                     "the next start cuts it")  # fmt: skip
    if facts["left_open"]:
        lines.append(open_end(facts["end"], facts["proved"]))
    lines += [f"{path} is of a restore that was killed: the next one removes it"
              for path in facts["unfinished_restores"]]  # fmt: skip
    lines += [
        f"snapshot at {one['sequence']:,}: {one['fault'] or 'good'}" for one in facts["snapshots"]
    ]
    if facts["engine"]:
        lines.append(f"engine {facts['engine']} is at work: what it writes meanwhile is not told")
    if facts["state_digest"]:
        lines.append(f"replayed, state digest {facts['state_digest']}")
    return "\n".join(lines)


def told_of_keys(keys: list[dict[str, str]]) -> str:
    """Which API keys a backup knows of, and that it has none of them; nothing without any."""
    names = ", ".join(f"{row['name']} ({row['venue']}, {row['fingerprint']})" for row in keys)
    return f"\nkeys there were, not in the backup: {names}; supreme keys add" if keys else ""
