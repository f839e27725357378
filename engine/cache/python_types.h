/* Which names of Python does a compiled type use? Declared by hand, from the stable ABI only, so
 * that nobody needs Python.h. */
#ifndef SUPREME_PYTHON_TYPES_H
#define SUPREME_PYTHON_TYPES_H

#include <stddef.h>

typedef struct object {
    ptrdiff_t references;
    struct object *type;
} PyObject;
typedef ptrdiff_t Py_ssize_t;
typedef PyObject *(*python_call)(PyObject *, PyObject *const *, Py_ssize_t);
typedef int (*python_visit)(PyObject *, void *);

struct method {
    const char *name;
    python_call call;
    int flags;
    const char *words;
};
struct slot {
    int slot;
    void *function;
};
struct type_spec {
    const char *name;
    int size, item_size;
    unsigned int flags;
    struct slot *slots;
};
enum { FASTCALL = 0x80 };
enum { TYPE_DEFAULT = 1 << 18, TYPE_GC = 1 << 14, TYPE_IMMUTABLE = 1 << 8 };
enum { TP_CLEAR = 51, TP_DEALLOC, TP_DOC = 56, TP_METHODS = 64, TP_NEW, TP_TRAVERSE = 71 };
enum { EQUAL = 2 };

extern PyObject _Py_NoneStruct, PyUnicode_Type, PyLong_Type;
extern PyObject *PyExc_TypeError, *PyExc_ValueError;
extern PyObject *PyErr_Occurred(void), *PyErr_NoMemory(void);
extern void PyErr_SetString(PyObject *, const char *);
extern void Py_IncRef(PyObject *), Py_DecRef(PyObject *);
extern Py_ssize_t PyObject_Hash(PyObject *);
extern int PyObject_RichCompareBool(PyObject *, PyObject *, int);
extern PyObject *PyObject_CallFunctionObjArgs(PyObject *, ...);
extern void PyObject_GC_UnTrack(void *), PyObject_GC_Del(void *);
extern const char *PyUnicode_AsUTF8AndSize(PyObject *, Py_ssize_t *);
extern long long PyLong_AsLongLongAndOverflow(PyObject *, int *);
extern unsigned long long PyLong_AsUnsignedLongLongMask(PyObject *);
extern PyObject *PyLong_FromLongLong(long long), *PyBool_FromLong(long);
extern PyObject *PySequence_List(PyObject *), *PyList_GetItem(PyObject *, Py_ssize_t);
extern Py_ssize_t PyList_Size(PyObject *);
extern int PyList_SetItem(PyObject *, Py_ssize_t, PyObject *);
extern PyObject *PyTuple_New(Py_ssize_t);
extern int PyTuple_SetItem(PyObject *, Py_ssize_t, PyObject *);
extern int PyArg_ParseTuple(PyObject *, const char *, ...);
extern Py_ssize_t PyDict_Size(PyObject *);
extern PyObject *PyType_FromSpec(struct type_spec *), *PyType_GenericAlloc(PyObject *, Py_ssize_t);
extern int PyModule_AddObjectRef(PyObject *, const char *, PyObject *);

#endif
