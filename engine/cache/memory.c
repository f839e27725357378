/* What can Python ask of the compiled memory? What it can ask of plain.py, name for name.
 *
 * Keys are exactly str or int, so that comparing them runs nobody's code; values may be anything,
 * and giving one up may do anything, this memory's own methods included: it is done last, when
 * everything is in order, and no pointer to an entry outlives it.
 * Alone: cc -O2 -shared -fPIC -DSTANDALONE -o memory_native.so memory.c
 * In another extension: link memory.c and call memory_register(module). */
#include "policy.h"

enum { SAMPLED = 16 - 1 };
static const int64_t FOREVER = (1LL << 62) - 1;

static uint32_t crc_table[256];

__attribute__((constructor)) static void fill_crc_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        crc_table[byte] = crc;
    }
}

struct memory {
    PyObject head;
    PyObject *measure, *learn, *stale; /* the last two may be 0: nobody asked to be told */
    int64_t misses, refusals;
    struct policy policy;
};

static PyObject *none(void)
{
    Py_IncRef(&_Py_NoneStruct);
    return &_Py_NoneStruct;
}

static PyObject *refused(PyObject *kind, const char *why)
{
    PyErr_SetString(kind, why);
    return 0;
}

/* Whether that many arguments were given. */
static int given(Py_ssize_t count, Py_ssize_t least, Py_ssize_t most)
{
    if (count < least || count > most)
        PyErr_SetString(PyExc_TypeError, "wrong number of arguments");
    return count >= least && count <= most;
}

/* A whole number, as near as 64 bits come to it. */
static int whole(PyObject *object, int64_t *number)
{
    int beyond = 0;
    *number = PyLong_AsLongLongAndOverflow(object, &beyond);
    if (beyond)
        *number = beyond > 0 ? INT64_MAX : INT64_MIN;
    return !PyErr_Occurred();
}

static int hash_of(PyObject *key, uint32_t *hash)
{
    if (key->type != &PyUnicode_Type && key->type != &PyLong_Type)
        return refused(PyExc_TypeError, "a key is an int or a str") != 0;
    *hash = mixed((uint64_t)PyObject_Hash(key));
    return 1;
}

static int digest_of(PyObject *key, uint32_t *digest)
{
    if (key->type == &PyLong_Type) {
        *digest = mixed(PyLong_AsUnsignedLongLongMask(key));
        return 1;
    }
    Py_ssize_t size = 0;
    const char *bytes = PyUnicode_AsUTF8AndSize(key, &size);
    if (!bytes)
        return 0;
    uint32_t crc = ~0u;
    for (Py_ssize_t at = 0; at < size; at++)
        crc = crc >> 8 ^ crc_table[(crc ^ (unsigned char)bytes[at]) & 255];
    *digest = mixed((uint32_t)~crc);
    return 1;
}

static uint32_t find(struct policy *policy, PyObject *key, uint32_t hash)
{
    uint32_t place = hash & policy->mask, number;
    for (; (number = policy->table[place]); place = (place + 1) & policy->mask) {
        struct entry *entry = &policy->entries[number - 1];
        if (entry->key == key)
            return number - 1;
        if (entry->hash == hash && entry->key->type == key->type &&
            PyObject_RichCompareBool(entry->key, key, EQUAL) == 1)
            return number - 1;
    }
    return NOBODY;
}

/* Give up what lies in the graves, and their places. */
static void give_up(struct policy *policy)
{
    while (policy->graves != NOBODY) {
        uint32_t at = policy->graves;
        struct entry *entry = &policy->entries[at];
        PyObject *key = entry->key, *value = entry->value;
        policy->graves = entry->newer;
        entry->key = entry->value = 0;
        entry->newer = policy->free;
        policy->free = at;
        Py_DecRef(key);
        if (value)
            Py_DecRef(value);
    }
}

/* A place that nobody has; NOBODY when there is no memory for one. */
static uint32_t take_place(struct policy *policy)
{
    uint32_t at = policy->free;
    if (at != NOBODY) {
        policy->free = policy->entries[at].newer;
        return at;
    }
    if (policy->taken == policy->room) {
        uint64_t wanted = policy->room < 8 ? 16 : policy->room * 2ull;
        uint64_t most = (uint64_t)policy->entries_max + 1;
        if (policy->room < most && wanted > most)
            wanted = most;
        struct entry *entries = realloc(policy->entries, wanted * sizeof *entries);
        if (!entries) {
            PyErr_NoMemory();
            return NOBODY;
        }
        policy->entries = entries;
        policy->room = (uint32_t)wanted;
    }
    at = policy->taken++;
    memset(&policy->entries[at], 0, sizeof(struct entry));
    return at;
}

static PyObject *told(PyObject *whom, PyObject *key, PyObject *result)
{
    if (!whom)
        return result;
    PyObject *said = PyObject_CallFunctionObjArgs(whom, key, (void *)0);
    Py_DecRef(said ? said : result);
    return said ? result : 0;
}

static PyObject *hit(struct memory *memory, uint32_t at, PyObject *key)
{
    struct policy *policy = &memory->policy;
    struct entry *entry = &policy->entries[at];
    PyObject *value = entry->value;
    if (entry->uses < USES_MAX)
        entry->uses++;
    entry->seen = policy->turn;
    Py_IncRef(value);
    return ++policy->hits & SAMPLED ? value : told(memory->learn, key, value);
}

/* A get that found nothing, or something whose time has come. */
static PyObject *late(struct memory *memory, uint32_t at, PyObject *key, PyObject *otherwise)
{
    struct policy *policy = &memory->policy;
    if (at != NOBODY && policy->entries[at].ends > policy->now) {
        policy->entries[at].due = policy->entries[at].ends; /* asked for once only */
        PyObject *value = hit(memory, at, key);
        return value ? told(memory->stale, key, value) : 0;
    }
    memory->misses++;
    Py_IncRef(otherwise);
    if (at != NOBODY) {
        policy->expirations++;
        bury(policy, at);
        give_up(policy);
    }
    return told(memory->learn, key, otherwise);
}

static inline PyObject *answer(struct memory *memory, PyObject *key, PyObject *otherwise)
{
    uint32_t hash;
    if (!hash_of(key, &hash))
        return 0;
    uint32_t at = find(&memory->policy, key, hash);
    if (at != NOBODY && memory->policy.entries[at].due > memory->policy.now)
        return hit(memory, at, key);
    return late(memory, at, key, otherwise);
}

static PyObject *memory_get(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    if (!given(count, 1, 2))
        return 0;
    return answer((void *)self, arguments[0], count > 1 ? arguments[1] : &_Py_NoneStruct);
}

static PyObject *memory_get_many(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    PyObject *list = given(count, 1, 2) ? PySequence_List(arguments[0]) : 0;
    Py_ssize_t size = list ? PyList_Size(list) : 0;
    for (Py_ssize_t at = 0; at < size; at++) {
        PyObject *key = PyList_GetItem(list, at);
        PyObject *value = answer((void *)self, key, count > 1 ? arguments[1] : &_Py_NoneStruct);
        if (!value) {
            Py_DecRef(list);
            return 0;
        }
        PyList_SetItem(list, at, value);
    }
    return list;
}

/* The place of a key whose time is not over, NOBODY, or -1 and an exception. */
static int64_t alive(struct memory *memory, PyObject *key)
{
    uint32_t hash;
    if (!hash_of(key, &hash))
        return -1;
    uint32_t at = find(&memory->policy, key, hash);
    return at != NOBODY && memory->policy.entries[at].ends > memory->policy.now ? at : NOBODY;
}

static PyObject *memory_contains(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    int64_t at = given(count, 1, 1) ? alive((void *)self, arguments[0]) : -1;
    return at < 0 ? 0 : PyBool_FromLong(at != NOBODY);
}

static PyObject *memory_peek(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    int64_t at = given(count, 1, 2) ? alive((void *)self, arguments[0]) : -1;
    if (at < 0)
        return 0;
    PyObject *found = count > 1 ? arguments[1] : &_Py_NoneStruct;
    if (at != NOBODY)
        found = ((struct memory *)self)->policy.entries[at].value;
    Py_IncRef(found);
    return found;
}

/* The size that was given, or measured; -1 and an exception when there is none. */
static int64_t size_of(struct memory *memory, PyObject *value, PyObject *given_size)
{
    int64_t size = -1;
    PyObject *found = given_size;
    if (found == &_Py_NoneStruct)
        found = PyObject_CallFunctionObjArgs(memory->measure, value, (void *)0);
    int is_whole = found && whole(found, &size);
    if (found && found != given_size)
        Py_DecRef(found);
    if (is_whole && size < 0)
        PyErr_SetString(PyExc_ValueError, "a size is not negative");
    return is_whole ? size : -1;
}

/* A place for a key that has none; NOBODY and an exception when there is no memory. */
static uint32_t insert(struct policy *policy, PyObject *key, uint32_t hash, int64_t size)
{
    uint32_t digest;
    uint32_t at = digest_of(key, &digest) ? take_place(policy) : NOBODY;
    if (at == NOBODY)
        return NOBODY;
    struct entry *entry = &policy->entries[at];
    Py_IncRef(key);
    entry->key = key;
    entry->hash = hash;
    entry->digest = digest;
    entry->size = size;
    enter(policy, at);
    return at;
}

static PyObject *memory_set(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct memory *memory = (void *)self;
    struct policy *policy = &memory->policy;
    int64_t ttl, soft = INT64_MAX;
    uint32_t hash;
    if (!given(count, 3, 5) || !hash_of(arguments[0], &hash) || !whole(arguments[2], &ttl))
        return 0;
    PyObject *key = arguments[0], *value = arguments[1], *before = 0;
    if (count > 3 && arguments[3] != &_Py_NoneStruct && !whole(arguments[3], &soft))
        return 0;
    int64_t size = size_of(memory, value, count > 4 ? arguments[4] : &_Py_NoneStruct);
    if (size < 0)
        return 0;
    int is_kept = size <= policy->bytes_max && ttl > 0;
    uint32_t at = find(policy, key, hash);
    if (at != NOBODY) {
        struct entry *entry = &policy->entries[at];
        if (is_kept && size - entry->size <= policy->bytes_max - policy->bytes) {
            policy->bytes += size - entry->size;
            entry->size = size;
        } else {
            bury(policy, at);
            at = NOBODY;
        }
    }
    if (is_kept && at == NOBODY && (at = insert(policy, key, hash, size)) == NOBODY)
        return give_up(policy), (PyObject *)0;
    if (is_kept) {
        struct entry *entry = &policy->entries[at];
        before = entry->value;
        Py_IncRef(value);
        entry->value = value;
        ttl = least_of(ttl, FOREVER);
        entry->ends = policy->now + ttl;
        entry->due = policy->now + least_of(ttl, most_of(0, soft));
    }
    memory->refusals += size > policy->bytes_max;
    if (before)
        Py_DecRef(before);
    give_up(policy);
    return PyBool_FromLong(is_kept);
}

static PyObject *memory_delete(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct policy *policy = &((struct memory *)self)->policy;
    uint32_t hash;
    if (!given(count, 1, 1) || !hash_of(arguments[0], &hash))
        return 0;
    uint32_t at = find(policy, arguments[0], hash);
    int was_alive = at != NOBODY && policy->entries[at].ends > policy->now;
    if (at != NOBODY)
        bury(policy, at);
    give_up(policy);
    return PyBool_FromLong(was_alive);
}

static void clear_policy(struct policy *policy)
{
    for (int home = SMALL; home <= MAIN; home++)
        while (policy->queues[home].count)
            bury(policy, policy->queues[home].oldest);
    give_up(policy);
}

static PyObject *memory_clear(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    (void)arguments;
    if (!given(count, 0, 0))
        return 0;
    clear_policy(&((struct memory *)self)->policy);
    return none();
}

static PyObject *memory_advance(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct policy *policy = &((struct memory *)self)->policy;
    int64_t now;
    if (!given(count, 1, 1) || !whole(arguments[0], &now))
        return 0;
    policy->now = least_of(FOREVER, most_of(policy->now, now));
    return none();
}

static int are_bounds(int64_t entries_max, int64_t bytes_max)
{
    int good = 0 < entries_max && entries_max <= ENTRIES_MAX && 0 < bytes_max && bytes_max <= BYTES_MAX;
    if (!good)
        refused(PyExc_ValueError, "a memory holds 1 to 268,435,456 entries, and at least one byte");
    return good;
}

static uint32_t table_size(int64_t entries_max)
{
    uint32_t size = 8;
    while (size < (entries_max + 1) * 3 / 2)
        size *= 2;
    return size;
}

/* The same entries in the same order, in arrays for that many; 0 when there is no memory. */
static int pack(struct policy *policy, int64_t entries_max)
{
    struct policy other = *policy;
    uint32_t size = table_size(entries_max);
    other.mask = size - 1;
    other.room = (uint32_t)most_of(1, policy->count);
    other.table = calloc(size, sizeof *other.table);
    other.entries = malloc(other.room * sizeof *other.entries);
    if (!other.table || !other.entries) {
        free(other.table);
        free(other.entries);
        return 0;
    }
    other.taken = 0;
    other.free = NOBODY;
    for (int home = SMALL; home <= MAIN; home++) {
        other.queues[home] = (struct queue){NOBODY, NOBODY, 0};
        uint32_t at = policy->queues[home].oldest;
        for (; at != NOBODY; at = policy->entries[at].newer) {
            other.entries[other.taken] = policy->entries[at];
            queue_push(&other, home, other.taken);
            table_put(&other, other.taken++);
        }
    }
    free(policy->table);
    free(policy->entries);
    *policy = other;
    return 1;
}

static PyObject *memory_resize(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct policy *policy = &((struct memory *)self)->policy;
    int64_t entries_max, bytes_max;
    if (!given(count, 2, 2) || !whole(arguments[0], &entries_max) || !whole(arguments[1], &bytes_max))
        return 0;
    if (!are_bounds(entries_max, bytes_max))
        return 0;
    while (policy->count > entries_max || policy->bytes > bytes_max || policy->graves != NOBODY) {
        while (policy->count > entries_max || policy->bytes > bytes_max)
            evict(policy);
        give_up(policy); /* which may set again */
    }
    if (entries_max != policy->entries_max) {
        if (!ghosts_resize(policy, entries_max) || !pack(policy, entries_max))
            return PyErr_NoMemory();
        share_resize(&policy->share, entries_max, policy->entries_max);
        policy->entries_max = entries_max;
    }
    policy->bytes_max = bytes_max;
    return none();
}

static PyObject *memory_fix_small(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    int64_t target;
    if (!given(count, 1, 1) || !whole(arguments[0], &target))
        return 0;
    share_fix(&((struct memory *)self)->policy.share, target);
    return none();
}

static PyObject *numbers(const int64_t *of, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t at = 0; tuple && at < count; at++)
        PyTuple_SetItem(tuple, at, PyLong_FromLongLong(of[at]));
    return tuple;
}

static PyObject *memory_statistics(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    struct memory *memory = (void *)self;
    struct policy *of = &memory->policy;
    (void)arguments;
    int64_t found[] = {
        of->hits, memory->misses, of->evictions, of->expirations, memory->refusals, of->count,
        of->bytes, of->queues[SMALL].count, of->share.target, of->entries_max, of->bytes_max};
    return given(count, 0, 0) ? numbers(found, sizeof found / sizeof *found) : 0;
}

static PyObject *memory_about(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    int64_t at = given(count, 1, 1) ? alive((void *)self, arguments[0]) : -1;
    if (at < 0 || at == NOBODY)
        return at < 0 ? 0 : none();
    struct entry *entry = &((struct memory *)self)->policy.entries[at];
    int64_t found[] = {entry->size, entry->due, entry->ends, entry->uses, 0};
    PyObject *tuple = numbers(found, 5);
    if (tuple)
        PyTuple_SetItem(tuple, 4, PyBool_FromLong(entry->home == MAIN));
    return tuple;
}

static int memory_traverse(PyObject *self, python_visit visit, void *with)
{
    struct memory *memory = (void *)self;
    PyObject *own[] = {self->type, memory->measure, memory->learn, memory->stale};
    int stop = 0;
    for (size_t at = 0; at < sizeof own / sizeof *own && !stop; at++)
        stop = own[at] ? visit(own[at], with) : 0;
    for (uint32_t at = 0; at < memory->policy.taken && !stop; at++) {
        PyObject *value = memory->policy.entries[at].value;
        stop = value ? visit(value, with) : 0;
    }
    return stop;
}

/* For the collector: let go of whatever may lead back here. `measure` stays: a set may follow. */
static int memory_forget(PyObject *self)
{
    struct memory *memory = (void *)self;
    PyObject *learn = memory->learn, *stale = memory->stale;
    memory->learn = memory->stale = 0;
    if (memory->policy.table)
        clear_policy(&memory->policy);
    if (learn)
        Py_DecRef(learn);
    if (stale)
        Py_DecRef(stale);
    return 0;
}

static void memory_release(PyObject *self)
{
    struct memory *memory = (void *)self;
    PyObject *type = self->type, *measure = memory->measure;
    PyObject_GC_UnTrack(self);
    memory_forget(self);
    free(memory->policy.table);
    free(memory->policy.entries);
    free(memory->policy.ghosts.digests);
    if (measure)
        Py_DecRef(measure);
    PyObject_GC_Del(self);
    Py_DecRef(type);
}

/* What is to be called, held; 0 for None. */
static PyObject *held(PyObject *callable)
{
    if (callable == &_Py_NoneStruct)
        return 0;
    Py_IncRef(callable);
    return callable;
}

static PyObject *memory_make(PyObject *type, PyObject *arguments, PyObject *named)
{
    long long entries_max, bytes_max;
    PyObject *measure, *learn = &_Py_NoneStruct, *stale = &_Py_NoneStruct;
    if (named && PyDict_Size(named))
        return refused(PyExc_TypeError, "a memory's arguments have places, not names");
    if (!PyArg_ParseTuple(arguments, "LLO|OO", &entries_max, &bytes_max, &measure, &learn, &stale))
        return 0;
    if (!are_bounds(entries_max, bytes_max))
        return 0;
    struct memory *memory = (void *)PyType_GenericAlloc(type, 0); /* all of it zero */
    if (!memory)
        return 0;
    struct policy *policy = &memory->policy;
    memory->measure = held(measure);
    memory->learn = held(learn);
    memory->stale = held(stale);
    policy->entries_max = entries_max;
    policy->bytes_max = bytes_max;
    policy->graves = policy->free = NOBODY;
    for (int home = SMALL; home <= MAIN; home++)
        policy->queues[home] = (struct queue){NOBODY, NOBODY, 0};
    share_make(&policy->share, entries_max);
    policy->mask = table_size(entries_max) - 1;
    policy->table = calloc(policy->mask + 1, sizeof *policy->table);
    if (!policy->table || !ghosts_make(&policy->ghosts, entries_max)) {
        Py_DecRef(&memory->head);
        return PyErr_NoMemory();
    }
    return &memory->head;
}

#define ROW(name, says) {#name, memory_##name, FASTCALL, says}

static struct method methods[] = {
    ROW(get, "(key, default=None) -> the value while its time is not over, else the default"),
    ROW(get_many, "(keys, default=None) -> list of values"),
    ROW(contains, "(key) -> whether get would find it"),
    ROW(peek, "(key, default=None) -> what get would find, without counting as a use"),
    ROW(set, "(key, value, ttl_ns, soft_ns=None, size=None) -> whether it was kept"),
    ROW(delete, "(key) -> whether it was there"),
    ROW(clear, "(): forget every value"),
    ROW(advance, "(now_ns): the time is now at least this"),
    ROW(resize, "(entries_max, bytes_max): other bounds from now on"),
    ROW(fix_small, "(target): hold so many on probation, 0 lets evidence decide"),
    ROW(statistics, "() -> the numbers of Counts"),
    ROW(about, "(key) -> the facts of About, or None"),
    {0, 0, 0, 0},
};

static struct slot slots[] = {
    {TP_NEW, memory_make},         {TP_DEALLOC, memory_release}, {TP_TRAVERSE, memory_traverse},
    {TP_CLEAR, memory_forget},     {TP_METHODS, methods},
    {TP_DOC, "(entries_max, bytes_max, measure, learn=None, stale=None), as plain.py has it"},
    {0, 0},
};

int memory_register(PyObject *module)
{
    static struct type_spec spec = {
        "core.Memory", sizeof(struct memory), 0, TYPE_DEFAULT | TYPE_GC | TYPE_IMMUTABLE, slots};
    PyObject *type = PyType_FromSpec(&spec);
    int failed = !type || PyModule_AddObjectRef(module, "Memory", type) < 0;
    if (type)
        Py_DecRef(type);
    return failed ? -1 : 0;
}

#ifdef STANDALONE
static struct {
    long references;
    void *type, *init;
    long index;
    void *copy;
    const char *name, *words;
    long size;
    struct method *methods;
    void *slots, *traverse, *clear, *release;
} definition = {1, 0, 0, 0, 0, "memory_native", 0, -1, 0, 0, 0, 0, 0};

extern PyObject *PyModule_Create2(void *, int);

PyObject *PyInit_memory_native(void)
{
    PyObject *module = PyModule_Create2(&definition, 3);
    return module && memory_register(module) == 0 ? module : 0;
}
#endif
