"""Which calls answer a request, and what do their results say? One request may need several.

A question that fails is silence, never a refusal; an order or a cancel is refused only where the
venue said so for certain. Nothing here sends an order again.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine.messages import decode
from engine.venues.asking import (
    ABSENT,
    ASK_FILLS,
    ASK_HOLDING,
    ASK_ORDER,
    CANCEL,
    CANCELED,
    SUBMIT,
    Answer,
    Refusal,
    Request,
    Seen,
    Silence,
    Trades,
)
from engine.venues.binance import reasons, requests
from engine.venues.binance.answers import (
    account_in,
    fills_in,
    holding_of,
    open_in,
    order_in,
    trades_in,
)
from engine.venues.binance.books import Books, keep
from engine.venues.binance.reading import Unreadable, rows_of
from engine.venues.binance.requests import Call
from engine.venues.whose import another_engine

Heard = tuple[int, Answer]  # the number of the request, or 0 for what comes by itself
PAGES_MAX = 64


class Question:
    """A request on its way to its answer; `number` 0 for one of the adapter's own."""

    def __init__(self, request: Request, asked_ns: int) -> None:
        self.request, self.number, self.verb = request, request.number, request.verb
        self.asked_ns = asked_ns
        self.call: Call | None = None  # what is asked next, or was asked last
        self.sent_ns = 0
        self.line = 0
        self.retried = False  # after the venue refused our time
        self.name = ""  # what the order is looked for by
        self.names: list[str] = []  # it may still be called so
        self.venue_id = 0
        self.pages = 0
        self.open_ids: tuple[int, ...] = ()


class Step(NamedTuple):
    """What a result says, and what must be asked before the request is answered."""

    heard: list[Heard]
    call: Call | None = None


def begin(question: Question, books: Books) -> Step:
    """The first call of a request, or what keeps it from being made."""
    request = question.request
    if request.verb == SUBMIT:
        return begin_order(question, books)
    if request.verb == ASK_HOLDING:
        single = len(books.rules) == 1
        symbol = books.rules[0].instrument.name if single else ""
        return Step([], requests.open_orders(symbol))
    known = books.known.get(request.order_id)
    symbol_number = known.symbol if known else request.symbol
    if not 0 <= symbol_number < len(books.rules):
        return Step([(question.number, refusal_of(question, reasons.SYMBOL_UNKNOWN))])
    canceled = request.order_id in books.canceled
    if known:
        question.venue_id = known.venue_id
    else:
        question.names = books.names.candidates(request.order_id, canceled=canceled)
    if request.verb == CANCEL:
        books.cancels(request.order_id)
    return next_name(question, books)


def begin_order(question: Question, books: Books) -> Step:
    """A new order, if it passes the venue's filters."""
    order = decode(question.request.record)
    if not 0 <= order.symbol < len(books.rules):
        return Step([(question.number, Refusal(reasons.SYMBOL_UNKNOWN))])
    reason = books.sends(order, question.asked_ns)
    if reason:
        books.note(f"order {order.order_id}: {reasons.words_of(reason)}")
        return Step([(question.number, Refusal(reason))])
    name = books.names.name(order.order_id)
    books.names.sent(order.order_id)
    return Step([], requests.place(order, books.rules[order.symbol], name))


def next_name(question: Question, books: Books) -> Step:
    """Ask for the order by the venue's id, or by the next of its names."""
    request = question.request
    known = books.known.get(request.order_id)
    symbol = books.rules[known.symbol if known else request.symbol].instrument.name
    if not question.venue_id and not question.names:
        return Step([(question.number, refusal_of(question, reasons.NO_SUCH_ORDER))])
    question.name = question.names.pop(0) if question.names else ""
    name = question.name or books.names.name(request.order_id)
    if question.verb == CANCEL:
        return Step([], requests.cancel(symbol, question.venue_id, name))
    if question.verb == ASK_FILLS and question.venue_id:
        return Step([], requests.trades_of(symbol, question.venue_id))
    return Step([], requests.order_status(symbol, question.venue_id, name))


def refusal_of(question: Question, reason: int) -> Answer:
    """A definite no: to a question it says nothing."""
    return Refusal(reason) if question.verb in (SUBMIT, CANCEL) else Silence()


def place_result(question: Question, result: object, books: Books) -> Step:
    """The order stands as this says; its trades come first."""
    told = order_in(result, books)
    if told.order_id != question.request.order_id:
        raise Unreadable(f"the answer is of order {told.order_id}, not of this one")
    heard: list[Heard] = [(0, trade) for trade in fills_in(told, result, books)]
    return Step([*heard, (question.number, told.seen)])


def order_result(question: Question, result: object, books: Books) -> Step:
    """A cancel or a question found the order."""
    told = order_in(result, books)
    if told.is_earlier:
        return not_found(question, reasons.NO_SUCH_ORDER, books)
    if told.order_id != question.request.order_id:
        raise Unreadable(f"the answer is of order {told.order_id}, not of this one")
    if question.verb == ASK_FILLS:
        question.venue_id = told.venue_id
        symbol = books.rules[told.symbol].instrument.name
        return Step([(0, told.seen)], requests.trades_of(symbol, told.venue_id))
    return Step([(question.number, told.seen)])


def fills_result(question: Question, result: object, books: Books) -> Step:
    """A page of an order's trades; a full one has another behind it."""
    call = question.call
    if call is None or call.method != "myTrades":
        return order_result(question, result, books)
    order_id = question.request.order_id
    trades = trades_in(result, order_id, question.venue_id, books)
    question.pages += 1
    full = len(rows_of(result, "trades")) >= requests.TRADES_MAX
    if not full or not trades or question.pages >= PAGES_MAX:
        return Step([(question.number, Trades(order_id, tuple(trades)))])
    last = max(trade.fill_id for trade in trades)
    symbol = str(call.parameters["symbol"])
    heard: list[Heard] = [(0, trade) for trade in trades]
    return Step(heard, requests.trades_of(symbol, question.venue_id, last + 1))


def holding_result(question: Question, result: object, books: Books) -> Step:
    """Open orders first, then balances: what fills between the two shows as a difference, once."""
    call = question.call
    if call is not None and call.method == "openOrders.status":
        question.open_ids = open_in(result, books, question.asked_ns)
        return Step([], requests.account_status())
    account_in(result, books)
    return Step([(question.number, holding_of(books, question.open_ids))])


RESULTS: dict[int, Callable[[Question, object, Books], Step]] = {
    SUBMIT: place_result,
    CANCEL: order_result,
    ASK_ORDER: order_result,
    ASK_FILLS: fills_result,
    ASK_HOLDING: holding_result,
}


def answered(question: Question, result: object, books: Books) -> Step:
    """What a result says; Unreadable if it is none of the call's."""
    return RESULTS[question.verb](question, result, books)


def failed(question: Question, status: int, error: object, books: Books) -> Step:
    """What an error says; Unreadable if it is none."""
    code, message = reasons.error_of(error)
    if question.verb in (SUBMIT, CANCEL):
        books.note(f"order {question.request.order_id}: {code} {message}")
    elif code not in (reasons.NO_SUCH_ORDER, reasons.ARCHIVED):
        books.note(f"a question failed: {code} {message}")
    if question.verb == SUBMIT:
        return order_refused(question, (status, code, message), books)
    if question.verb == CANCEL:
        return cancel_refused(question, (status, code, message), books)
    return not_found(question, code, books)


def order_refused(question: Question, error: tuple[int, int, str], books: Books) -> Step:
    """Refused for certain, or nobody knows: then it is asked for, and never sent again.

    So an open order that has its name already is another engine's: Refused (4).
    """
    if reasons.is_duplicate(*error[1:]):
        raise another_engine(books.names.name(question.request.order_id))
    if not reasons.is_definite(*error):
        return Step([(question.number, Silence())])
    return Step([(question.number, Refusal(error[1]))])


def cancel_refused(question: Question, error: tuple[int, int, str], books: Books) -> Step:
    """Not there by this name: by the next. A refused cancel says nothing of how the order ended."""
    if error[1] == reasons.CANCEL_REJECTED and question.names:
        return next_name(question, books)
    definite = reasons.is_definite(*error)
    return Step([(question.number, Refusal(error[1]) if definite else Silence())])


def not_found(question: Question, code: int, books: Books) -> Step:
    """No such order by this name: by the next. Absent only where no name is left."""
    order_id = question.request.order_id
    if question.verb in (ASK_ORDER, ASK_FILLS) and code == reasons.ARCHIVED:
        books.saw(order_id, CANCELED)
        return Step([(question.number, Seen(order_id, CANCELED))])
    if question.verb not in (ASK_ORDER, ASK_FILLS) or code != reasons.NO_SUCH_ORDER:
        return Step([(question.number, Silence())])
    if question.name:
        books.names.missed(order_id, question.name)
    if question.venue_id:
        keep(books.missed, order_id)
    if question.names:
        return next_name(question, books)
    books.names.looked_through(order_id)
    certain = question.venue_id != 0 or books.names.is_certain(order_id)
    return Step([(question.number, Seen(order_id, ABSENT) if certain else Silence())])
