"""Does `supreme config` show what counts, who said it, and all that is wrong?"""

import json
from pathlib import Path

import pytest

from engine.profile import ALL_KEYS, PROFILES, load_profile, shipped
from supreme_cli.config_names import names, table
from tests.acceptance.running import ROOT, supreme

SCALPING = (PROFILES / "scalping.toml").read_text()
SECRETS = {"EXCHANGE_API_KEY": "hush-key", "EXCHANGE_SECRET": "hush-secret",
           "POSTGRES_URL": "postgres://u:hush@db", "REDIS_URL": "redis://:hush@r",
           "SUPREME_TOKEN": "hush-token"}  # fmt: skip
REFUSED = {"SUPREME_TOKEN"}


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_profile_is_printed_as_it_is(name):
    """Byte for byte: nothing was changed in it."""
    done = supreme("config", "show", "--profile", name)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (PROFILES / f"{name}.toml").read_text()


def test_what_is_printed_is_a_profile(tmp_path: Path):
    """`> my.toml` keeps what flags and environment said, and names it in the first line."""
    done = supreme("config", "show", "--profile", "paper", "--set", "risk.position_max=0.07",
                   INTERVAL_SECONDS="31.5")  # fmt: skip
    own = tmp_path / "my.toml"
    own.write_text(done.stdout)

    values = load_profile(str(own)).values
    assert (
        values
        == load_profile(
            "paper", ["risk.position_max=0.07", "schedule.interval_seconds=31.5"]
        ).values
    )
    first = done.stdout.splitlines()[0]
    assert first == "# As paper, but for schedule.interval_seconds, risk.position_max."
    assert supreme("config", "check", str(own)).returncode == 0


def test_the_origin_of_every_setting_is_told(tmp_path: Path):
    """Flag, variable, alias, file or default: one line each, with value, range and unit."""
    own = tmp_path / "my.toml"
    own.write_text(SCALPING)
    variables = {
        "SUPREME_PROFILE": str(own),
        "INTERVAL_SECONDS": "30",
        "SUPREME_SEED": "9",
        "SUPREME_RISK__EXPOSURE_MAX": "0.4",
        "SUPREME_RISK__POSITION_MAX": "0.3",
    }

    done = supreme("config", "show", "--origin", "--set", "risk.position_max=0.2", **variables)

    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in done.stdout.splitlines()}
    told = {
        "setting": "value range origin",
        "--profile": f"{own} environment SUPREME_PROFILE",
        "--seed": "9 environment SUPREME_SEED",
        "--speed": "60 default",
        "schedule.interval_seconds": "30.0 0.0 to 86400.0 s alias INTERVAL_SECONDS",
        "risk.exposure_max": "0.4 0.0 to 1.0 of equity environment SUPREME_RISK__EXPOSURE_MAX",
        "risk.position_max": "0.2 0.0 to 1.0 of equity flag",
        "risk.price_band": f"0.05 0.0001 to 1.0 of last price file {own}",
        "strategy.agent": f"vote vote or ema_cross file {own}",
    }
    assert lines | told == lines
    assert set(ALL_KEYS) <= set(lines)


def test_json_has_every_setting_with_its_origin():
    """For a program that asks what an engine runs with."""
    done = supreme("config", "show", "--json", "--set", "orders.entry=limit", SUPREME_SPEED="max")

    fields = json.loads(done.stdout)
    assert (fields["schema_version"], fields["profile"]) == (1, "scalping")
    assert fields["options"]["speed"] == {"value": "max", "origin": "environment SUPREME_SPEED"}
    assert set(fields["keys"]) == set(ALL_KEYS)
    assert fields["keys"]["orders.entry"] == {
        "value": "limit",
        "origin": "flag",
        "range": "market or limit",
        "text": ALL_KEYS["orders.entry"].text,
    }
    assert fields["keys"]["risk.position_max"]["value"] == 0.1


@pytest.mark.parametrize("verb", ["show", "check"])
def test_no_secret_is_ever_printed(verb):
    """Told that they are there, or refused by name, whatever they hold."""
    done = supreme("config", verb, **SECRETS)

    assert done.returncode == {"show": 2, "check": 1}[verb]
    said = done.stdout + done.stderr
    assert "hush" not in said
    assert verb == "show" or all(name in said for name in REFUSED)


@pytest.mark.parametrize("words", [(), ("--origin",), ("--json",)])
def test_a_secret_that_is_read_is_said_to_be_set_and_not_shown(words):
    """Its origin is told; a profile that is printed lacks it."""
    done = supreme("config", "show", *words, POSTGRES_URL="postgres://u:hush@db")

    assert (done.returncode, "hush" in done.stdout + done.stderr) == (0, False)
    assert ("alias POSTGRES_URL" in done.stdout) is bool(words)
    assert ("set, shown nowhere" in done.stdout) is bool(words)


def test_a_secret_is_not_taken_where_others_could_read_it(tmp_path: Path):
    """A command line is in every list of processes; a file of one's own is not."""
    done = supreme("config", "show", "--set", "service.postgres_url=postgres://u:hush@db")
    own = tmp_path / "my.toml"
    own.write_text(SCALPING + '[service]\npostgres_url = "postgres://u:hush@db"\n')
    number = tmp_path / "number.toml"
    number.write_text(SCALPING + "[service]\npostgres_url = 7\n")

    assert (done.returncode, "is a secret" in done.stderr, "hush" in done.stderr) == (
        2,
        True,
        False,
    )
    assert load_profile(str(own)).secrets == {"service.postgres_url": "postgres://u:hush@db"}
    assert "is no text" in supreme("config", "check", str(number)).stdout


@pytest.mark.parametrize("name", shipped())
def test_a_sound_profile_is_ok(name):
    """By its name, in any environment: the file alone is judged."""
    done = supreme("config", "check", name, SUPREME_RISK__POSITION_MAX="7")

    assert (done.returncode, done.stdout) == (0, f"{name}: ok, {len(ALL_KEYS)} keys\n")


def test_every_mistake_in_a_file_is_named(tmp_path: Path):
    """Each in two lines, then how many there are; exit code 1."""
    own = tmp_path / "my.toml"
    own.write_text(
        SCALPING.replace("cash =", "cahs =").replace("price_band = 0.05", "price_band = 7")
    )

    done, asked = (
        supreme("config", "check", str(own)),
        supreme("config", "check", str(own), "--json"),
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        f"{own}: there is no key account.cahs",
        "    did you mean account.cash?",
        f"{own} lacks account.cash",
        "    a profile is complete: supreme config show prints every line",
        "risk.price_band = 7 is impossible",
        "    it must be a number from 0.0001 to 1.0 of last price",
        f"{own}: 3 problems",
    ]
    assert asked.returncode == 1
    assert [row["what"] for row in json.loads(asked.stdout)["problems"]] == (
        done.stdout.splitlines()[0:6:2]
    )


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ("[risk\n", 1, "not valid TOML"),
        ("", 1, f"{len(ALL_KEYS)} problems"),
        (None, 2, "there is no profile"),
    ],
)
def test_what_is_no_profile_is_told_apart(tmp_path: Path, written, code, said):
    """A file that is wrong failed its check; one that is not there was no check at all."""
    own = tmp_path / "my.toml"
    if written is not None:
        own.write_text(written)

    done = supreme("config", "check", str(own))

    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_without_a_file_all_that_would_stop_a_start_is_named():
    """The environment, its options, and the profile it chose."""
    variables = {
        "TRADING_MODE": "production",
        "SUPREME_SPEDE": "1",
        "SUPREME_SPEED": "x",
        "SUPREME_SEED": "-1",
        "SUPREME_RISK__POSITION_MAX": "7",
        "SYMBOL_FOCUS": "ETHUSD",
        "SUPREME_PROFILE": "paper",
    }

    done = supreme("config", "check", **variables)

    assert done.returncode == 1
    assert done.stdout.splitlines()[::2] == [
        "TRADING_MODE=production, but EXCHANGE_API_KEY and EXCHANGE_SECRET are not set",
        "there is no variable SUPREME_SPEDE",
        "supreme run: SYMBOL_FOCUS ETHUSD is unknown",
        "supreme run: SUPREME_SPEED x is impossible",
        "supreme run: SUPREME_SEED -1 is impossible",
        "SUPREME_RISK__POSITION_MAX: risk.position_max = 7 is impossible",
        "paper: 6 problems",
    ]


def test_the_environment_that_starts_is_ok():
    """The same question, answered well; a profile that is not there is one more problem."""
    assert supreme("config", "check", INTERVAL_SECONDS="30").stdout == (
        f"scalping: ok, {len(ALL_KEYS)} keys\n"
    )
    assert supreme("config", "check", SUPREME_PROFILE="moon").returncode == 1


def test_the_profiles_are_listed_with_their_reasons():
    """The first line of each file."""
    done, asked = supreme("config", "list"), supreme("config", "list", "--json")

    lines = {
        name: (PROFILES / f"{name}.toml").read_text().splitlines()[0][2:] for name in shipped()
    }
    rows = json.loads(asked.stdout)["profiles"]
    assert {row["name"]: row["line"] for row in rows} == lines
    assert [line.split(maxsplit=1) for line in done.stdout.splitlines()] == [
        [name, line] for name, line in lines.items()
    ]


def test_the_document_of_all_names_is_current():
    """docs/configuration.md ends with what `supreme config names` prints."""
    printed = supreme("config", "names").stdout

    assert printed == table()
    assert (ROOT / "docs" / "configuration.md").read_text().endswith(f"\n\n{printed}")
    asked = json.loads(supreme("config", "names", "--json").stdout)["names"]
    assert asked == [name._asdict() for name in names()]
