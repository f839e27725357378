"""Which slow sources are asked, where, and does a key leave over an open line?"""

import pytest

from engine.errors import Refused
from engine.profile import ALL_KEYS, PROFILES, load_profile
from engine.service.context.settings import sources_of

HUSH = "hush-key-of-ours"
URL = "https://api.example"


def test_a_source_is_asked_where_its_url_is_given():
    """With its own interval, and with its key where that is given."""
    values = {key: row.default for key, row in ALL_KEYS.items()}
    secrets = {
        "feeds.coingecko_url": URL, "feeds.etherscan_url": URL, "feeds.etherscan_key": HUSH,
        "feeds.bitquery_key": HUSH,
    }  # fmt: skip

    found = sources_of(values, secrets)

    assert [(one.name, one.key, one.every_s) for one in found] == [
        ("coingecko", "", 600.0),
        ("etherscan", HUSH, 60.0),
    ]
    assert sources_of(values, {}) == []


@pytest.mark.parametrize(
    "url",
    ["http://api.example", "ftp://api.example", "api.example", "https://", "http://[::1", "x"],
)
def test_a_key_never_leaves_over_an_open_line(url):
    """Refused in two lines that do not show it; this very machine may be asked so."""
    values = {key: row.default for key, row in ALL_KEYS.items()}
    with pytest.raises(Refused) as refused:
        sources_of(values, {"feeds.etherscan_url": url, "feeds.etherscan_key": HUSH})

    assert HUSH not in str(refused.value)
    assert "no https:// address" in refused.value.what
    assert sources_of(values, {"feeds.etherscan_url": "http://127.0.0.1:8080"})


def test_a_profile_of_ones_own_may_hold_them(tmp_path):
    """As it may hold where PostgreSQL is; what is given is shown nowhere."""
    usual = load_profile("scalping")
    text = (PROFILES / "scalping.toml").read_text()
    path = tmp_path / "own.toml"
    path.write_text(text.replace("[feeds]\n", f'[feeds]\netherscan_url = "{URL}"\n'))

    own = load_profile(str(path))

    assert own.secrets == {"feeds.etherscan_url": URL}
    assert own.digest() == usual.digest()
