/* What can Python ask of the compiled journal? What it can ask of plain.py, name for name.
 *
 * Alone: cc -O2 -shared -fPIC -DSTANDALONE -o journal_native.so native.c -lpthread
 * In another extension: link native.c and call PyModule_AddFunctions(module, journal_methods). */
#include "python_names.h"
#include "writer.h"

static const char *const CAPSULE = "supreme.journal";

static int wants(Py_ssize_t given, Py_ssize_t wanted)
{
    if (given != wanted)
        PyErr_SetString(PyExc_TypeError, "wrong number of arguments");
    return given == wanted;
}

static struct journal *journal_of(PyObject *handle)
{
    return PyCapsule_GetPointer(handle, CAPSULE);
}

static struct journal *only_handle(PyObject *const *arguments, Py_ssize_t count)
{
    return wants(count, 1) ? journal_of(arguments[0]) : 0;
}

static PyObject *integer(long long value)
{
    return PyErr_Occurred() ? 0 : PyLong_FromLongLong(value);
}

static void forget(PyObject *handle)
{
    struct journal *journal = journal_of(handle);
    close_all(journal);
    free(journal);
}

PyObject *journal_open(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (!wants(count, 4))
        return 0;
    int fd = (int)PyLong_AsLongLong(arguments[0]);
    uint64_t first = (uint64_t)PyLong_AsLongLong(arguments[1]);
    uint64_t used = (uint64_t)PyLong_AsLongLong(arguments[2]);
    uint64_t capacity = (uint64_t)PyLong_AsLongLong(arguments[3]);
    if (PyErr_Occurred())
        return 0;
    struct journal *journal = aligned_alloc(64, (sizeof *journal + 63) / 64 * 64);
    if (!journal)
        return PyErr_SetFromErrno(PyExc_OSError);
    memset(journal, 0, offsetof(struct journal, ring));
    journal->current = (struct segment){fd, first, capacity};
    journal->next.fd = -1;
    journal->head = journal->durable = journal->freed = first + used;
    journal->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (journal->eventfd < 0 || hash_file(&journal->sha, fd, HEADER + used * RECORD) < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        if (journal->eventfd >= 0)
            close(journal->eventfd);
        free(journal);
        return 0;
    }
    return PyCapsule_New(journal, CAPSULE, forget);
}

PyObject *journal_run(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    struct journal *journal = only_handle(arguments, count);
    if (!journal)
        return 0;
    sigset_t all, before;
    sigfillset(&all);
    void *thread = PyEval_SaveThread();
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals belong to the loop's thread */
    int failure = journal_write(journal);
    pthread_sigmask(SIG_SETMASK, &before, 0);
    PyEval_RestoreThread(thread);
    return integer(failure);
}

static int borrow(PyObject *object, Py_buffer *buffer)
{
    return PyObject_GetBuffer(object, buffer, 0) == 0;
}

/* Whole records, none of kind 0: that would mean the end of the segment. */
static int well_formed(const Py_buffer *records)
{
    int good = records->len > 0 && records->len % RECORD == 0;
    const unsigned char *bytes = records->buf;
    for (Py_ssize_t at = 0; good && at < records->len; at += RECORD)
        good = bytes[at + 4] != 0;
    if (!good)
        PyErr_SetString(PyExc_ValueError, "records must be whole, 64 bytes, of a kind above 0");
    return good;
}

PyObject *journal_append(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    struct journal *journal = wants(count, 2) ? journal_of(arguments[0]) : 0;
    Py_buffer records;
    if (!journal || !borrow(arguments[1], &records))
        return 0;
    size_t whole = well_formed(&records) ? (size_t)records.len / RECORD : 0;
    long long next = journal_put(journal, records.buf, whole);
    PyBuffer_Release(&records);
    return integer(next);
}

/* A function of the handle alone. */
#define SAYS(name, value)                                                                      \
    PyObject *name(PyObject *module, PyObject *const *arguments, Py_ssize_t count)             \
    {                                                                                          \
        (void)module;                                                                          \
        struct journal *journal = only_handle(arguments, count);                               \
        return journal ? integer((long long)(value)) : 0;                                      \
    }
SAYS(journal_sequence, atomic_load(&journal->head))
SAYS(journal_durable, atomic_load(&journal->durable))
SAYS(journal_collect, collected(journal))
SAYS(journal_failure, atomic_load(&journal->failure))
SAYS(journal_fileno, journal->eventfd)
SAYS(journal_flush, want(journal, atomic_load(&journal->head)))
SAYS(journal_stop, stop(journal))
SAYS(journal_close, close_all(journal))

static PyObject *awaited(struct journal *journal, _Atomic uint64_t *reached, int64_t goal,
                         int64_t timeout_ms)
{
    if (PyErr_Occurred())
        return 0;
    void *thread = PyEval_SaveThread();
    int done = journal_await(journal, reached, goal < 0 ? 0 : goal, timeout_ms * 1000000);
    PyEval_RestoreThread(thread);
    return PyBool_FromLong(done);
}

PyObject *journal_wait(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    struct journal *journal = wants(count, 3) ? journal_of(arguments[0]) : 0;
    if (!journal)
        return 0;
    int64_t goal = PyLong_AsLongLong(arguments[1]);
    return awaited(journal, &journal->durable, goal, PyLong_AsLongLong(arguments[2]));
}

PyObject *journal_await_room(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    struct journal *journal = wants(count, 3) ? journal_of(arguments[0]) : 0;
    if (!journal)
        return 0;
    int64_t records = PyLong_AsLongLong(arguments[1]);
    int64_t goal = (int64_t)atomic_load(&journal->head) + records - RING;
    return awaited(journal, &journal->freed, goal, PyLong_AsLongLong(arguments[2]));
}

static int hand_over(struct journal *journal, struct segment next, const Py_buffer *header,
                     size_t hash_at)
{
    if (header->len != HEADER || hash_at > HEADER - 36 || atomic_load(&journal->next_ready))
        return 0;
    memcpy(journal->next_header, header->buf, HEADER);
    journal->hash_at = hash_at;
    journal->next = next;
    atomic_store(&journal->next_ready, 1);
    ring_up(&journal->bell, &journal->asleep);
    return 1;
}

PyObject *journal_next(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    struct journal *journal = wants(count, 5) ? journal_of(arguments[0]) : 0;
    Py_buffer header;
    if (!journal || !borrow(arguments[2], &header))
        return 0;
    struct segment next = {.fd = (int)PyLong_AsLongLong(arguments[1])};
    next.capacity = (uint64_t)PyLong_AsLongLong(arguments[4]);
    size_t hash_at = (size_t)PyLong_AsLongLong(arguments[3]);
    int taken = PyErr_Occurred() ? 0 : hand_over(journal, next, &header, hash_at);
    PyBuffer_Release(&header);
    return PyErr_Occurred() ? 0 : PyBool_FromLong(taken);
}

PyObject *journal_fail(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    struct journal *journal = wants(count, 2) ? journal_of(arguments[0]) : 0;
    if (!journal)
        return 0;
    journal_fail_with(journal, (int)PyLong_AsLongLong(arguments[1]));
    return integer(atomic_load(&journal->failure));
}

PyObject *journal_seal(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    Py_buffer records;
    if (!wants(count, 2) || !borrow(arguments[0], &records))
        return 0;
    uint64_t first = (uint64_t)PyLong_AsLongLong(arguments[1]);
    PyObject *sealed = 0;
    if (!PyErr_Occurred() && well_formed(&records))
        sealed = PyBytes_FromStringAndSize(records.buf, records.len);
    unsigned char *bytes = sealed ? (unsigned char *)PyBytes_AsString(sealed) : 0;
    for (Py_ssize_t i = 0; bytes && i < records.len / RECORD; i++) {
        uint32_t check = check_of(bytes + i * RECORD, first + (uint64_t)i);
        memcpy(bytes + i * RECORD, &check, 4);
    }
    PyBuffer_Release(&records);
    return sealed;
}

PyObject *journal_verify(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    Py_buffer records;
    if (!wants(count, 3) || !borrow(arguments[0], &records))
        return 0;
    Py_ssize_t at = PyLong_AsLongLong(arguments[1]);
    uint64_t sequence = (uint64_t)PyLong_AsLongLong(arguments[2]);
    long long good = 0;
    void *thread = PyEval_SaveThread();
    for (; at >= 0 && at + RECORD <= records.len; at += RECORD, sequence++, good++) {
        const unsigned char *record = (const unsigned char *)records.buf + at;
        uint32_t check = check_of(record, sequence);
        if (record[4] == 0 || memcmp(record, &check, 4) != 0)
            break;
    }
    PyEval_RestoreThread(thread);
    PyBuffer_Release(&records);
    return integer(good);
}

PyObject *journal_hash(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    if (!wants(count, 2))
        return 0;
    int fd = (int)PyLong_AsLongLong(arguments[0]);
    int64_t size = PyLong_AsLongLong(arguments[1]);
    if (PyErr_Occurred())
        return 0;
    struct sha256 sha;
    unsigned char digest[32];
    void *thread = PyEval_SaveThread();
    int failed = hash_file(&sha, fd, (uint64_t)size);
    PyEval_RestoreThread(thread);
    if (failed)
        return PyErr_SetFromErrno(PyExc_OSError);
    sha_finish(&sha, digest);
    return PyBytes_FromStringAndSize((char *)digest, 32);
}

#define ROW(name, says) {#name, name, METH_FASTCALL, says}

struct PyMethodDef journal_methods[] = {
    ROW(journal_open, "(fd, first, used, capacity) -> handle; takes the fd over"),
    ROW(journal_run, "(handle) -> errno; the writer thread's life"),
    ROW(journal_append, "(handle, records) -> next sequence, -1 no room, -2 failed"),
    ROW(journal_sequence, "(handle) -> next sequence"),
    ROW(journal_durable, "(handle) -> all before it is on the disk"),
    ROW(journal_collect, "(handle) -> as journal_durable, and clears the eventfd"),
    ROW(journal_failure, "(handle) -> errno, 0 while all is well"),
    ROW(journal_fileno, "(handle) -> eventfd, readable after each commit"),
    ROW(journal_wait, "(handle, sequence, timeout_ms) -> whether it is durable"),
    ROW(journal_await_room, "(handle, records, timeout_ms) -> whether there is room"),
    ROW(journal_next, "(handle, fd, header, hash_at, capacity) -> whether it was taken"),
    ROW(journal_fail, "(handle, errno): no next segment can be had"),
    ROW(journal_flush, "(handle): all appended so far becomes durable without delay"),
    ROW(journal_stop, "(handle): run returns once all appended is durable"),
    ROW(journal_close, "(handle): closes its files, after run returned"),
    ROW(journal_seal, "(records, first) -> the records with their checks"),
    ROW(journal_verify, "(buffer, offset, first) -> good records from there"),
    ROW(journal_hash, "(fd, size) -> SHA-256 of the file's first bytes"),
    {0, 0, 0, 0},
};

#ifdef STANDALONE
static struct {
    long references;
    void *type, *init;
    long index;
    void *copy;
    const char *name, *doc;
    long size;
    struct PyMethodDef *methods;
    void *slots, *traverse, *clear, *release;
} definition = {1, 0, 0, 0, 0, "journal_native", 0, -1, 0, 0, 0, 0, 0};

PyObject *PyInit_journal_native(void)
{
    PyObject *module = PyModule_Create2(&definition, 3);
    return module && PyModule_AddFunctions(module, journal_methods) == 0 ? module : 0;
}
#endif
