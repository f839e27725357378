/* Which names of Python does compiled code use? Declared by hand, from the stable ABI only, so that
 * nobody needs Python.h. */
#ifndef SUPREME_PYTHON_NAMES_H
#define SUPREME_PYTHON_NAMES_H

typedef struct _object PyObject;
typedef long Py_ssize_t;
typedef PyObject *(*python_function)(PyObject *, PyObject *const *, Py_ssize_t);

struct PyMethodDef {
    const char *name;
    python_function function;
    int flags;
    const char *doc;
};
enum { METH_FASTCALL = 0x80 };

typedef struct {
    void *buf;
    PyObject *obj;
    Py_ssize_t len, itemsize;
    int readonly, ndim;
    char *format;
    Py_ssize_t *shape, *strides, *suboffsets;
    void *internal;
} Py_buffer;

extern PyObject *PyExc_ValueError, *PyExc_TypeError, *PyExc_OSError;
extern void PyErr_SetString(PyObject *, const char *);
extern PyObject *PyErr_SetFromErrno(PyObject *);
extern PyObject *PyErr_Occurred(void);
extern PyObject *PyLong_FromLongLong(long long);
extern long long PyLong_AsLongLong(PyObject *);
extern PyObject *PyBool_FromLong(long);
extern PyObject *PyBytes_FromStringAndSize(const char *, Py_ssize_t);
extern char *PyBytes_AsString(PyObject *);
extern int PyObject_GetBuffer(PyObject *, Py_buffer *, int);
extern void PyBuffer_Release(Py_buffer *);
extern PyObject *PyCapsule_New(void *, const char *, void (*)(PyObject *));
extern void *PyCapsule_GetPointer(PyObject *, const char *);
extern void *PyEval_SaveThread(void);
extern void PyEval_RestoreThread(void *);
extern PyObject *PyModule_Create2(void *, int);
extern int PyModule_AddFunctions(PyObject *, struct PyMethodDef *);

#endif
