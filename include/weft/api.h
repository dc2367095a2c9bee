/* weft/api.h - marks around what the library promises.
 *
 * The library is built with everything else hidden: what stands between WEFT_API_BEGIN and
 * WEFT_API_END is what a program can link to, and all of it begins with weft_ or WEFT_. */
#ifndef WEFT_API_H
#define WEFT_API_H

#ifdef __cplusplus
#define WEFT_EXTERN_C_BEGIN extern "C" {
#define WEFT_EXTERN_C_END   }
#else
#define WEFT_EXTERN_C_BEGIN
#define WEFT_EXTERN_C_END
#endif

#ifdef __GNUC__
#define WEFT_API_BEGIN _Pragma("GCC visibility push(default)") WEFT_EXTERN_C_BEGIN
#define WEFT_API_END   WEFT_EXTERN_C_END _Pragma("GCC visibility pop")
/* The result must be looked at. */
#define WEFT_CHECKED   __attribute__((warn_unused_result))
#define WEFT_NORETURN  __attribute__((noreturn))
#else
#define WEFT_API_BEGIN WEFT_EXTERN_C_BEGIN
#define WEFT_API_END   WEFT_EXTERN_C_END
#define WEFT_CHECKED
#define WEFT_NORETURN
#endif

#endif
