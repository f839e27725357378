"""Which faults does an engine meet, and what is promised in each? A row a scenario."""

from validators.degrade import database, disk, exchange, outside, process, shared_cache
from validators.degrade.exchange_place import absent as no_exchange
from validators.degrade.outcome import Scenario

DATABASE = "decisions go on at their pace; no row is lost, the checkpoint is reached; no restart"
SHARED = "each page of history is right and soon there, decisions go on; Redis is used again"
ACCOUNT = "no order twice, no fill lost, nothing unknown, balances as there to 1e-8; it trades on"
SAME = "same state as an undisturbed run"

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "postgres-stopped", "PostgreSQL crashes and starts again",
        DATABASE, database.stopped, database.absent,
    ),
    Scenario(
        "postgres-frozen", "PostgreSQL is stopped by SIGSTOP and goes on",
        DATABASE, database.frozen, database.absent,
    ),
    Scenario(
        "postgres-slow", "the line delays every chunk by 300 ms",
        DATABASE, database.slow, database.absent,
    ),
    Scenario(
        "postgres-resets", "the line resets every connection",
        DATABASE, database.resetting, database.absent,
    ),
    Scenario(
        "postgres-truncates", "answers end after 700 bytes",
        DATABASE, database.truncating, database.absent,
    ),
    Scenario(
        "postgres-silent", "the line swallows every byte",
        DATABASE, database.silent, database.absent,
    ),
    Scenario(
        "redis-disconnect", "the line to Redis resets every connection",
        SHARED, shared_cache.disconnected, shared_cache.absent,
    ),
    Scenario(
        "redis-stopped", "Redis crashes and starts again, empty",
        SHARED, shared_cache.stopped, shared_cache.absent,
    ),
    Scenario(
        "redis-restarted", "Redis is gone for a moment, and empty",
        SHARED, shared_cache.restarted, shared_cache.absent,
    ),
    Scenario(
        "redis-frozen", "Redis is stopped by SIGSTOP and goes on",
        SHARED, shared_cache.frozen, shared_cache.absent,
    ),
    Scenario(
        "redis-flushed", "somebody empties Redis",
        SHARED, shared_cache.flushed, shared_cache.absent,
    ),
    Scenario(
        "redis-slow", "the line delays every chunk by 300 ms",
        SHARED, shared_cache.slow, shared_cache.absent,
    ),
    Scenario(
        "redis-truncates", "answers end after 400 bytes",
        SHARED, shared_cache.truncating, shared_cache.absent,
    ),
    Scenario(
        "redis-silent", "the line swallows every byte",
        SHARED, shared_cache.silent, shared_cache.absent,
    ),
    Scenario(
        "disk-full", "a small disk is filled to its last blocks",
        "entries are paused by the engine, exits go on, room and resume bring entries back",
        disk.full, disk.unmountable,
    ),
    Scenario(
        "disk-fails", "fdatasync answers EIO",
        "the engine exits 4, acknowledges nothing after; all that was acknowledged is there",
        disk.failing, disk.untraceable,
    ),
    Scenario(
        "disk-slow", "each fdatasync takes 400 ms longer",
        f"orders wait for their sync, none is lost; {SAME}", disk.slow, disk.untraceable,
    ),
    Scenario(
        "clock-jumps", "the engine's wall clock moves a day ahead, two back, and home",
        f"decisions go on; {SAME}", process.clock_jumps, process.no_compiler,
    ),
    Scenario(
        "exchange-simulated", "time-outs, lost, late and doubled words, in virtual time",
        "money and orders as at the exchange, nothing unknown, no order sent twice",
        outside.lies, outside.anywhere,
    ),
    Scenario(
        "exchange-timeout", "no order is answered, half of them take effect",
        ACCOUNT, exchange.timing_out, no_exchange,
    ),
    Scenario(
        "exchange-lies", "5xx for orders, events lost, doubled, late, out of turn",
        ACCOUNT, exchange.lying, no_exchange,
    ),
    Scenario(
        "exchange-disconnect", "every connection is reset, none is to be had for 10 s",
        f"its market is doubted; {ACCOUNT}", exchange.disconnected, no_exchange,
    ),
    Scenario(
        "exchange-silent", "streams say nothing, then REST neither",
        f"REST is polled, then nothing is sent; {ACCOUNT}", exchange.silent, no_exchange,
    ),
    Scenario(
        "exchange-ban", "429 for our address, then a ban (418)",
        f"both are waited out; {ACCOUNT}", exchange.banned, no_exchange,
    ),
    Scenario(
        "exchange-clock", "the exchange's clock jumps 30 s ahead, and back",
        f"its time is asked anew, nothing is bought till both agree; {ACCOUNT}",
        exchange.off_the_clock, no_exchange,
    ),
    Scenario(
        "exchange-halt", "the symbol is halted for 10 s",
        ACCOUNT, exchange.halted, no_exchange,
    ),
    Scenario(
        "market-silent", "a recording with gaps of five minutes",
        "heartbeats go on, no entry on a stale price", outside.silence, outside.anywhere,
    ),
    Scenario(
        "memory-short", "the engine gets no page more than it has",
        f"it goes on, or ends with two lines and a whole journal; {SAME}",
        process.squeezed, outside.anywhere,
    ),
    Scenario(
        "engine-killed", "kill -9, three times, then once after an acknowledged pause",
        f"all that was told is there; {SAME}", process.killed, outside.anywhere,
    ),
    Scenario(
        "engine-frozen", "SIGSTOP for three seconds, then SIGCONT",
        f"it catches up with its market; {SAME}", process.frozen, outside.anywhere,
    ),
)  # fmt: skip
