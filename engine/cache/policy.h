/* Which entry leaves when room is needed? policy.py, ghosts.py and share.py again: what they say of
 * the rules and their sources holds here, and a test compares the decisions.
 *
 * Entries lie in one array and are found by a table of their numbers (linear probing). What is
 * evicted waits among the graves until its owner has everything in order: giving up a value may
 * run other people's code. */
#ifndef SUPREME_CACHE_POLICY_H
#define SUPREME_CACHE_POLICY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "python_types.h"

#define NOBODY UINT32_MAX
enum { SMALL = 1, MAIN = 2, WAYS = 4, USES_MAX = 3, USES_PROVEN = 2, LEAK = 16, STEPS_MAX = 8 };
enum { START = 10, LEAST = 128, MOST = 2, STEP = 32, WINDOW_MIN = 64, FEW = 32, IN_USE = 32 };
static const int64_t ENTRIES_MAX = 1LL << 28, BYTES_MAX = 1LL << 62;

struct entry {
    PyObject *key, *value;
    int64_t due, ends, size;
    uint32_t hash, digest, seen, older, newer;
    uint8_t uses, home;
};
struct queue {
    uint32_t oldest, newest;
    int64_t count;
};
struct ghosts {
    int64_t buckets;
    uint32_t *digests, *stamps, evicted[3];
    uint8_t *kinds;
};
struct share {
    int64_t target, least, most, step, pressed, soon_small, soon_main, useful, passed, left;
    int is_fixed;
};
struct policy {
    int64_t entries_max, bytes_max, bytes, count, now, hits, evictions, expirations;
    uint32_t turn, taken, room, mask, *table, free, graves;
    int leak;
    struct entry *entries;
    struct queue queues[3];
    struct ghosts ghosts;
    struct share share;
};
struct reach {
    int64_t of[3];
};

static int64_t most_of(int64_t left, int64_t right) { return left > right ? left : right; }
static int64_t least_of(int64_t left, int64_t right) { return left < right ? left : right; }

static uint32_t mixed(uint64_t number)
{
    number = (number + 1) * 0x9E3779B97F4A7C15u;
    number ^= number >> 29;
    return (uint32_t)(number * 0xBF58476D1CE4E5B9u >> 32);
}

static struct reach reach_of(const struct policy *policy)
{
    return (struct reach){{1, most_of(1, policy->count * 9 / 10), most_of(1, policy->count / 16)}};
}

/* Ghosts. */

static int ghosts_make(struct ghosts *ghosts, int64_t entries_max)
{
    memset(ghosts, 0, sizeof *ghosts);
    ghosts->buckets = (entries_max * 3 / 2 + WAYS) / WAYS;
    size_t places = (size_t)ghosts->buckets * WAYS;
    ghosts->digests = calloc(places, 2 * sizeof *ghosts->digests + 1);
    ghosts->stamps = ghosts->digests + places;
    ghosts->kinds = (uint8_t *)(ghosts->stamps + places);
    return ghosts->digests != 0;
}

static uint64_t ghost_spent(const struct ghosts *ghosts, int64_t at, const struct reach *reach)
{
    int kind = ghosts->kinds[at];
    uint64_t age = ghosts->evicted[kind] - ghosts->stamps[at];
    return kind ? (age << 16) / (uint64_t)reach->of[kind] : UINT64_MAX;
}

static int64_t bucket_of(const struct ghosts *ghosts, uint32_t digest)
{
    return (int64_t)((uint64_t)digest * (uint64_t)ghosts->buckets >> 32) * WAYS;
}

/* The place in a key's bucket that is missed least. */
static int64_t ghost_place(const struct ghosts *ghosts, uint32_t digest, const struct reach *reach)
{
    int64_t first = bucket_of(ghosts, digest), found = first;
    uint64_t spent = ghost_spent(ghosts, first, reach);
    for (int64_t at = first + 1; at < first + WAYS; at++) {
        uint64_t other = ghost_spent(ghosts, at, reach);
        if (other > spent)
            spent = other, found = at;
    }
    return found;
}

static void ghost_write(struct ghosts *ghosts, int64_t at, uint32_t digest, int kind, uint32_t stamp)
{
    ghosts->digests[at] = digest;
    ghosts->kinds[at] = (uint8_t)kind;
    ghosts->stamps[at] = stamp;
}

static int ghost_take(struct ghosts *ghosts, uint32_t digest, const struct reach *reach, int64_t *age)
{
    int64_t first = bucket_of(ghosts, digest);
    for (int64_t at = first; at < first + WAYS; at++) {
        int kind = ghosts->kinds[at];
        if (!kind || ghosts->digests[at] != digest)
            continue;
        ghosts->kinds[at] = 0;
        *age = (uint32_t)(ghosts->evicted[kind] - ghosts->stamps[at]);
        return *age <= reach->of[kind] ? kind : 0;
    }
    return 0;
}

static int ghosts_resize(struct policy *policy, int64_t entries_max)
{
    struct ghosts old = policy->ghosts, *ghosts = &policy->ghosts;
    struct reach reach = reach_of(policy);
    if (!ghosts_make(ghosts, entries_max)) {
        *ghosts = old;
        return 0;
    }
    memcpy(ghosts->evicted, old.evicted, sizeof old.evicted);
    for (int64_t at = 0; at < old.buckets * WAYS; at++) {
        int64_t place = ghost_place(ghosts, old.digests[at], &reach);
        if (old.kinds[at] && ghost_spent(&old, at, &reach) < ghost_spent(ghosts, place, &reach))
            ghost_write(ghosts, place, old.digests[at], old.kinds[at], old.stamps[at]);
    }
    free(old.digests);
    return 1;
}

/* The small queue's share. */

static int64_t share_bounded(const struct share *share, int64_t target)
{
    return least_of(share->most, most_of(share->least, target));
}

static void share_resize(struct share *share, int64_t entries_max, int64_t entries_before)
{
    share->least = most_of(1, entries_max / LEAST);
    share->most = most_of(1, entries_max / MOST);
    share->step = most_of(1, entries_max / STEP);
    share->target = share_bounded(share, share->target * entries_max / entries_before);
}

static void share_make(struct share *share, int64_t entries_max)
{
    memset(share, 0, sizeof *share);
    share->target = entries_max / START;
    share_resize(share, entries_max, entries_max);
}

static void share_fix(struct share *share, int64_t target)
{
    share->is_fixed = target > 0;
    if (share->is_fixed)
        share->target = share_bounded(share, target);
}

static int64_t share_wanted(const struct share *share, int64_t window)
{
    int is_main_in_use = share->passed * FEW >= window && share->passed > share->left * IN_USE;
    int is_idle = share->useful * FEW < window && share->soon_small * FEW < window;
    if (is_main_in_use || is_idle)
        return share->target / 2;
    if (share->soon_small * 2 > share->soon_main * 3 + 4)
        return share->target + share->step;
    if (share->soon_main * 2 > share->soon_small * 3 + 4)
        return share->target - share->step;
    return share->target;
}

static void share_press(struct share *share, int64_t entries)
{
    int64_t window = most_of(WINDOW_MIN, entries);
    if (++share->pressed < window)
        return;
    if (!share->is_fixed)
        share->target = share_bounded(share, share_wanted(share, window));
    share->pressed = share->soon_small = share->soon_main = share->useful = 0;
    share->passed = share->left = 0;
}

/* The queues. */

static void queue_push(struct policy *policy, int home, uint32_t at)
{
    struct queue *queue = &policy->queues[home];
    struct entry *entry = &policy->entries[at];
    entry->home = (uint8_t)home;
    entry->older = queue->newest;
    entry->newer = NOBODY;
    *(queue->newest == NOBODY ? &queue->oldest : &policy->entries[queue->newest].newer) = at;
    queue->newest = at;
    queue->count++;
}

static void queue_leave(struct policy *policy, uint32_t at)
{
    struct entry *entry = &policy->entries[at];
    struct queue *queue = &policy->queues[entry->home];
    *(entry->older == NOBODY ? &queue->oldest : &policy->entries[entry->older].newer) = entry->newer;
    *(entry->newer == NOBODY ? &queue->newest : &policy->entries[entry->newer].older) = entry->older;
    queue->count--;
}

static void pass_over(struct policy *policy)
{
    uint32_t at = policy->queues[MAIN].oldest;
    queue_leave(policy, at);
    queue_push(policy, MAIN, at);
    policy->entries[at].uses--;
    policy->share.passed++;
}

/* The table. A number is where its probe from the hash finds it; 0 in the table is nobody. */

static void table_put(struct policy *policy, uint32_t at)
{
    uint32_t place = policy->entries[at].hash & policy->mask;
    while (policy->table[place])
        place = (place + 1) & policy->mask;
    policy->table[place] = at + 1;
}

static void table_drop(struct policy *policy, uint32_t at)
{
    uint32_t mask = policy->mask, place = policy->entries[at].hash & mask;
    while (policy->table[place] != at + 1)
        place = (place + 1) & mask;
    for (uint32_t next = (place + 1) & mask; policy->table[next]; next = (next + 1) & mask) {
        uint32_t home = policy->entries[policy->table[next] - 1].hash & mask;
        if (((next - home) & mask) < ((next - place) & mask))
            continue; /* it stands between its own place and the hole: it may not move back */
        policy->table[place] = policy->table[next];
        place = next;
    }
    policy->table[place] = 0;
}

static void bury(struct policy *policy, uint32_t at)
{
    struct entry *entry = &policy->entries[at];
    queue_leave(policy, at);
    table_drop(policy, at);
    policy->bytes -= entry->size;
    policy->count--;
    entry->home = 0;
    entry->newer = policy->graves;
    policy->graves = at;
}

static void let_go(struct policy *policy, uint32_t at)
{
    struct entry *entry = &policy->entries[at];
    policy->share.left += entry->home == MAIN;
    if (entry->ends <= policy->now) {
        policy->expirations++;
    } else {
        struct reach reach = reach_of(policy);
        struct ghosts *ghosts = &policy->ghosts;
        int64_t place = ghost_place(ghosts, entry->digest, &reach);
        ghost_write(ghosts, place, entry->digest, entry->home, ghosts->evicted[entry->home]++);
        policy->evictions++;
    }
    bury(policy, at);
}

/* Eviction. */

static int64_t quota_of(const struct policy *policy)
{
    return policy->share.target * policy->count / policy->entries_max;
}

static int fits(const struct policy *policy, int64_t size)
{
    return policy->count < policy->entries_max && policy->bytes + size <= policy->bytes_max;
}

static int leaks(struct policy *policy)
{
    struct queue *main = &policy->queues[MAIN];
    if (++policy->leak < LEAK || !main->count)
        return 0;
    policy->leak = 0;
    if (policy->entries[main->oldest].uses) {
        pass_over(policy);
        return 0;
    }
    let_go(policy, main->oldest);
    return 1;
}

static void evict(struct policy *policy)
{
    struct queue *small = &policy->queues[SMALL], *main = &policy->queues[MAIN];
    int64_t quota = quota_of(policy);
    if (main->count && small->count <= quota) {
        if (policy->entries[main->oldest].uses)
            pass_over(policy);
        else
            let_go(policy, main->oldest);
        return;
    }
    uint32_t at = small->oldest;
    struct entry *entry = &policy->entries[at];
    policy->share.useful += entry->uses > 0;
    if (entry->uses >= USES_PROVEN || small->count > quota + 1 || leaks(policy)) {
        queue_leave(policy, at);
        queue_push(policy, MAIN, at);
        entry->uses = 0;
    } else {
        let_go(policy, at);
    }
}

static int is_proven(struct policy *policy, int64_t age)
{
    struct queue *small = &policy->queues[SMALL], *main = &policy->queues[MAIN];
    if (small->count > quota_of(policy) + 1)
        return 1;
    int64_t away = age + age / 2 + small->count;
    int64_t steps = least_of(STEPS_MAX, main->count);
    for (; steps > 0; steps--) {
        struct entry *oldest = &policy->entries[main->oldest];
        if (oldest->uses) {
            pass_over(policy);
            continue;
        }
        if ((uint32_t)(policy->turn - oldest->seen) <= away)
            return 0;
        let_go(policy, main->oldest);
        return 1;
    }
    return 0;
}

/* Stand in a queue, after making room; `at` is a place that nobody has. */
static void enter(struct policy *policy, uint32_t at)
{
    struct entry *entry = &policy->entries[at];
    struct reach reach = reach_of(policy);
    int64_t age = 0;
    policy->turn++;
    int kind = ghost_take(&policy->ghosts, entry->digest, &reach, &age), home = SMALL;
    policy->share.soon_main += kind == MAIN;
    policy->share.soon_small += kind == SMALL && age <= reach.of[MAIN];
    if (!fits(policy, entry->size)) {
        share_press(&policy->share, policy->count);
        if (kind == SMALL && is_proven(policy, age))
            home = MAIN;
        while (!fits(policy, entry->size))
            evict(policy);
    } else if (kind == SMALL) {
        home = MAIN;
    }
    entry->uses = 0;
    entry->seen = policy->turn;
    queue_push(policy, home, at);
    table_put(policy, at);
    policy->bytes += entry->size;
    policy->count++;
}

#endif
