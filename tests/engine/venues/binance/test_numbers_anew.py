"""Is an order the one that its name says, also where a venue's own numbers come again?"""

from engine.venues.asking import OPEN, Seen, Trade
from tests.engine.venues.binance.desk import Line, order_row, report, submit, trade_report, words


def test_a_paper_venue_that_numbers_anew_tells_of_the_order_that_it_names():
    """Ids of orders and executions come again; the older order is looked for by its name."""
    line, same = Line(), {"i": 77, "I": 90_001}
    line.submit(submit())
    line.reply(line.only(), order_row(orderId=77))
    line.event(**report(**same))
    line.submit(submit(2))

    answered = words(line.reply(line.only(), order_row(2, orderId=77)))
    told = words(line.event(**trade_report(2, **same)))
    line.cancel(1)

    assert answered == [Seen(2, OPEN)]
    assert [type(one) for one in told] == [Trade, Seen]
    assert {one.order_id for one in told} == {2}
    assert line.only("order.cancel")["params"]["origClientOrderId"] == "S0badcafe-7-1"
