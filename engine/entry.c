/* How does Python reach the compiled core? A thin entry: it checks a record and calls the kernel.
 *
 * The few C-API names are declared by hand, so that building needs a compiler but no Python.h.
 * Sizes and offsets come from engine/compile.py as macros: STATE_SIZE, COMMANDS_AT, FACTS_AT,
 * SYMBOLS_MAX, KNOWN_KINDS (a 128-bit set as two words).
 */
#include <stdint.h>
#include <string.h>

typedef struct object PyObject;
typedef long Py_ssize_t;
typedef PyObject *(*function)(PyObject *, PyObject *);
struct method { const char *name; function call; int flags; const char *words; };
enum { VARARGS = 1, ONE = 8 };
struct buffer {
    void *at; PyObject *owner; Py_ssize_t size, item; int readonly, dimensions;
    char *format; Py_ssize_t *shape, *strides, *suboffsets; void *internal;
};
extern PyObject _Py_NoneStruct, *PyExc_ValueError;
extern PyObject *PyModule_Create2(void *, int), *PyCFunction_NewEx(struct method *, PyObject *, PyObject *);
extern PyObject *PyTuple_Pack(Py_ssize_t, ...), *PyTuple_GetItem(PyObject *, Py_ssize_t);
extern PyObject *PyBytes_FromStringAndSize(const char *, Py_ssize_t);
extern char *PyByteArray_AsString(PyObject *);
extern Py_ssize_t PyByteArray_Size(PyObject *);
extern int PyBytes_AsStringAndSize(PyObject *, char **, Py_ssize_t *);
extern int PyObject_GetBuffer(PyObject *, struct buffer *, int);
extern void PyBuffer_Release(struct buffer *), PyErr_SetString(PyObject *, const char *);
extern void Py_IncRef(PyObject *), Py_DecRef(PyObject *), *PyEval_SaveThread(void);
extern void PyEval_RestoreThread(void *);
extern struct method journal_methods[];
extern int memory_register(PyObject *);

struct record { uint32_t check; uint8_t kind, flags; uint16_t symbol; int64_t times[2], five[5]; };
enum { CHUNK = 256 };
struct span { int64_t next, stop, written, room, compared, differs, retold; struct record pulse; };
extern int64_t kernel_process(void *, const void *), kernel_attend(void *, const void *);
extern int64_t kernel_history(void *, const void *, void *, struct span *);
extern int64_t kernel_replay(void *, const void *, void *, struct span *);

static int known(const struct record *r) {
    static const uint64_t kinds[2] = {KNOWN_KINDS};
    const int64_t latest = 1LL << 62;
    return r->kind < 128 && (kinds[r->kind >> 6] >> (r->kind & 63) & 1) && r->symbol < SYMBOLS_MAX &&
           r->times[1] >= 0 && r->times[1] <= latest;
}

static PyObject *refused(const char *why) { PyErr_SetString(PyExc_ValueError, why); return 0; }

/* The filled part of a buffer in the state: int64 count, then records. None when empty. */
static PyObject *filled(char *state, long at) {
    int64_t count;
    memcpy(&count, state + at, 8);
    if (count == 0) { Py_IncRef(&_Py_NoneStruct); return &_Py_NoneStruct; }
    return PyBytes_FromStringAndSize(state + at + 8, count * 64);
}

static const struct record *taken(PyObject *given) {
    char *at; Py_ssize_t size;
    if (PyBytes_AsStringAndSize(given, &at, &size)) return 0;
    if (size != 64 || !known((struct record *)at)) { refused("not a record the core knows"); return 0; }
    return (struct record *)at;
}

static PyObject *process(PyObject *state, PyObject *given) {
    const struct record *event = taken(given);
    if (!event) return 0;
    char *at = PyByteArray_AsString(state);
    kernel_process(at, event);
    return filled(at, COMMANDS_AT);
}

static PyObject *attend(PyObject *state, PyObject *given) {
    const struct record *event = taken(given);
    if (!event) return 0;
    char *at = PyByteArray_AsString(state);
    kernel_attend(at, event);
    return filled(at, FACTS_AT);
}

/* Run a kernel over (records, out, span): a bytes-like, a bytearray and the span's bytearray.
 * The lock is free meanwhile. A replay may meet Text, which the kernel skips. */
static PyObject *run(PyObject *state, PyObject *arguments, int text, int64_t (*kernel)(void *, const void *, void *, struct span *)) {
    struct buffer held[3];
    int got = 0;
    for (; got < 3; got++)
        if (PyObject_GetBuffer(PyTuple_GetItem(arguments, got), &held[got], got > 0)) break;
    int64_t bad = got < 3 || held[2].size != sizeof(struct span) ? 0 : -1;
    if (bad < 0) {
        const struct record *records = held[0].at;
        struct span *span = held[2].at;
        char *at = PyByteArray_AsString(state);
        int64_t end = held[0].size / 64, checked = span->next < 0 ? end : span->next;
        span->room = held[1].size / 64;
        span->differs = -1;
        void *thread = PyEval_SaveThread();
        while (checked < end && checked == span->next && bad < 0 && span->differs < 0) {
            span->stop = checked + CHUNK < end ? checked + CHUNK : end;
            for (; checked < span->stop && bad < 0; checked++)
                if (!known(records + checked) && !(text && records[checked].kind == 128)) bad = checked;
            if (bad < 0) kernel(at, records, held[1].at, span);
        }
        span->stop = end;
        PyEval_RestoreThread(thread);
    }
    for (int i = 0; i < got; i++) PyBuffer_Release(&held[i]);
    if (got < 3) return 0;
    if (bad >= 0) return refused("not a record the core knows");
    Py_IncRef(&_Py_NoneStruct);
    return &_Py_NoneStruct;
}

static PyObject *history(PyObject *state, PyObject *arguments) { return run(state, arguments, 0, kernel_history); }
static PyObject *replay(PyObject *state, PyObject *arguments) { return run(state, arguments, 1, kernel_replay); }

/* bind(bytearray of STATE_SIZE) -> (process, attend, history, replay), bound to that state. */
static PyObject *bind(PyObject *module, PyObject *state) {
    static struct method bound[] = {
        {"process", process, ONE, 0}, {"attend", attend, ONE, 0},
        {"history", history, VARARGS, 0}, {"replay", replay, VARARGS, 0}};
    if (PyByteArray_Size(state) != STATE_SIZE) return refused("the state has another size");
    PyObject *made[4];
    for (int i = 0; i < 4; i++) made[i] = PyCFunction_NewEx(&bound[i], state, 0);
    PyObject *all = PyTuple_Pack(4, made[0], made[1], made[2], made[3]);
    for (int i = 0; i < 4; i++) Py_DecRef(made[i]);
    return all;
}

static struct method methods[32] = {{"bind", bind, ONE, "The core's functions over one state."}};
static struct {
    long references; void *type, *init; long index; void *copy;
    const char *name, *words; long size; struct method *methods; void *slots, *traverse, *clear, *free;
} definition = {1, 0, 0, 0, 0, "core", 0, -1, methods, 0, 0, 0, 0};

PyObject *PyInit_core(void) {
    for (int i = 0; journal_methods[i].name && i < 30; i++) methods[i + 1] = journal_methods[i];
    PyObject *module = PyModule_Create2(&definition, 1013);
    return module && memory_register(module) == 0 ? module : 0;
}
