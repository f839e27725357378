/* How does an appended record reach the disk, and when may it be called durable?
 *
 * One producer (the engine's loop) puts sealed records into a ring; one thread takes what is there,
 * writes, syncs and only then moves `durable`. Market records and heartbeats cause nothing outside:
 * they wait for company, until a window of them is there or somebody wants them durable. Every
 * other record is wanted at once. A sequence counts records from the journal's first;
 * slot = sequence modulo the ring. A commit never crosses a window of WINDOW records within its
 * segment, so what a power cut can tear is one window at most: recovery relies on it. After a
 * failed write or sync nothing is acknowledged again; a sync is never repeated. */
#ifndef SUPREME_WRITER_H
#define SUPREME_WRITER_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "digests.h"

enum {
    RECORD = 64,
    HEADER = 4096,
    WINDOW = 256,
    RING = 8192, /* records, 512 KiB: beyond it append finds no room and its caller waits */
    NO_ROOM = -1,
    FAILED = -2,
    PATIENT_KIND_MAX = 8, /* the market's kinds, and the heartbeat */
};

struct segment {
    int fd;
    uint64_t first, capacity;
};

struct journal {
    _Alignas(64) _Atomic uint64_t head; /* the next sequence to append */
    _Atomic uint64_t wanted;            /* all before it shall become durable without delay */
    _Atomic uint32_t bell, asleep;      /* wakes the writer */
    _Alignas(64) _Atomic uint64_t durable; /* all before it is on the disk */
    _Atomic uint64_t freed;                /* all before it has left the ring */
    _Atomic uint32_t news, waiting;        /* wakes a caller who waits */
    _Atomic int failure, stopping, next_ready;
    int eventfd;
    size_t hash_at;
    struct segment current, next;
    struct sha256 sha;
    unsigned char next_header[HEADER];
    unsigned char ring[RING * RECORD];
};

static void futex_wait(_Atomic uint32_t *word, uint32_t seen, const struct timespec *limit)
{
    syscall(SYS_futex, word, 128 /* FUTEX_WAIT_PRIVATE */, seen, limit, 0, 0);
}

static void ring_up(_Atomic uint32_t *word, _Atomic uint32_t *listening)
{
    if (!atomic_load(listening))
        return;
    atomic_fetch_add(word, 1);
    syscall(SYS_futex, word, 129 /* FUTEX_WAKE_PRIVATE */, 1, 0, 0, 0);
}

static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void journal_fail_with(struct journal *journal, int failure)
{
    int none = 0;
    atomic_compare_exchange_strong(&journal->failure, &none, failure);
    ring_up(&journal->bell, &journal->asleep);
}

/* -- the producer's side -- */

/* All before the sequence shall become durable without delay. */
static int want(struct journal *journal, uint64_t sequence)
{
    if (sequence > atomic_load(&journal->wanted))
        atomic_store(&journal->wanted, sequence);
    ring_up(&journal->bell, &journal->asleep);
    return 0;
}

/* Seals `count` records and puts them into the ring; the sequence after them, NO_ROOM or FAILED. */
long long journal_put(struct journal *journal, const unsigned char *records, size_t count)
{
    uint64_t head = atomic_load_explicit(&journal->head, memory_order_relaxed);
    uint64_t freed = atomic_load(&journal->freed);
    int is_urgent = 0;
    if (atomic_load(&journal->failure))
        return FAILED;
    if (count > RING - (head - freed))
        return NO_ROOM;
    for (size_t i = 0; i < count; i++, records += RECORD) {
        unsigned char *slot = journal->ring + (head + i) % RING * RECORD;
        uint32_t check = check_of(records, head + i);
        memcpy(slot, records, RECORD);
        memcpy(slot, &check, 4);
        is_urgent |= records[4] > PATIENT_KIND_MAX;
    }
    atomic_store(&journal->head, head + count);
    if (is_urgent)
        want(journal, head + count);
    else if (head + count - freed >= WINDOW || atomic_load(&journal->wanted) > head)
        ring_up(&journal->bell, &journal->asleep);
    return (long long)(head + count);
}

/* Waits until `*reached` is at least `goal`, the journal fails or the time is up. */
static int journal_await(struct journal *journal, _Atomic uint64_t *reached, int64_t goal,
                         int64_t timeout_ns)
{
    int64_t end = monotonic_ns() + timeout_ns;
    if (reached == &journal->durable && goal > 0)
        want(journal, (uint64_t)goal);
    for (;;) {
        atomic_store(&journal->waiting, 1);
        uint32_t seen = atomic_load(&journal->news);
        int done = (int64_t)atomic_load(reached) >= goal;
        int64_t left = end - monotonic_ns();
        if (done || atomic_load(&journal->failure) || left <= 0) {
            atomic_store(&journal->waiting, 0);
            return done;
        }
        struct timespec limit = {left / 1000000000, left % 1000000000};
        futex_wait(&journal->news, seen, &limit);
    }
}

static int stop(struct journal *journal)
{
    atomic_store(&journal->stopping, 1);
    ring_up(&journal->bell, &journal->asleep);
    return 0;
}

/* Clears the wake-up; what is durable. */
static uint64_t collected(struct journal *journal)
{
    uint64_t commits;
    if (read(journal->eventfd, &commits, 8) < 0)
        commits = 0; /* nothing new was told */
    return atomic_load(&journal->durable);
}

/* Only after the writer's thread has ended. */
static int close_all(struct journal *journal)
{
    int files[] = {journal->current.fd, journal->next.fd, journal->eventfd};
    journal_fail_with(journal, EBADF);
    for (int i = 0; i < 3; i++)
        if (files[i] >= 0)
            close(files[i]);
    journal->current.fd = journal->next.fd = journal->eventfd = -1;
    return 0;
}

/* -- the writer's side -- */

static void tell(struct journal *journal)
{
    uint64_t one = 1;
    ring_up(&journal->news, &journal->waiting);
    if (write(journal->eventfd, &one, 8) < 0)
        return; /* the counter is full: the reader is awake already */
}

static int write_all(int fd, const unsigned char *bytes, size_t size, uint64_t offset)
{
    while (size) {
        ssize_t written = pwrite(fd, bytes, size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written ? errno : EIO;
        bytes += written, size -= (size_t)written, offset += (size_t)written;
    }
    return 0;
}

static int pending(struct journal *journal, uint64_t at)
{
    uint64_t head = atomic_load(&journal->head), wanted = atomic_load(&journal->wanted);
    int ready = head - at >= WINDOW || (head > at && wanted > at);
    if (at == journal->current.first + journal->current.capacity)
        ready = atomic_load(&journal->next_ready);
    return ready || atomic_load(&journal->failure) || atomic_load(&journal->stopping);
}

/* No spin before the sleep: measured on two busy cores, it takes more than it gives. */
static void await_work(struct journal *journal, uint64_t at)
{
    while (!pending(journal, at)) {
        uint32_t seen = atomic_load(&journal->bell);
        atomic_store(&journal->asleep, 1);
        if (!pending(journal, at))
            futex_wait(&journal->bell, seen, 0);
        atomic_store(&journal->asleep, 0);
    }
}

static uint64_t end_of_commit(struct journal *journal, uint64_t at)
{
    struct segment *current = &journal->current;
    uint64_t position = at - current->first, end = (position / WINDOW + 1) * WINDOW;
    if (end > current->capacity)
        end = current->capacity;
    end += current->first;
    uint64_t head = atomic_load(&journal->head);
    return head < end ? head : end;
}

/* The ring's records [from, to) in at most two pieces: the ring may wrap inside them. */
static size_t piece_of(uint64_t from, uint64_t to)
{
    uint64_t to_wrap = RING - from % RING;
    return (to - from < to_wrap ? to - from : to_wrap) * RECORD;
}

static int commit(struct journal *journal, uint64_t from, uint64_t to)
{
    struct segment *current = &journal->current;
    for (uint64_t at = from; at < to;) {
        size_t size = piece_of(at, to);
        uint64_t offset = HEADER + (at - current->first) * RECORD;
        int failure = write_all(current->fd, journal->ring + at % RING * RECORD, size, offset);
        if (failure)
            return failure;
        at += size / RECORD;
    }
    return fdatasync(current->fd) ? errno : 0;
}

static void hash_and_free(struct journal *journal, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to;) {
        size_t size = piece_of(at, to);
        sha_add(&journal->sha, journal->ring + at % RING * RECORD, size);
        at += size / RECORD;
    }
    atomic_store(&journal->freed, to);
    ring_up(&journal->news, &journal->waiting);
}

/* The next segment begins: its header closes the chain and is synced before any record. */
static int rotate(struct journal *journal)
{
    struct segment *current = &journal->current;
    unsigned char *header = journal->next_header;
    sha_finish(&journal->sha, header + journal->hash_at);
    uint32_t crc = crc32_of(header, HEADER - 4, 0);
    memcpy(header + HEADER - 4, &crc, 4);
    int failure = write_all(journal->next.fd, header, HEADER, 0);
    if (!failure && fdatasync(journal->next.fd))
        failure = errno;
    if (failure)
        return failure;
    close(current->fd);
    journal->next.first = current->first + current->capacity;
    *current = journal->next;
    journal->next.fd = -1;
    sha_start(&journal->sha);
    sha_add(&journal->sha, header, HEADER);
    atomic_store(&journal->next_ready, 0);
    return 0;
}

/* The writer thread's whole life, without the interpreter's lock; the errno that ended it, 0 when
 * it was stopped. */
static int journal_write(struct journal *journal)
{
    uint64_t at = atomic_load(&journal->durable);
    int failure = 0;
    while (!failure) {
        await_work(journal, at);
        if ((failure = atomic_load(&journal->failure)))
            break;
        if (at == journal->current.first + journal->current.capacity) {
            if (!atomic_load(&journal->next_ready))
                return 0;
            failure = rotate(journal);
            continue;
        }
        uint64_t to = end_of_commit(journal, at);
        if (to == at)
            return 0;
        if ((failure = commit(journal, at, to)))
            break;
        atomic_store(&journal->durable, to);
        tell(journal);
        hash_and_free(journal, at, to);
        at = to;
    }
    journal_fail_with(journal, failure);
    tell(journal);
    return failure;
}

#endif
