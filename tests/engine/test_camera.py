"""Does a picture show what the state says, and a preview what the engine then decides?"""

import pytest

from engine.camera import Camera, image_of, restored
from engine.core import CompiledCore, PlainCore, load_native
from engine.messages import OperatorFlattened, OperatorPaused, OperatorResumed
from engine.picture import curve_of, picture
from engine.preview import preview
from tests.builders import ALL_IN, PRICE, QUICK, Run
from tests.random_records import Maker


def lived(cores):
    """The cores after the same 1,500 random records of three symbols."""
    maker = Maker(5, 3, honest=True)
    for record in maker.opening():
        for core in cores:
            core.process(record)
            core.attend(record)
    for _ in range(1_500):
        record = maker.record(cores[0])
        for core in cores:
            core.process(record)
            reports = core.attend(record)
            for at in range(0, len(reports or b""), 64):
                core.process(reports[at : at + 64])
    return cores


def test_a_restored_picture_reads_as_the_state_itself():
    """Every row, word and number that people see; from the plain core's state."""
    (core,) = lived([PlainCore()])
    names = ["A", "B", "C"]

    there = restored(Camera().picture(core))

    assert picture(there, names) == picture(core.state, names)
    assert curve_of(there) == curve_of(core.state)
    assert picture(there, names).trades != []
    assert picture(there, names).recent_decisions != []


def test_compiled_and_plain_give_the_same_picture():
    """Byte for byte."""
    native = load_native()
    if native is None:
        pytest.skip("needs the built core")
    plain, compiled = lived([PlainCore(), CompiledCore(native)])

    assert Camera().picture(plain) == Camera().picture(compiled)


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-1], lambda raw: raw + b"x", lambda _: b""])
def test_what_is_no_picture_is_refused(spoil):
    """Cut short, too long, or nothing."""
    (core,) = lived([PlainCore()])

    with pytest.raises(ValueError, match="not a picture"):
        restored(spoil(Camera().picture(core)))


def test_a_picture_stays_small():
    """About 18 kB, and 320 bytes a symbol more: taken twice a second, it costs nothing."""
    (core,) = lived([PlainCore()])

    assert len(Camera().picture(core)) < 19_000 + 3 * 400


def test_a_preview_decides_what_the_engine_then_decides():
    """At each of 60 bars, against the decision really made on the very same bar."""
    run = Run(*QUICK)
    run.warm_up()
    agreed = 0
    for step in range(60):
        close = PRICE + (step % 17) * 60 - (step % 5) * 200
        image = bytes(image_of(run.core))
        shown = preview(image, 0, "ETHUSDT")
        assert bytes(image_of(run.core)) == image
        run.bar(close)
        agreed += shown.outcome == picture(run.state, ["ETHUSDT"]).recent_decisions[0].outcome

    assert agreed > 30  # the bar itself may change the agent's mind


def test_a_preview_says_why_not():
    """Paused: the agent still wants in, risk denies it, no order."""
    run = Run(*QUICK)
    run.warm_up()
    run.bars(PRICE + 100)
    run.ask(OperatorPaused)
    run.bars(PRICE - 300, PRICE - 600, PRICE - 700, PRICE + 800)

    shown = preview(bytes(image_of(run.core)), 0, "ETHUSDT")

    assert (shown.wanted, shown.outcome, shown.denied, shown.order) == (
        "long",
        "denied",
        "paused",
        "",
    )
    assert shown.agent == "ema_cross"
    assert shown.bars == 11


def test_a_preview_names_the_order_it_would_send():
    """Side, quantity and type."""
    run = Run(*QUICK)
    run.warm_up()
    run.ask(OperatorPaused)
    run.bars(PRICE + 100)
    run.ask(OperatorResumed)

    shown = preview(bytes(image_of(run.core)), 0, "ETHUSDT")

    assert (shown.outcome, shown.denied) == ("entered", "")
    assert shown.order.startswith("BUY 0.316")
    assert shown.order.endswith("MARKET")


def test_why_not_active_is_said():
    """Each cause in its own words."""
    run = Run(*QUICK, *ALL_IN)
    run.go_long()

    run.ask(OperatorPaused)
    paused = picture(run.state, ["ETHUSDT"])
    run.state.symbols[0].instrument.market_lots_max = 12_000
    run.ask(OperatorFlattened)
    flattening = picture(run.state, ["ETHUSDT"])

    assert (paused.trading, paused.why) == ("REDUCING", "paused by the operator")
    assert (flattening.trading, flattening.why) == ("REDUCING", "flattening")
