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
extern PyObject *PyLong_FromLongLong(long long), *PyBytes_FromStringAndSize(const char *, Py_ssize_t);
extern long long PyLong_AsLongLong(PyObject *);
extern char *PyByteArray_AsString(PyObject *);
extern Py_ssize_t PyByteArray_Size(PyObject *);
extern int PyBytes_AsStringAndSize(PyObject *, char **, Py_ssize_t *);
extern int PyObject_GetBuffer(PyObject *, struct buffer *, int);
extern void PyBuffer_Release(struct buffer *), PyErr_SetString(PyObject *, const char *);
extern void Py_IncRef(PyObject *), Py_DecRef(PyObject *), *PyEval_SaveThread(void);
extern void PyEval_RestoreThread(void *);
extern struct method journal_methods[];

struct record { uint32_t check; uint8_t kind, flags; uint16_t symbol; int64_t times[2], five[5]; };
struct span { int64_t next, stop, written, room; struct record pulse; };
extern int64_t kernel_process(void *, const void *), kernel_attend(void *, const void *);
extern int64_t kernel_history(void *, const void *, void *, struct span *);

static int known(const struct record *r) {
    static const uint64_t kinds[2] = {KNOWN_KINDS};
    return r->kind < 128 && (kinds[r->kind >> 6] >> (r->kind & 63) & 1) && r->symbol < SYMBOLS_MAX;
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

/* (records, first number, out) -> (next number, records written). The lock is free meanwhile. */
static PyObject *history(PyObject *state, PyObject *arguments) {
    struct buffer records, out;
    struct span span = {PyLong_AsLongLong(PyTuple_GetItem(arguments, 1))};
    if (PyObject_GetBuffer(PyTuple_GetItem(arguments, 0), &records, 0)) return 0;
    if (PyObject_GetBuffer(PyTuple_GetItem(arguments, 2), &out, 1)) { PyBuffer_Release(&records); return 0; }
    span.stop = records.size / 64;
    span.room = out.size / 64;
    int64_t bad = -1;
    char *at = PyByteArray_AsString(state);
    void *thread = PyEval_SaveThread();
    for (int64_t i = span.next; i < span.stop && bad < 0; i++)
        if (!known((struct record *)records.at + i)) bad = i;
    if (bad < 0 && span.next >= 0) kernel_history(at, records.at, out.at, &span);
    PyEval_RestoreThread(thread);
    PyBuffer_Release(&records);
    PyBuffer_Release(&out);
    if (bad >= 0) return refused("not a record the core knows");
    PyObject *reached = PyLong_FromLongLong(span.next), *written = PyLong_FromLongLong(span.written);
    PyObject *pair = PyTuple_Pack(2, reached, written);
    Py_DecRef(reached);
    Py_DecRef(written);
    return pair;
}

/* bind(bytearray of STATE_SIZE) -> (process, attend, history), bound to that state. */
static PyObject *bind(PyObject *module, PyObject *state) {
    static struct method bound[] = {
        {"process", process, ONE, 0}, {"attend", attend, ONE, 0}, {"history", history, ONE, 0}};
    if (PyByteArray_Size(state) != STATE_SIZE) return refused("the state has another size");
    PyObject *made[3];
    for (int i = 0; i < 3; i++) made[i] = PyCFunction_NewEx(&bound[i], state, 0);
    PyObject *all = PyTuple_Pack(3, made[0], made[1], made[2]);
    for (int i = 0; i < 3; i++) Py_DecRef(made[i]);
    return all;
}

static struct method methods[32] = {{"bind", bind, ONE, "The core's functions over one state."}};
static struct {
    long references; void *type, *init; long index; void *copy;
    const char *name, *words; long size; struct method *methods; void *slots, *traverse, *clear, *free;
} definition = {1, 0, 0, 0, 0, "core", 0, -1, methods, 0, 0, 0, 0};

PyObject *PyInit_core(void) {
    for (int i = 0; journal_methods[i].name && i < 30; i++) methods[i + 1] = journal_methods[i];
    return PyModule_Create2(&definition, 1013);
}
