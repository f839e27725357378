"""Do an engine's last words say whose money it traded?"""

import pytest

from engine.picture import picture
from engine.status import as_text
from tests.builders import QUICK, Run


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("LIVE ETHUSDT at api.binance.com", "ETHUSDT at api.binance.com, real money"),
        ("ETHUSDT at 127.0.0.1", "ETHUSDT at 127.0.0.1, on paper"),
    ],
)
def test_real_money_is_not_said_to_be_paper(label, said):
    """In the first line of them."""
    text = as_text(picture(Run(*QUICK).state, ["ETHUSDT"]), label, "d")

    assert text.splitlines()[0].split(maxsplit=1)[1] == said
