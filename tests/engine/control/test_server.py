"""Can a peer make the engine wait, and is everybody heard?"""

import os
import select
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from json import loads

import pytest

from engine.control.client import Link
from engine.control.frames import PICTURE, WORDS, Frames, packed
from engine.control.places import socket_path, with_socket
from engine.control.server import OUTBOX_MAX, PEERS_MAX, READ_AT_ONCE, Peer, Server
from engine.errors import Refused


@pytest.fixture
def served(tmp_path):
    """A server that answers each request with its own words, its poll, and a way to connect."""
    poll, path = select.epoll(), socket_path(str(tmp_path))
    server = Server(path, poll, lambda peer, raw: server.say(peer, WORDS, raw))
    clients = []

    def connect() -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
        client.connect(path)
        clients.append(client)
        turn(server, poll)
        return client

    yield server, poll, connect
    for client in clients:
        client.close()
    server.close()
    poll.close()


def turn(server: Server, poll: select.epoll) -> None:
    """What one turn of the engine's loop does with its descriptors."""
    for fd, _ in poll.poll(0.2):
        server.hear(fd)


def heard(client: socket.socket) -> list[tuple[int, bytes]]:
    """The frames that have arrived."""
    return Frames().feed(client.recv(1 << 20))


def test_a_request_is_answered(served):
    """In a frame, at the next turn."""
    server, poll, connect = served
    client = connect()

    client.sendall(packed(WORDS, b"status?"))
    turn(server, poll)

    assert heard(client) == [(WORDS, b"status?")]


def test_the_socket_is_its_owners_alone(served, tmp_path):
    """Folder 0700, socket 0600; gone when the server closes."""
    server, _, _ = served

    places = (os.path.dirname(server.path), server.path)
    modes = [stat.S_IMODE(os.stat(place).st_mode) for place in places]

    assert modes == [0o700, 0o600]
    assert str(tmp_path) in with_socket(str(tmp_path.parent))
    server.close()
    assert str(tmp_path) not in with_socket(str(tmp_path.parent))


def test_nonsense_ends_the_connection_and_nothing_else(served):
    """The engine goes on hearing the others."""
    server, poll, connect = served
    stranger, friend = connect(), connect()

    stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
    turn(server, poll)
    friend.sendall(packed(WORDS, b"still there?"))
    turn(server, poll)

    assert stranger.recv(10) == b""
    assert heard(friend) == [(WORDS, b"still there?")]


def asking(client: socket.socket, served, words: bytes = b"?") -> list[tuple[int, bytes]]:
    """The frames that a request is answered with."""
    server, poll, _ = served
    client.sendall(packed(WORDS, words))
    turn(server, poll)
    return heard(client)


@pytest.mark.parametrize("is_asking", [False, True])
def test_whoever_comes_is_heard_though_the_house_is_full_of_idlers(served, is_asking):
    """Who asked nothing yet, or nothing for longest, gives way, and is told so."""
    _, _, connect = served
    idle = [connect() for _ in range(PEERS_MAX)]
    if is_asking:
        for client in idle:
            asking(client, served)
        asking(idle[0], served)

    newcomer = connect()
    answer = asking(newcomer, served, b"kill")

    first = idle[1 if is_asking else 0]
    assert answer == [(WORDS, b"kill")]
    ((kind, said),) = heard(first)
    assert (kind, loads(said)["code"], first.recv(10)) == (WORDS, 4, b"")
    assert asking(idle[2], served) == [(WORDS, b"?")]


def test_who_says_nothing_sends_nobody_away_who_asked(served):
    """However many connect, or stop within a request: they displace each other alone."""
    server, poll, connect = served
    honest = connect()
    asking(honest, served)

    for _ in range(3 * PEERS_MAX):
        connect().sendall(packed(WORDS, b"half a request")[:-1])
        turn(server, poll)

    assert asking(honest, served, b"kill") == [(WORDS, b"kill")]
    assert len(server.peers) == PEERS_MAX + 1


def test_who_waits_for_the_disk_gives_way_last(served):
    """Its act is taken, and it wants to hear so."""
    server, _, connect = served
    first = connect()
    asking(first, served)
    (peer,) = server.peers.values()
    peer.waits = True

    for _ in range(PEERS_MAX):
        asking(connect(), served)

    assert asking(first, served) == [(WORDS, b"?")]


def watching(served, number: int) -> list[tuple[socket.socket, Peer]]:
    """So many that watch."""
    server, _, connect = served
    found = []
    for _ in range(number):
        client = connect()
        asking(client, served)
        peer = list(server.peers.values())[-1]
        server.show(peer, 0.5)
        found.append((client, peer))
    return found


def test_one_watcher_too_many_is_told_so_and_may_command_all_the_same(served):
    """Consoles that keep up stay; an act needs no place among them."""
    server, _, connect = served
    there = watching(served, PEERS_MAX)

    ((late, _),) = watching(served, 1)
    ((_, said),) = heard(late)

    assert (loads(said)["code"], "to no more" in loads(said)["error"]) == (4, True)
    assert asking(connect(), served, b"kill") == [(WORDS, b"kill")]
    assert all(peer in server.peers.values() for _, peer in there)


def test_a_watcher_that_has_stopped_gives_way_to_one_that_reads(served):
    """A stopped console must not shut out the next one."""
    server, _, _ = served
    there = watching(served, PEERS_MAX)
    server.publish(1.0, lambda: b"picture")
    _, stopped = there[7]
    server.say(stopped, PICTURE, bytes(OUTBOX_MAX // 2))

    ((_, newcomer),) = watching(served, 1)

    assert newcomer in server.peers.values()
    assert [peer for _, peer in there if peer not in server.peers.values()] == [stopped]


def test_a_client_learns_that_it_lost_its_place(served, tmp_path):
    """The reason is read, though it was closed before it asked again."""
    server, poll, connect = served
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(Link, str(tmp_path))
        while not waiting.done():
            turn(server, poll)
    for _ in range(PEERS_MAX):
        asking(connect(), served)

    with pytest.raises(Refused, match="silent for longest") as refused:
        waiting.result().ask("kill", reason="x")
    waiting.result().close()

    assert refused.value.code == 4


def test_a_flood_of_requests_is_heard_a_little_at_a_time(served):
    """Between two turns the engine decides: one peer cannot keep it answering."""
    server, poll, connect = served
    client = connect()
    answers = 4_000
    client.sendall(packed(WORDS, b"?") * answers)

    turn(server, poll)
    first = len(heard(client))
    rest = 0
    while first + rest < answers:
        turn(server, poll)
        rest += len(heard(client))

    assert first <= READ_AT_ONCE // len(packed(WORDS, b"?"))


def test_nobody_answers_a_peer_that_was_dropped(tmp_path):
    """One that owes too much is not owed the rest of its requests."""
    poll, asked = select.epoll(), []

    def answer(peer: Peer, raw: bytes) -> None:
        asked.append(raw)
        server.say(peer, WORDS, bytes(OUTBOX_MAX * 2))

    server = Server(socket_path(str(tmp_path)), poll, answer)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(server.path)
        turn(server, poll)
        client.sendall(packed(WORDS, b"?") * 20)
        turn(server, poll)
    server.close()
    poll.close()

    assert asked == [b"?"]


def test_a_reader_that_sleeps_gets_the_latest_picture_not_a_queue(served):
    """Pictures that it did not read in time were never queued; the engine never waits for it."""
    server, poll, connect = served
    sleeper = connect()
    (peer,) = server.peers.values()
    peer.every_s, size = 0.5, 200_000
    for number in range(50):
        server.publish(number * 1.0, lambda number=number: bytes([number]) * size)
    owed = len(peer.outbox)

    arrived: list[tuple[int, bytes]] = []
    frames = Frames()
    while len(arrived) < 2:
        arrived += frames.feed(sleeper.recv(1 << 20))
        turn(server, poll)
    while peer.outbox:
        arrived += frames.feed(sleeper.recv(1 << 20))
        turn(server, poll)

    assert owed < 2 * size
    assert [kind for kind, _ in arrived] == [PICTURE] * len(arrived)
    assert len(arrived) < 5


def test_a_reader_that_never_reads_is_dropped(served):
    """Answers are queued up to a bound; then the connection ends."""
    server, _, connect = served
    connect()
    (peer,) = server.peers.values()

    for _ in range(4 + OUTBOX_MAX // 1_000_000):
        server.say(peer, WORDS, bytes(1_000_000))

    assert server.peers == {}


def test_pictures_come_at_the_rate_that_was_asked_for(served):
    """The next is due one period later, and the loop knows when."""
    server, _, connect = served
    connect()
    (peer,) = server.peers.values()
    assert server.due_in(0.0) == 60.0
    peer.every_s, peer.due_s = 0.5, 10.0

    server.publish(9.9, lambda: b"early")
    early = bytes(peer.outbox), server.due_in(9.9)
    server.publish(10.0, lambda: b"due")

    assert early == (b"", pytest.approx(0.1))
    assert server.due_in(10.0) == 0.5
