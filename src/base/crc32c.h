/* base/crc32c.h - CRC-32C (Castagnoli), RFC 3720 appendix B.4; check value of "123456789" is
 * 0xe3069283. Finds every single-bit flip and every burst of up to 32 bits. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues from `seed`: 0 to start, or the value of what came before. crc(crc(0, a), b) is the
 * CRC of a followed by b. */
uint32_t crc32c(uint32_t seed, const void *bytes, size_t len);

#endif
