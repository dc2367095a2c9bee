/* Eight bytes a step by eight tables (Kounavis and Berry, "A Systematic Approach to Building High
 * Performance Software-Based CRC Generators", 2005): about 1 ns for 8 bytes, against 12 by one byte
 * at a time. The processor's own instruction would be twice as fast again, but cannot be chosen at
 * run time without a global. */
#include "base/crc32c.h"

#include "base/crc32c_table.h"

static uint32_t load4(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t crc32c(uint32_t seed, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint32_t crc = ~seed;
    for (; len >= 8; len -= 8, p += 8) {
        uint32_t low = load4(p) ^ crc;
        uint32_t high = load4(p + 4);
        crc = TABLE[7][low & 255] ^ TABLE[6][low >> 8 & 255] ^ TABLE[5][low >> 16 & 255] ^
              TABLE[4][low >> 24] ^ TABLE[3][high & 255] ^ TABLE[2][high >> 8 & 255] ^
              TABLE[1][high >> 16 & 255] ^ TABLE[0][high >> 24];
    }
    for (; len > 0; len--, p++)
        crc = crc >> 8 ^ TABLE[0][(crc ^ *p) & 255];
    return ~crc;
}
