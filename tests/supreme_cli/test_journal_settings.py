"""Does a backup hold the settings of the last start, all of them, and never a secret?"""

import json
import tarfile
from pathlib import Path
from typing import Any

from engine.started import settings_of
from tests.acceptance.running import final_state, supreme
from tests.supreme_cli.journaling import SMALL, home, journal, lived, market, words_for

__all__ = ["home", "lived", "market"]
SECRET = "postgresql://someone:OpenSesame@nowhere/books"
SETS = (
    "journal.keep_days=9",
    "journal.free_disk_floor_bytes=4096",
    "circuit_breaker.failure_threshold=11",
    "error_recovery.strategies=retry,degrade",
    "risk.price_band=0.07",
)
ASKED = tuple(word for change in SETS for word in ("--set", change))


def profile_of(tmp_path: Path) -> Path:
    """A profile of one's own that holds a secret."""
    text = supreme("config", "show", "--profile", "conservative").stdout
    path = tmp_path / "mine.toml"
    path.write_text(f'{text}\n[service]\npostgres_url = "{SECRET}"\n')
    path.chmod(0o600)
    return path


def values_of(*words: str) -> dict[str, Any]:
    """What run would use by these words, key by key."""
    keys = json.loads(supreme("config", "show", "--json", *words).stdout)["keys"]
    return {key: row["value"] for key, row in keys.items() if not key.startswith("service.")}


def test_a_restored_profile_means_the_settings_of_the_last_start(market, tmp_path):
    """File, flags and variables together; and a backup of what was restored holds them still."""
    place, back, again = tmp_path / "d", tmp_path / "back", tmp_path / "again"
    mine = str(profile_of(tmp_path))
    words = (*words_for(market, place), "--profile", mine, *ASKED)
    final_state(supreme("run", *words, SUPREME_JOURNAL__RESERVED_BYTES="12288"))
    meant = values_of("--profile", mine, *ASKED, *SMALL) | {"journal.reserved_bytes": 12288}

    for number, (one, other) in enumerate(((place, back), (back, again))):
        made = journal("backup", str(tmp_path / f"{number}.tar"), home=one)
        journal("restore", str(made["file"]), home=other)
        assert values_of("--profile", str(other / "profile.toml")) == meant
    assert (again / "started.toml").read_bytes() == (place / "started.toml").read_bytes()


def test_a_secret_is_nowhere_in_what_is_kept(market, tmp_path):
    """Neither a profile's nor a variable's; not in the file, nor anywhere in a backup."""
    place = tmp_path / "d"
    words = (*words_for(market, place), "--profile", str(profile_of(tmp_path)))
    for given in ({}, {"SUPREME_SERVICE__POSTGRES_URL": SECRET.replace("Open", "Close")}):
        final_state(supreme("run", *words, **given))
        made = journal("backup", str(tmp_path / f"{len(given)}.tar"), home=place)
        for path in (place / "started.toml", Path(str(made["file"]))):
            raw = path.read_bytes()
            assert b"Sesame" not in raw
            assert b"postgresql://" not in raw
            assert b"postgres_url" not in raw
    assert (place / "started.toml").stat().st_mode & 0o077 == 0


def test_settings_of_another_start_are_not_taken_for_the_last_ones(market, home, tmp_path):
    """A start that could not keep its own says so, and the journal tells what it knows."""
    (home / "started.toml").unlink()
    (home / "started.toml").mkdir()
    final_state(supreme("run", *words_for(market, home), *ASKED))
    told = (home / "log" / "engine.log").read_text()
    (home / "started.toml").rmdir()

    made = journal("backup", str(tmp_path / "b.tar"), home=home)

    assert '"event": "SettingsNotKept"' in told
    with tarfile.open(str(made["file"])) as tar:
        source = tar.extractfile("profile.toml")
        assert source is not None
        text = source.read().decode()
    assert "knows; the other keys are the usual ones" in text.partition("\n")[0]
    assert "price_band = 0.07" in text
    assert "keep_days = 0" in text


def test_settings_of_an_older_start_or_another_journal_are_not_used(home):
    """The file says of which it is."""
    text = (home / "started.toml").read_text()
    journal_id = bytes.fromhex(text.split()[6])

    found = settings_of(str(home), journal_id, 1)

    assert found is not None
    assert found.values["journal.segment_bytes"] == 65_536
    assert settings_of(str(home), journal_id) == found
    assert settings_of(str(home), journal_id, 2) is None
    assert settings_of(str(home), b"X" * 16, 1) is None
    for spoiled in (b"", b"\xff\xfe", text.replace("keep_days", "kept").encode()):
        (home / "started.toml").write_bytes(spoiled)
        assert settings_of(str(home), journal_id, 1) is None
