"""Does `supreme cache trace` tell what a trace would gain, to people and to programs?"""

import gzip
import json
import os
import pty
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from engine.cache.trace import belady
from tests.acceptance.running import COMMAND, ROOT, supreme
from tests.supreme_cli.terminals import everything_of

LOOP = [*range(1_000)] * 4


def trace_of(folder: Path, keys: Iterable[int]) -> str:
    """A trace as a file."""
    path = folder / "keys.txt"
    path.write_text("".join(f"{key}\n" for key in keys))
    return str(path)


def told(*words: str) -> dict[str, Any]:
    """What is printed with --json, of a run that ended well."""
    done = supreme("cache", "trace", *words, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_a_small_trace_is_told_in_all_its_numbers(tmp_path):
    """All that can be counted by hand: three keys fit, each misses once."""
    path = trace_of(tmp_path, [1, 2, 3, 1, 2, 3, 3, 3])

    facts = told(path, "--size", "5")

    assert facts.pop("seconds") >= 0
    assert facts.pop("form") in {"compiled", "plain"}
    assert facts == {
        "schema_version": 1, "file": path, "size": 5, "prefetch": True, "requests": 8,
        "distinct_keys": 3, "hits": 5, "hit_ratio": 0.625, "memory_hits": 5,
        "memory_hit_ratio": 0.625, "opt_hits": 5, "opt_hit_ratio": 0.625, "evictions": 0,
        "ahead_max": 0, "fetched_ahead": 0, "used_ahead": 0, "precision": None,
    }  # fmt: skip


def test_the_compiled_memory_is_used_where_it_was_built(tmp_path, native):
    """And the answer says so."""
    facts = told(trace_of(tmp_path, [1, 2]), "--size", "5")

    assert facts["form"] == ("plain" if native is None else "compiled")


def test_without_prefetch_memory_answers_alone(tmp_path):
    """The same memory in both; what came ahead is on top of it, never instead."""
    path = trace_of(tmp_path, LOOP)

    helped, alone = told(path, "--size", "300"), told(path, "--size", "300", "--no-prefetch")

    assert helped["memory_hits"] == alone["hits"] == alone["memory_hits"]
    assert helped["hits"] > alone["hits"]
    assert helped["opt_hits"] == alone["opt_hits"] == belady(LOOP, 300).hits
    assert helped["precision"] == helped["used_ahead"] / helped["fetched_ahead"]
    assert (alone["prefetch"], alone["fetched_ahead"], alone["precision"]) == (False, 0, None)
    assert (helped["ahead_max"], alone["ahead_max"]) == (30, 0)


def test_a_packed_trace_is_the_same_trace(tmp_path):
    """Its first bytes say what it is, whatever its name."""
    path = tmp_path / "keys"
    path.write_bytes(gzip.compress(Path(trace_of(tmp_path, LOOP)).read_bytes()))
    timeless = {"file": "", "seconds": 0}

    packed, plain = told(str(path), "--size", "99"), told(trace_of(tmp_path, LOOP), "--size", "99")

    assert packed | timeless == plain | timeless


def test_people_read_a_short_table(tmp_path):
    """What the cache answers, its memory alone, and the most that is possible."""
    done = supreme("cache", "trace", trace_of(tmp_path, range(2_000)), "--size", "100")
    bare = supreme("cache", "trace", trace_of(tmp_path, [7, 7]), "--size", "100", "--no-prefetch")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].endswith("keys.txt: 2,000 requests of 2,000 keys")
    assert [line.split("  ")[0] for line in lines[4:7]] == [
        "with prefetch", "memory alone", "OPT (Belady), nothing ahead",
    ]  # fmt: skip
    assert lines[5].split()[-3:] == ["0.00", "%", "0"]
    assert "(at most 10 at once, beside memory)" in lines[-1]
    assert "memory alone" in bare.stdout
    assert "ahead (" not in bare.stdout
    assert max(map(len, lines[1:])) <= 100


@pytest.mark.parametrize(
    ("content", "size", "what"),
    [
        (None, "5", "cannot be read: No such file"),
        (b"1\nBTCUSDT\n", "5", "its line 2 holds no integer"),
        (b"", "5", "holds no request"),
        (gzip.compress(b"1\n" * 9_000, mtime=0)[:-12], "5", "is no trace"),
        (b"1\n", "0", "--size 0 is no size"),
        (b"1\n", "-3", "--size -3 is no size"),
        (b"1\n", "10000001", "--size 10000001 is no size"),
        (b"1\n", "many", "'many' is not a valid"),
    ],
)
def test_what_cannot_be_played_is_refused_in_two_lines(tmp_path, content, size, what):
    """What is wrong, then what to do."""
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)

    done = supreme("cache", "trace", str(path), "--size", size, "--json")

    assert done.returncode == json.loads(done.stdout)["code"] == 2
    assert what in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_progress_is_drawn_on_a_terminal_alone(tmp_path):
    """A long trace is not silent; what is printed stays what it was."""
    path = trace_of(tmp_path, range(0, 700_000, 7))
    leader, follower = pty.openpty()

    with subprocess.Popen(
        [*COMMAND, "cache", "trace", path, "--size", "200", "--json"],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=follower,
    ) as running:
        os.close(follower)
        drawn = everything_of(leader)
        assert running.stdout is not None
        facts = json.loads(running.stdout.read())

    os.close(leader)
    assert facts["requests"] == 100_000
    assert b"playing the trace" in drawn


@pytest.mark.parametrize(
    ("name", "size", "least"), [("multi3", 1_500, 0.73), ("corda", 512, 0.333)]
)
def test_recorded_requests_are_answered_at_least_as_promised(shared, name, size, least):
    """What the reference reaches with an LRU below it, on whole traces."""
    path = shared / "cache_traces" / f"{name}.txt.gz"
    if not path.exists():
        pytest.skip(f"needs recorded requests in {path.parent}")

    helped = told(str(path), "--size", str(size))
    alone = told(str(path), "--size", str(size), "--no-prefetch")

    assert helped["hit_ratio"] >= max(least, alone["hit_ratio"])
    assert alone["hit_ratio"] <= alone["opt_hit_ratio"]
