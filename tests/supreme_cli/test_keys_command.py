"""Does `supreme keys` take secrets only where nobody sees them, and refuse in two lines?"""

import json
import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.acceptance.running import COMMAND, ROOT, supreme
from tests.engine.secrets.sealing import API_KEY, PEM, SECRET, private
from tests.supreme_cli.doctoring import checked

Done = subprocess.CompletedProcess[str]
PHRASE = "a horse of no colour"


class Room:
    """A home of its own with what a user has there, and the verbs said in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pair = private(folder / "pair", f"{API_KEY}\n{SECRET}\n")
        self.lock = private(folder / "lock", bytes(range(32)))
        self.phrase = private(folder / "phrase", f"{PHRASE}\n")
        self.environ = {"XDG_DATA_HOME": str(folder / "share")}

    def keys(self, *words: str, code: int = 0, **environ: str) -> Done:
        """`supreme keys ...`, ended with this code, in at most two lines, without a secret."""
        done = supreme("keys", *words, **(self.environ | environ))
        told = done.stdout + done.stderr
        assert (done.returncode, "Traceback" in told) == (code, False), told
        assert code == 0 or len(done.stderr.splitlines()) == 2, done.stderr
        assert not any(secret in told for secret in (API_KEY, SECRET, PHRASE, PEM[28:60]))
        return done

    def said(self, *words: str, code: int = 0) -> dict:
        """The same as JSON."""
        found: dict = json.loads(self.keys(*words, "--json", code=code).stdout)
        return found

    def file(self, name: str = "main") -> Path:
        """Where those keys lie."""
        return self.folder / "share" / "supreme" / "keys" / f"{name}.key"


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """An empty home."""
    return Room(tmp_path)


def test_a_life_of_keys(room: Room):
    """Added, listed, shown, checked, sealed anew, removed: each says what it did."""
    added = room.said("add", "main", "--file", room.pair, "--passphrase-file", room.phrase)
    listed = room.said("list")["keys"]
    shown = room.said("show", "main")
    checked = room.said("check", "main", "--passphrase-file", room.phrase)
    words = ("--passphrase-file", room.phrase, "--to-key-file", room.lock)
    rotated = room.said("rotate", "main", *words)
    again = room.said("check", "main")
    removed = room.said("remove", "main", "--yes")

    assert added["file"] == shown["file"] == removed["removed"] == str(room.file())
    assert [row["name"] for row in listed] == ["main"]
    assert (checked["opens"], again["opens"]) == (True, True)
    assert (shown["sealed_by"], rotated["sealed_by"]) == ("passphrase", "key file")
    assert rotated["key_file"] == room.lock
    assert added["fingerprint"] == again["fingerprint"] != ""
    assert room.said("list")["keys"] == []


@pytest.mark.parametrize("place", ["--from-env", "--stdin", "--file"])
def test_the_three_places_a_secret_comes_from(room: Room, place: str):
    """Each yields the same keys; a PEM is as good as a text."""
    environ = {"EXCHANGE_API_KEY": API_KEY, "EXCHANGE_SECRET": SECRET}
    given = [place, room.pair] if place == "--file" else [place]
    command = [*COMMAND, "keys", "add", "main", *given, "--key-file", room.lock]

    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | room.environ | environ, text=True,
        input=f"{API_KEY}\r\n{SECRET}\r\n", capture_output=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert room.said("check", "main")["opens"] is True


def test_a_private_key_is_kept_too(room: Room):
    """With its lines, also where an environment holds them as one."""
    pem = private(room.folder / "pem", f"{API_KEY}\n{PEM}\n")
    folded = PEM.replace("\n", "\\n")

    room.keys("add", "one", "--kind", "ed25519", "--file", pem, "--key-file", room.lock)
    room.keys(
        "add", "two", "--kind", "ed25519", "--from-env", "--key-file", room.lock,
        SUPREME_EXCHANGE_API_KEY=API_KEY, EXCHANGE_API_KEY="another", EXCHANGE_SECRET=folded,
    )  # fmt: skip

    one, two = (room.said("check", name) for name in ("one", "two"))
    assert (one["opens"], two["opens"], one["kind"]) == (True, True, "ed25519")
    assert one["fingerprint"] == two["fingerprint"]


@pytest.mark.parametrize(
    "words",
    [
        ("add", "main", "--secret", SECRET),
        ("add", "main", f"--api-secret={SECRET}"),
        ("add", "main", "--api-key", API_KEY, "--stdin"),
        ("check", "main", "--passphrase", PHRASE),
        ("add", "main", API_KEY, SECRET),
        ("add", SECRET, "--stdin"),
        ("add", "main", "--kind", SECRET, "--stdin"),
        ("show", "main", SECRET),
        ("rotate", "main", SECRET),
        ("list", SECRET),
        ("remove", SECRET),
    ],
)
def test_a_secret_on_the_command_line_is_refused_unsaid(room: Room, words: tuple[str, ...]):
    """Whoever lists the processes has seen it: it is not even repeated on the screen."""
    room.keys(*words, code=2)

    assert not room.file().exists()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("add", "main"), "say where API key and secret come from"),
        (("add", "main", "--stdin", "--from-env"), "say where API key and secret come from"),
        (("add", "main", "--from-env"), "EXCHANGE_API_KEY is not set"),
        (("add", "main", "--file", "absent"), "absent cannot be read"),
        (("add", "main", "--stdin"), "stdin does not hold two lines"),
        (("add", "main", "--file", "PAIR"), "there is no terminal to ask at"),
        (("add", "main", "--file", "PAIR", "--key-file", "EMPTY"), "is too short: 0 bytes"),
        (("add", "main", "--file", "PAIR", "--passphrase-file", "EMPTY"), "no passphrase"),
        (("add", "main", "--file", "PHRASE", "--key-file", "LOCK"), "does not hold two lines"),
        (("show", "main"), "there are no keys main"),
        (("check", "main"), "there are no keys main"),
    ],
)
def test_what_is_lacking_is_said(room: Room, words: tuple[str, ...], what: str):
    """In two lines with exit code 2."""
    empty = private(room.folder / "empty", "")
    places = {"PAIR": room.pair, "LOCK": room.lock, "PHRASE": room.phrase, "EMPTY": empty}

    done = room.keys(*(places.get(word, word) for word in words), code=2)

    assert what in done.stderr


def test_keys_that_do_not_open_are_told_with_their_codes(room: Room):
    """A check fails with 1; what would change them is refused with 4."""
    room.keys("add", "main", "--file", room.pair, "--passphrase-file", room.phrase)
    other = private(room.folder / "other", "a horse of another colour")
    wrong = ("--passphrase-file", other)

    failed = room.keys("check", "main", *wrong, code=1)
    said = room.said("check", "main", *wrong, code=1)
    refused = room.keys("rotate", "main", *wrong, "--to-key-file", room.lock, code=4)
    taken = room.keys("add", "main", "--file", room.pair, "--key-file", room.lock, code=4)
    kept = room.keys("remove", "main", code=4)

    assert "the passphrase is wrong, or the file was changed" in failed.stderr
    assert said == {"schema_version": 1, "name": "main", "opens": False, "why": said["why"]}
    assert "the passphrase is wrong" in refused.stderr
    assert "already" in taken.stderr
    assert "repeat it with --yes" in kept.stderr
    assert room.said("check", "main", "--passphrase-file", room.phrase)["opens"] is True


@pytest.mark.parametrize("harm", ["cut", "changed", "open", "renamed"])
def test_a_file_that_is_not_as_it_was_is_refused(room: Room, harm: str):
    """Cut, changed, readable by others, or of other keys; the list shows it and goes on."""
    room.keys("add", "main", "--file", room.pair, "--key-file", room.lock)
    path = room.file("live" if harm == "renamed" else "main")
    raw = room.file().read_bytes()
    room.file().rename(path)
    if harm == "open":
        path.chmod(0o644)
    elif harm != "renamed":
        path.write_bytes(raw[:-20] if harm == "cut" else raw.replace(b"binance", b"coinbase"))

    name = path.stem
    told = [room.keys("show", name, code=4), room.keys("check", name, code=1)]
    (row,) = room.said("list")["keys"]

    assert row["fault"] in told[0].stderr
    assert row["fault"] in told[1].stderr
    assert row["fault"] in room.keys("list").stdout


def test_the_passphrase_may_be_named_in_the_environment(room: Room):
    """As a file, so that no process shows it."""
    room.environ |= {"SUPREME_PASSPHRASE_FILE": room.phrase}

    room.keys("add", "main", "--file", room.pair)

    assert "main opens" in room.keys("check", "main").stdout


def test_an_engines_own_keys_lie_in_its_directory(room: Room):
    """Where SUPREME_DATA_DIR or --data-dir says; those that all share are found from there too."""
    own = str(room.folder / "own")
    room.keys("add", "main", "--file", room.pair, "--key-file", room.lock)
    room.keys("add", "mine", "--file", room.pair, "--key-file", room.lock, SUPREME_DATA_DIR=own)

    here, there = room.said("list")["keys"], room.said("list", "--data-dir", own)["keys"]

    assert [row["name"] for row in here] == ["main"]
    assert [row["name"] for row in there] == ["main", "mine"]
    assert there[1]["file"] == str(Path(own) / "keys" / "mine.key")


def talked(words: list[str], answers: list[str], environ: dict[str, str]) -> tuple[int, str]:
    """A verb at a terminal, which gives an answer to each question; its code, and the screen."""
    pid, screen = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execvpe(COMMAND[0], [*COMMAND, "keys", *words], os.environ | environ)
    shown, end = "", time.monotonic() + 30
    while time.monotonic() < end:
        if not select.select([screen], [], [], 1.0)[0]:
            continue
        try:
            said = os.read(screen, 4096).decode()
        except OSError:  # the terminal is gone with its last process
            break
        shown += said
        if answers and said.rstrip().endswith(":"):
            os.write(screen, f"{answers.pop(0)}\n".encode())
    os.close(screen)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def test_a_passphrase_is_typed_unseen(room: Room):
    """Twice to seal, once to open; the terminal shows the questions alone."""
    sealing = talked(["add", "main", "--file", room.pair], [PHRASE, PHRASE], room.environ)
    opening = talked(["check", "main"], [PHRASE], room.environ)
    failing = talked(["check", "main"], ["not the right one"], room.environ)

    assert [sealing[0], opening[0], failing[0]] == [0, 0, 1]
    assert "Passphrase again:" in sealing[1]
    assert "Passphrase of main:" in opening[1]
    for _, shown in (sealing, opening, failing):
        assert not any(secret in shown for secret in (PHRASE, SECRET, API_KEY, "right one"))


def test_keys_are_typed_unseen_where_stdin_is_a_terminal(room: Room):
    """What would stand on the screen is asked for without echo."""
    words = ["add", "main", "--stdin", "--key-file", room.lock]

    code, shown = talked(words, [API_KEY, SECRET], room.environ)

    assert (code, room.said("check", "main")["opens"]) == (0, True)
    assert SECRET not in shown
    assert API_KEY not in shown


def test_two_passphrases_that_differ_seal_nothing(room: Room):
    """A typing error would lock the keys away."""
    words = ["add", "main", "--file", room.pair]

    code, shown = talked(words, [PHRASE, f"{PHRASE}s"], room.environ)

    assert (code, "the two passphrases differ" in shown) == (4, True)
    assert not room.file().exists()


def test_removing_asks_at_a_terminal(room: Room):
    """No is no."""
    room.keys("add", "main", "--file", room.pair, "--key-file", room.lock)

    assert talked(["remove", "main"], ["n"], room.environ)[0] == 4
    assert room.file().exists()
    assert talked(["remove", "main"], ["y"], room.environ)[0] == 0
    assert not room.file().exists()


def test_the_doctor_looks_at_keys_too(room: Room):
    """Whole and private, or with the words that mend it."""
    room.keys("add", "main", "--file", room.pair, "--key-file", room.lock)
    place = str(room.folder / "share" / "supreme")

    well = checked(Path(place), **room.environ)["keys"]
    room.file().chmod(0o644)
    ill = checked(Path(place), **room.environ)["keys"]

    assert (well["verdict"], well["what"]) == ("ok", "1 sealed, whole and private")
    assert (ill["verdict"], ill["fix"]) == ("fail", f"chmod 600 {room.file()}")
