/* Are these bytes what was written? CRC-32 of a record (zlib's), SHA-256 of a segment. */
#ifndef SUPREME_DIGESTS_H
#define SUPREME_DIGESTS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(WITHOUT_SHA_INSTRUCTIONS)
#include <cpuid.h>
#include <immintrin.h>
#define SHA_INSTRUCTIONS 1
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are little-endian");

static uint32_t crc_tables[8][256];

/* Eight tables let eight bytes enter at once; filled when the module is loaded. */
__attribute__((constructor)) static void fill_crc_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
        crc_tables[0][byte] = crc;
    }
    for (int table = 1; table < 8; table++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t before = crc_tables[table - 1][byte];
            crc_tables[table][byte] = (before >> 8) ^ crc_tables[0][before & 255];
        }
}

static uint32_t crc_eight(uint32_t crc, const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, 8);
    word ^= crc;
    crc = 0;
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++)
        crc ^= crc_tables[7 - i][(word >> 8 * i) & 255];
    return crc;
}

static uint32_t crc32_of(const unsigned char *bytes, size_t size, uint32_t seed)
{
    uint32_t crc = ~seed;
    for (; size >= 8; size -= 8, bytes += 8)
        crc = crc_eight(crc, bytes);
    for (; size; size--, bytes++)
        crc = (crc >> 8) ^ crc_tables[0][(crc ^ *bytes) & 255];
    return ~crc;
}

/* A record's check: its 60 bytes after the check itself, seeded by its sequence. */
static uint32_t check_of(const unsigned char *record, uint64_t sequence)
{
    return crc32_of(record + 4, 60, crc32_of((const unsigned char *)&sequence, 8, 0));
}

struct sha256 {
    uint32_t words[8];
    uint64_t size;
    unsigned char block[64];
};

static const uint32_t sha_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotated(uint32_t word, int by) { return (word >> by) | (word << (32 - by)); }

/* One round; the eight words stay, their names turn: word `n` of round `i` is s[(n - i) % 8]. */
#define WORD(n) s[((n) - i) & 7]
#define SHA_ROUND(i)                                                                              \
    do {                                                                                          \
        uint32_t high = rotated(WORD(4), 6) ^ rotated(WORD(4), 11) ^ rotated(WORD(4), 25);        \
        uint32_t low = rotated(WORD(0), 2) ^ rotated(WORD(0), 13) ^ rotated(WORD(0), 22);         \
        uint32_t choice = WORD(6) ^ (WORD(4) & (WORD(5) ^ WORD(6)));                              \
        uint32_t majority = (WORD(0) & WORD(1)) | (WORD(2) & (WORD(0) | WORD(1)));                \
        uint32_t add = WORD(7) + high + choice + sha_constants[round + i] + w[round + i];         \
        WORD(3) += add;                                                                           \
        WORD(7) = add + low + majority;                                                           \
    } while (0)

static void sha_block(uint32_t *words, const unsigned char *block)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++) {
        memcpy(&w[i], block + 4 * i, 4);
        w[i] = __builtin_bswap32(w[i]);
    }
    for (int i = 16; i < 64; i++) {
        uint32_t low = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ (w[i - 15] >> 3);
        uint32_t high = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + low + w[i - 7] + high;
    }
    memcpy(s, words, 32);
    for (int round = 0; round < 64; round += 8) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++)
            SHA_ROUND(i);
    }
    for (int i = 0; i < 8; i++)
        words[i] += s[i];
}

#ifdef SHA_INSTRUCTIONS
static int has_sha_instructions; /* asked of the processor when the module is loaded */

__attribute__((constructor)) static void ask_for_sha_instructions(void)
{
    unsigned a, b, c, d, sse;
    if (__get_cpuid(1, &a, &b, &sse, &d) && __get_cpuid_count(7, 0, &a, &b, &c, &d))
        has_sha_instructions = (b >> 29 & 1) && (sse >> 19 & 1) && (sse >> 9 & 1);
}

/* The same by the processor's own instructions, six times as fast. They hold the eight words as
 * (a b e f) and (c d g h), take four rounds at a time, and make the next four words of w. */
__attribute__((target("sha,sse4.1"))) static void sha_quickly(uint32_t *words,
                                                              const unsigned char *block,
                                                              size_t blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)words), 0xB1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)words + 1), 0x1B);
    __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xF0);
    for (; blocks; blocks--, block += 64) {
        __m128i w[4], abef_before = abef, cdgh_before = cdgh;
        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)block + i), swap);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            __m128i four = w[i & 3];
            if (i > 3) {
                __m128i last = w[(i + 3) & 3];
                __m128i seventh = _mm_alignr_epi8(last, w[(i + 2) & 3], 4);
                four = _mm_add_epi32(_mm_sha256msg1_epu32(four, w[(i + 1) & 3]), seventh);
                four = w[i & 3] = _mm_sha256msg2_epu32(four, last);
            }
            four = _mm_add_epi32(four, _mm_loadu_si128((const __m128i *)sha_constants + i));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, four);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(four, 0x0E));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    low = _mm_shuffle_epi32(abef, 0x1B);
    high = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)words, _mm_blend_epi16(low, high, 0xF0));
    _mm_storeu_si128((__m128i *)words + 1, _mm_alignr_epi8(high, low, 8));
}
#endif

static void sha_blocks(struct sha256 *sha, const unsigned char *block, size_t blocks)
{
#ifdef SHA_INSTRUCTIONS
    if (has_sha_instructions) {
        sha_quickly(sha->words, block, blocks);
        return;
    }
#endif
    for (; blocks; blocks--, block += 64)
        sha_block(sha->words, block);
}

static void sha_start(struct sha256 *sha)
{
    static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(sha->words, first, 32);
    sha->size = 0;
}

static void sha_add(struct sha256 *sha, const unsigned char *bytes, size_t size)
{
    size_t held = sha->size % 64;
    sha->size += size;
    if (held) {
        size_t fits = size < 64 - held ? size : 64 - held;
        memcpy(sha->block + held, bytes, fits);
        if (held + fits < 64)
            return;
        sha_blocks(sha, sha->block, 1);
        bytes += fits, size -= fits;
    }
    sha_blocks(sha, bytes, size / 64);
    memcpy(sha->block, bytes + size / 64 * 64, size % 64);
}

static void sha_finish(struct sha256 *sha, unsigned char *digest)
{
    uint64_t bits = __builtin_bswap64(sha->size * 8);
    unsigned char end[72] = {0x80};
    size_t held = sha->size % 64, padding = (held < 56 ? 56 : 120) - held;
    memcpy(end + padding, &bits, 8);
    sha_add(sha, end, padding + 8);
    for (int i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(sha->words[i]);
        memcpy(digest + 4 * i, &word, 4);
    }
}

/* The file's first bytes enter a fresh digest; -1 and errno when they cannot be read. */
static int hash_file(struct sha256 *sha, int fd, uint64_t size)
{
    unsigned char block[16384];
    sha_start(sha);
    for (uint64_t at = 0; at < size;) {
        size_t wanted = size - at < sizeof block ? size - at : sizeof block;
        ssize_t got = pread(fd, block, wanted, (off_t)at);
        if (got <= 0) {
            errno = got ? errno : EIO;
            return -1;
        }
        sha_add(sha, block, (size_t)got);
        at += (size_t)got;
    }
    return 0;
}

#endif
