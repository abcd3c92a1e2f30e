/* bridge._native: what Python would take long for, byte by byte; _native.pyi says what each function does. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "characters.c"
#include "quoting.c"

/* Bytes from which on other threads go on meanwhile: for fewer, giving way takes longer than the work. */
enum { LONG = 64 * 1024 };

static int kind_of_all(const char *text, Py_ssize_t length)
{
    int kind;
    if (length < LONG)
        return kind_of(text, (size_t)length);
    Py_BEGIN_ALLOW_THREADS
    kind = kind_of(text, (size_t)length);
    Py_END_ALLOW_THREADS
    return kind;
}

/* -1 with an exception. */
static int kind_of_object(PyObject *text)
{
    Py_buffer view;
    if (PyUnicode_Check(text)) {
        Py_ssize_t length;
        const char *raw = PyUnicode_AsUTF8AndSize(text, &length);
        if (raw != NULL)
            return kind_of_all(raw, length);
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            return -1;
        PyErr_Clear(); /* half a surrogate pair */
        return REFUSED;
    }
    if (PyObject_GetBuffer(text, &view, PyBUF_SIMPLE) < 0)
        return -1;
    int kind = kind_of_all(view.buf, view.len);
    PyBuffer_Release(&view);
    return kind;
}

static PyObject *refused(PyObject *module, PyObject *text)
{
    int kind = kind_of_object(text);
    return kind < 0 ? NULL : PyBool_FromLong(kind == REFUSED);
}

static PyObject *is_plain(PyObject *module, PyObject *text)
{
    int kind = kind_of_object(text);
    return kind < 0 ? NULL : PyBool_FromLong(kind == ASCII);
}

static PyObject *quoted(PyObject *module, PyObject *text)
{
    Py_ssize_t length;
    const char *raw = PyUnicode_AsUTF8AndSize(text, &length);
    if (raw == NULL)
        return NULL;
    if (length > PY_SSIZE_T_MAX / 3)
        return PyErr_NoMemory();
    size_t taken;
    if (length < LONG) {
        taken = quoted_length(raw, (size_t)length);
    } else {
        Py_BEGIN_ALLOW_THREADS
        taken = quoted_length(raw, (size_t)length);
        Py_END_ALLOW_THREADS
    }
    PyObject *written = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)taken);
    if (written == NULL)
        return NULL;
    char *into = PyBytes_AS_STRING(written);
    if (length < LONG) {
        quote(raw, (size_t)length, into);
    } else {
        Py_BEGIN_ALLOW_THREADS
        quote(raw, (size_t)length, into);
        Py_END_ALLOW_THREADS
    }
    return written;
}

static PyMethodDef functions[] = {
    {"refused", refused, METH_O, NULL},
    {"is_plain", is_plain, METH_O, NULL},
    {"quoted", quoted, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", NULL, 0, functions};

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&definition);
}
