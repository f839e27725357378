/* What does the program do when the disk refuses, or when it dies at this very call?
 *
 * Loaded with LD_PRELOAD; prints nothing. It counts openat, pwrite, fsync and fdatasync on segments,
 * on the note of the newest one and on the directory "journal" (or on paths that contain
 * SUPREME_FAULT_ON), and at the k-th does what SUPREME_FAULT=call:k:action says.
 *   call    openat | pwrite | fsync | fdatasync | any
 *   k       counted from 1; "k+" means the k-th and all after it
 *   action  EIO | ENOSPC | kill-before | kill-half (of a pwrite) | kill-after
 * SUPREME_FAULT_TALLY=FILE receives the counts, one "call count" a line, at a normal exit.
 * SUPREME_FAULT_TRACE=FILE receives every such call, for tests that rebuild what a power cut leaves:
 *   call u8 | length of path u16 | path | offset i64 | size i64 | the bytes (pwrite only)
 *   a pwrite before it happens, a sync after it returned 0, an openat only if it may create. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum call { OPENAT, PWRITE, FSYNC, FDATASYNC, ANY, CALLS };
enum action { NOTHING, FAIL, KILL_BEFORE, KILL_HALF, KILL_AFTER };
static const char *const NAMES[CALLS] = {"openat", "pwrite", "fsync", "fdatasync", "any"};

static struct {
    enum call call;
    long at, onwards;
    enum action action;
    int error;
} fault = {CALLS, 0, 0, NOTHING, 0};
static const char *wanted;
static long counts[CALLS];
static int trace = -1;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static void read_action(const char *text)
{
    fault.action = FAIL;
    if (strcmp(text, "EIO") == 0)
        fault.error = EIO;
    else if (strcmp(text, "ENOSPC") == 0)
        fault.error = ENOSPC;
    else if (strcmp(text, "kill-before") == 0)
        fault.action = KILL_BEFORE;
    else if (strcmp(text, "kill-half") == 0)
        fault.action = KILL_HALF;
    else if (strcmp(text, "kill-after") == 0)
        fault.action = KILL_AFTER;
    else
        abort();
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *given = getenv("SUPREME_FAULT"), *path = getenv("SUPREME_FAULT_TRACE");
    char call[16], at[16], action[16];
    wanted = getenv("SUPREME_FAULT_ON");
    if (path)
        trace = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (!given || sscanf(given, "%15[^:]:%15[^:]:%15s", call, at, action) != 3)
        return;
    for (int i = 0; i < CALLS; i++)
        if (strcmp(call, NAMES[i]) == 0)
            fault.call = (enum call)i;
    fault.at = atol(at);
    fault.onwards = strchr(at, '+') != 0;
    read_action(action);
}

__attribute__((destructor)) static void write_tally(void)
{
    const char *path = getenv("SUPREME_FAULT_TALLY");
    FILE *file = path ? fopen(path, "w") : 0;
    for (int i = 0; file && i < CALLS; i++)
        fprintf(file, "%s %ld\n", NAMES[i], counts[i]);
    if (file)
        fclose(file);
}

static int ends_with(const char *path, const char *end)
{
    size_t size = strlen(path), tail = strlen(end);
    return size >= tail && strcmp(path + size - tail, end) == 0;
}

static int concerns_us(const char *path)
{
    if (wanted)
        return strstr(path, wanted) != 0;
    return ends_with(path, ".segment") || ends_with(path, "/journal") ||
           ends_with(path, "/journal/head");
}

static int is_due(enum call call, long count)
{
    return fault.call == call && (fault.onwards ? count >= fault.at : count == fault.at);
}

/* Counts the call if it concerns us; what is to happen at it. */
static enum action counted(enum call call, const char *path)
{
    if (!concerns_us(path))
        return NOTHING;
    pthread_mutex_lock(&one_at_a_time);
    int due = is_due(call, ++counts[call]) | is_due(ANY, ++counts[ANY]);
    pthread_mutex_unlock(&one_at_a_time);
    return due ? fault.action : NOTHING;
}

static const char *path_of(int fd, char *room)
{
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, room, 4095);
    room[size < 0 ? 0 : size] = 0;
    return room;
}

static void traced(enum call call, const char *path, int64_t offset, const void *bytes, int64_t size)
{
    uint16_t length = (uint16_t)strlen(path);
    unsigned char head[3] = {(unsigned char)call};
    int64_t place[2] = {offset, size};
    if (trace < 0 || !concerns_us(path))
        return;
    memcpy(head + 1, &length, 2);
    pthread_mutex_lock(&one_at_a_time);
    if (write(trace, head, 3) != 3 || write(trace, path, length) != length ||
        write(trace, place, 16) != 16 || (bytes && write(trace, bytes, (size_t)size) != size))
        abort();
    pthread_mutex_unlock(&one_at_a_time);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static ssize_t written(int fd, const void *bytes, size_t size, off_t offset)
{
    char room[4096];
    const char *path = path_of(fd, room);
    enum action action = counted(PWRITE, path);
    if (action == KILL_BEFORE)
        die();
    if (action == FAIL) {
        errno = fault.error;
        return -1;
    }
    traced(PWRITE, path, offset, bytes, (int64_t)size);
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, action == KILL_HALF ? size / 2 : size, offset);
    if (action != NOTHING)
        die();
    return done;
}

static int synced(enum call call, int fd)
{
    char room[4096];
    const char *path = path_of(fd, room);
    enum action action = counted(call, path);
    if (action == KILL_BEFORE || action == KILL_HALF)
        die();
    if (action == FAIL) {
        errno = fault.error;
        return -1;
    }
    int done = (int)syscall(call == FSYNC ? SYS_fsync : SYS_fdatasync, fd);
    if (done == 0)
        traced(call, path, 0, 0, 0);
    if (action == KILL_AFTER)
        die();
    return done;
}

static int opened(int directory, const char *path, int flags, mode_t mode)
{
    enum action action = counted(OPENAT, path);
    if (action == KILL_BEFORE || action == KILL_HALF)
        die();
    if (action == FAIL) {
        errno = fault.error;
        return -1;
    }
    if (flags & O_CREAT)
        traced(OPENAT, path, 0, 0, 0);
    int fd = (int)syscall(SYS_openat, directory, path, flags, mode);
    if (action == KILL_AFTER)
        die();
    return fd;
}

static mode_t mode_in(int flags, va_list rest)
{
    int makes = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
    return makes ? (mode_t)va_arg(rest, int) : 0;
}

#define OPENS(name, directory, ...)                                                            \
    int name(__VA_ARGS__ const char *path, int flags, ...)                                     \
    {                                                                                          \
        va_list rest;                                                                          \
        va_start(rest, flags);                                                                 \
        mode_t mode = mode_in(flags, rest);                                                    \
        va_end(rest);                                                                          \
        return opened(directory, path, flags, mode);                                           \
    }
#define AT int where,
OPENS(open, AT_FDCWD, )
OPENS(open64, AT_FDCWD, )
OPENS(openat, where, AT)
OPENS(openat64, where, AT)

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return written(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return written(fd, bytes, size, offset);
}

int fsync(int fd) { return synced(FSYNC, fd); }

int fdatasync(int fd) { return synced(FDATASYNC, fd); }
