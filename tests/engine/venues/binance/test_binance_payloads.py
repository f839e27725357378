"""Is every documented and recorded payload read, or refused by a named reason?"""

import json
from pathlib import Path
from typing import Any

from engine.venues.asking import (
    ASK_FILLS,
    ASK_HOLDING,
    ASK_ORDER,
    CANCEL,
    CANCELED,
    EXPIRED,
    FILLED,
    OPEN,
    SUBMIT,
    Holding,
    Seen,
    Silence,
    Trade,
    Trades,
)
from engine.venues.binance import reasons
from engine.venues.binance.account import Account
from engine.venues.binance.books import Books
from engine.venues.binance.naming import Names
from engine.venues.binance.rules import (
    Rules,
)
from tests.engine.venues.binance.desk import (
    KEY,
    Line,
    eth_rules,
    filters,
    submit,
)

E8 = 100_000_000


class Loose(Names):
    """Names under which every order of the documents is one of ours, number 1."""

    def order_of(self, name: str) -> int:
        """Number 1, whatever its name."""
        return 1 if name else 0


def wide_rules(symbol: str) -> Rules:
    """Rules that let any quantity and price pass."""
    base, quote = symbol[:-4], symbol[-4:]
    if symbol.endswith(("BTC", "BNB")):
        base, quote = symbol[:-3], symbol[-3:]
    steps = filters(
        LOT_SIZE={"minQty": "0", "maxQty": "90000", "stepSize": "0.000001"},
        PRICE_FILTER={"minPrice": "0", "maxPrice": "0", "tickSize": "0.00000100"},
    )
    names = {"symbol": symbol, "baseAsset": base, "quoteAsset": quote}
    return eth_rules(**names, filters=steps)


def line_for(symbol: str) -> Line:
    """A line that trades one symbol, where every order is ours."""
    line = Line(rules=wide_rules(symbol))
    line.account = Account(KEY, Books([wide_rules(symbol)], Loose("0badcafe", 7, 1)))
    line.connect(1)
    return line


def documented(shared: Path, name: str) -> list[dict[str, Any]]:
    """The examples of one page."""
    found = json.loads((shared / "exchange_fixtures/binance_docs" / f"{name}.json").read_text())
    return list(found)


def recorded(shared: Path) -> dict[str, Any]:
    """Every payload of the other adapter's tests, by its name."""
    folder = shared / "exchange_fixtures/nautilus_binance_spot"
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*/*.json"))}


def ask_for(line: Line, verb: int) -> None:
    """A request of a kind, about order 1."""
    if verb == SUBMIT:
        line.submit(submit(lots=10_000_000, price=4_000_000_000))
    else:
        line.ask(verb, 1)


def heard_for(verb: int, symbol: str, value: Any) -> list[Any]:
    """What an answer says to a request of a kind."""
    line = line_for(symbol)
    line.books.learn(1, 0, value[0]["orderId"] if verb == ASK_FILLS else 0)
    ask_for(line, verb)
    return [answer for _, answer in line.reply(line.only(), value)]


def test_documented_order_answers_say_what_became_of_the_order(shared):
    """ACK, RESULT and FULL of a new order; a cancel; a question."""
    told = {row["line"]: row["value"] for row in documented(shared, "rest-api")}

    assert heard_for(SUBMIT, "BTCUSDT", told[2204]) == [Seen(1, OPEN)]
    assert heard_for(SUBMIT, "BTCUSDT", told[2215]) == [Seen(1, FILLED, 10_000_000)]
    full = heard_for(SUBMIT, "BTCUSDT", told[2237])
    assert [one.fill_id for one in full[:-1]] == [56, 57, 58, 59, 60]
    assert full[0] == Trade(1, 0, 1, 4_000_000_000, 1_000_000, 400_000_000, 56)
    assert full[-1] == Seen(1, FILLED, 10_000_000)
    assert heard_for(CANCEL, "LTCBTC", told[2409]) == [Seen(1, CANCELED, 0)]
    assert heard_for(ASK_ORDER, "LTCBTC", told[4260]) == [Seen(1, OPEN, 0)]


def test_documented_trades_and_balances_are_what_they_say(shared):
    """A commission of another asset; free and locked."""
    told = {row["line"]: row["value"] for row in documented(shared, "rest-api")}

    (trades,) = heard_for(ASK_FILLS, "BNBBTC", told[4614])
    line = line_for("LTCBTC")
    line.ask(ASK_HOLDING)
    line.reply(line.only(), told[4310])
    ((_, holding),) = line.reply(line.only(), told[4195])

    assert isinstance(trades, Trades)
    assert [(one.fill_id, one.price, one.lots) for one in trades.trades] == [
        (28457, 4_000_001, 12_000_000)
    ]
    assert isinstance(holding, Holding)
    assert holding.cash_e8 == 472_384_689_208_129
    assert holding.open_ids == (1,)


def test_documented_and_recorded_events_are_read(shared):
    """Every event of the account's stream, wrapped as it comes."""
    told = [row["value"] for row in documented(shared, "user-data-stream")]
    told += [one for name, one in recorded(shared).items() if "event" in one or "e" in one]
    kinds = []
    for value in told:
        event = value.get("event", value)
        line = line_for(event.get("s", "ETHUSDT"))
        heard = line.event(**event)
        kinds.append((event["e"], event.get("X"), [type(one) for _, one in heard]))
        assert not [note for note in line.books.notes if note.startswith("unreadable")]

    assert ("executionReport", "NEW", [Seen]) in kinds
    assert ("executionReport", "FILLED", [Trade, Seen]) in kinds
    assert ("executionReport", "EXPIRED", [Seen]) in kinds
    assert {kind for kind, _, heard in kinds if not heard} == {
        *("outboundAccountPosition", "balanceUpdate", "listStatus"),
        *("eventStreamTerminated", "externalLockUpdate"),
    }


def test_every_documented_answer_to_any_request_is_read_or_refused_by_a_name(shared):
    """Whatever comes for whatever was asked: words, or silence with a reason."""
    values = [row["value"] for row in documented(shared, "rest-api")]
    values += list(recorded(shared).values())
    for verb in (SUBMIT, CANCEL, ASK_ORDER, ASK_FILLS, ASK_HOLDING):
        for value in values:
            line = line_for("LTCBTC")
            line.books.learn(1, 0, 1)
            line.books.missed[1] = None  # the venue numbers anew
            ask_for(line, verb)
            sent = line.only()
            before = len(line.books.notes)
            heard = [answer for _, answer in line.reply(sent, value)]
            asks_on = bool(line.account.courier.waiting)
            named = len(line.books.notes) > before
            assert heard or asks_on
            assert named or Silence() not in heard


def test_every_documented_error_is_a_definite_no_or_silence(shared):
    """And only what may have been carried out is silence."""
    told = json.loads((shared / "exchange_fixtures/binance_docs/errors.json").read_text())
    silent = {
        row["code"]
        for row in told["codes"]
        for message in row["messages"]
        if not reasons.is_definite(400, row["code"], message)
    }
    texts = [row[0] for row in told["message_tables"]]
    doubtful = [text for text in texts if not reasons.is_definite(400, -2010, text)]

    assert silent == {-1000, -1001, -1006, -1007, -1008, -1016, -2021, -2022}
    assert doubtful == ["Duplicate order sent."]


def test_an_expired_order_of_a_recording_is_expired(shared):
    """With nothing traded, for lack of liquidity."""
    event = recorded(shared)["execution_report_expired"]

    ((_, seen),) = line_for("ETHUSDT").event(**event)

    assert seen == Seen(1, EXPIRED, 0)
