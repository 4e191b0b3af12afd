/* What every unit of compiled Kernel Python includes: its integers, its checks, and its machine.
   The unit has defined KP_METAL, KP_USER or KP_HOST. Checks are always on; a failed one does not return. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef KP_HOST
#include <setjmp.h>
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* Constant bytes. */
typedef struct Bytes {
    const u8 *data;
    u64 length;
} Bytes;
#define bytes(text) ((Bytes){(const u8 *)(text), sizeof(text) - 1})

#define KP_INLINE static inline __attribute__((always_inline, nodebug, unused))
#define KP_COLD static __attribute__((cold, noinline, unused))
#define unlikely(test) __builtin_expect(!!(test), 0)

/* ---- How functions are compiled, by their marks. A build for a debugger, and one that counts edges, heed none. ---- */

#if defined(KP_METAL) && defined(__OPTIMIZE__)
#define KP_SIZE _Pragma("clang attribute push(__attribute__((minsize)), apply_to = function)")
#define KP_SIZE_END _Pragma("clang attribute pop")
#define KP_MARK_INLINE __attribute__((always_inline)) inline
#else
#define KP_SIZE
#define KP_SIZE_END
#define KP_MARK_INLINE
#endif
#define KP_MARK_APART __attribute__((noinline))
#define KP_MARK_COLD __attribute__((cold, minsize, noinline))

/* ---- Failed checks. A site is the number of a source file and a line of it. ---- */

#define KP_SITE ((u32)KP_FILE << 16 | (u32)__LINE__)

enum KpKind {
    KP_OVERFLOW = 1,
    KP_INDEX = 2,
    KP_DIVISION = 3,
    KP_ASSERTION = 4,
    KP_NARROWING = 5,
    KP_UNREACHABLE = 6,
    KP_MACHINE = 7,
    KP_SITE_IN_REGISTER = 0x100,
};

#ifdef KP_HOST
typedef struct KpTrap {
    u32 kind, file, line;
} KpTrap;
KpTrap kp_trap;
static jmp_buf *kp_guard;

/* Back to the innermost guarded call. */
KP_COLD _Noreturn void kp_panic(u32 kind, u32 site) {
    kp_trap = (KpTrap){kind, site >> 16, site & 0xFFFF};
    if (kp_guard == NULL)
        __builtin_trap();
    _longjmp(*kp_guard, 1);
}

#define kp_guarded(call)                 \
    jmp_buf kp_here;                     \
    jmp_buf *const kp_outer = kp_guard;  \
    kp_guard = &kp_here;                 \
    if (_setjmp(kp_here) != 0) {         \
        kp_guard = kp_outer;             \
        return false;                    \
    }                                    \
    call;                                \
    kp_guard = kp_outer;                 \
    return true
#elif defined(KP_USER)
void k_panic(u32 kind, u32 file, u32 line);

/* The panic function of the program; a panic inside it stops at a breakpoint exception. */
KP_COLD _Noreturn void kp_panic(u32 kind, u32 site) {
    static bool panicking;
    if (!panicking) {
        panicking = true;
        k_panic(kind, site >> 16, site & 0xFFFF);
    }
    __builtin_trap();
}
#endif

#ifndef KP_METAL
#define KP_FAILURE(name, kind) \
    KP_COLD _Noreturn void name(u32 site) { kp_panic(kind, site); }
#elif defined(__OPTIMIZE__)
/* In a kernel a failed check is one instruction, BRK #kind, and what it leaves in the registers is what the check found.
   The table of sites has 8 bytes for each: how far the instruction lies from the entry, and the site. */
#define KP_FAILURE(name, kind)                                        \
    KP_INLINE _Noreturn void name(u32 site) {                          \
        __asm__ volatile("0: brk %0\n\t"                              \
                         ".pushsection .rodata.kp_sites, \"a\"\n\t"   \
                         ".balign 4\n\t"                              \
                         ".4byte 0b - ., %1\n\t"                      \
                         ".popsection" ::"i"(kind), "i"(site)          \
                         : "memory");                                 \
        __builtin_unreachable();                                      \
    }
#else
/* For a debugger the compiler knows no constants: BRK #(kind + 0x100), with the site in w16. */
#define KP_FAILURE(name, kind)                                                            \
    KP_INLINE _Noreturn void name(u32 site) {                                              \
        register u32 w16 __asm__("w16") = site;                                           \
        __asm__ volatile("brk %0" ::"i"(kind + KP_SITE_IN_REGISTER), "r"(w16) : "memory"); \
        __builtin_unreachable();                                                          \
    }
#endif

KP_FAILURE(kp_overflow, KP_OVERFLOW)
KP_FAILURE(kp_index, KP_INDEX)
KP_FAILURE(kp_division, KP_DIVISION)
KP_FAILURE(kp_assertion, KP_ASSERTION)
KP_FAILURE(kp_narrowing, KP_NARROWING)
KP_FAILURE(kp_unreachable, KP_UNREACHABLE)
KP_FAILURE(kp_machine, KP_MACHINE)

/* assert */
#define check(test)                \
    do {                           \
        if (unlikely(!(test)))     \
            kp_assertion(KP_SITE); \
    } while (0)

/* The index of an element. */
#define at(index, length) kp_at(index, length, KP_SITE)
KP_INLINE u64 kp_at(u64 index, u64 length, u32 site) {
    if (unlikely(index >= length))
        kp_index(site);
    return index;
}

/* A member of a union that a test has shown, and that a call may have changed since. */
#define narrowed(value, expected, member)           \
    (*({                                            \
        __typeof__(value) *kp_value_ = &(value);    \
        if (unlikely(kp_value_->tag != (expected))) \
            kp_narrowing(KP_SITE);                  \
        &kp_value_->member;                         \
    }))
/* The value of a union that is without a tag, and in which `name` is `nothing` where there is no value. */
#define narrowed_some(value, name, nothing, member)  \
    (*({                                             \
        __typeof__(value) *kp_value_ = &(value);     \
        if (unlikely(kp_value_->name == (nothing)))  \
            kp_narrowing(KP_SITE);                   \
        &kp_value_->member;                          \
    }))
#define not_none(pointer)                            \
    ({                                               \
        __typeof__(pointer) kp_pointer_ = (pointer); \
        if (unlikely(kp_pointer_ == NULL))           \
            kp_narrowing(KP_SITE);                   \
        kp_pointer_;                                 \
    })

/* ---- Arithmetic: traps when the result does not fit. ---- */

#define KP_CHECKED(T, BITS)                                                                                          \
    KP_INLINE T kp_add_##T(T a, T b, u32 site) {                                                                     \
        T result;                                                                                                    \
        if (BITS < 32) { /* the sum has one bit more, which is tested alone */                                       \
            u32 sum = (u32)a + b;                                                                                    \
            if (unlikely((sum >> BITS % 32 & 1) != 0))                                                               \
                kp_overflow(site);                                                                                   \
            return (T)sum;                                                                                           \
        }                                                                                                            \
        if (unlikely(__builtin_add_overflow(a, b, &result)))                                                         \
            kp_overflow(site);                                                                                       \
        return result;                                                                                               \
    }                                                                                                                \
    KP_INLINE T kp_sub_##T(T a, T b, u32 site) {                                                                     \
        T result;                                                                                                    \
        if (unlikely(__builtin_sub_overflow(a, b, &result)))                                                         \
            kp_overflow(site);                                                                                       \
        return result;                                                                                               \
    }                                                                                                                \
    KP_INLINE T kp_mul_##T(T a, T b, u32 site) {                                                                     \
        T result;                                                                                                    \
        if (unlikely(__builtin_mul_overflow(a, b, &result)))                                                         \
            kp_overflow(site);                                                                                       \
        return result;                                                                                               \
    }                                                                                                                \
    KP_INLINE T kp_div_##T(T a, T b, u32 site) {                                                                     \
        if (unlikely(b == 0))                                                                                        \
            kp_division(site);                                                                                       \
        return a / b;                                                                                                \
    }                                                                                                                \
    KP_INLINE T kp_mod_##T(T a, T b, u32 site) {                                                                     \
        if (unlikely(b == 0))                                                                                        \
            kp_division(site);                                                                                       \
        return a % b;                                                                                                \
    }                                                                                                                \
    KP_INLINE T kp_shl_##T(T a, u64 distance, u32 site) {                                                            \
        if (a == 0)                                                                                                  \
            return 0;                                                                                                \
        if (unlikely(distance >= BITS || (T)((T)((u64)a << distance) >> distance) != a))                             \
            kp_overflow(site);                                                                                       \
        return (T)((u64)a << distance);                                                                              \
    }                                                                                                                \
    KP_INLINE T shr_##T(T a, u64 distance) { return distance < BITS ? (T)(a >> distance) : (T)0; }                   \
    KP_INLINE T kp_to_##T(u64 a, u32 site) {                                                                         \
        if (unlikely((T)a != a))                                                                                     \
            kp_overflow(site);                                                                                       \
        return (T)a;                                                                                                 \
    }                                                                                                                \
    KP_INLINE T wrapping_add_##T(T a, T b) { return (T)(a + b); }                                                    \
    KP_INLINE T wrapping_sub_##T(T a, T b) { return (T)(a - b); }                                                    \
    KP_INLINE T wrapping_mul_##T(T a, T b) { return (T)((u64)a * b); }                                               \
    KP_INLINE T saturating_add_##T(T a, T b) {                                                                       \
        T result;                                                                                                    \
        return __builtin_add_overflow(a, b, &result) ? (T)-1 : result;                                               \
    }                                                                                                                \
    KP_INLINE T saturating_sub_##T(T a, T b) { return a > b ? (T)(a - b) : (T)0; }                                   \
    KP_INLINE T saturating_mul_##T(T a, T b) {                                                                       \
        T result;                                                                                                    \
        return __builtin_mul_overflow(a, b, &result) ? (T)-1 : result;                                               \
    }                                                                                                                \
    KP_INLINE T bit_not_##T(T a) { return (T)~a; }                                                                   \
    KP_INLINE T trailing_zeros_##T(T a) { return a == 0 ? BITS : (T)__builtin_ctzll(a); }                            \
    KP_INLINE T leading_zeros_##T(T a) { return a == 0 ? BITS : (T)(__builtin_clzll(a) - (64 - BITS)); }             \
    KP_INLINE T min_##T(T a, T b) { return b < a ? b : a; }                                                          \
    KP_INLINE T max_##T(T a, T b) { return b > a ? b : a; }

KP_CHECKED(u8, 8)
KP_CHECKED(u16, 16)
KP_CHECKED(u32, 32)
KP_CHECKED(u64, 64)

#define add_u8(a, b) kp_add_u8(a, b, KP_SITE)
#define add_u16(a, b) kp_add_u16(a, b, KP_SITE)
#define add_u32(a, b) kp_add_u32(a, b, KP_SITE)
#define add_u64(a, b) kp_add_u64(a, b, KP_SITE)
#define sub_u8(a, b) kp_sub_u8(a, b, KP_SITE)
#define sub_u16(a, b) kp_sub_u16(a, b, KP_SITE)
#define sub_u32(a, b) kp_sub_u32(a, b, KP_SITE)
#define sub_u64(a, b) kp_sub_u64(a, b, KP_SITE)
#define mul_u8(a, b) kp_mul_u8(a, b, KP_SITE)
#define mul_u16(a, b) kp_mul_u16(a, b, KP_SITE)
#define mul_u32(a, b) kp_mul_u32(a, b, KP_SITE)
#define mul_u64(a, b) kp_mul_u64(a, b, KP_SITE)
#define div_u8(a, b) kp_div_u8(a, b, KP_SITE)
#define div_u16(a, b) kp_div_u16(a, b, KP_SITE)
#define div_u32(a, b) kp_div_u32(a, b, KP_SITE)
#define div_u64(a, b) kp_div_u64(a, b, KP_SITE)
#define mod_u8(a, b) kp_mod_u8(a, b, KP_SITE)
#define mod_u16(a, b) kp_mod_u16(a, b, KP_SITE)
#define mod_u32(a, b) kp_mod_u32(a, b, KP_SITE)
#define mod_u64(a, b) kp_mod_u64(a, b, KP_SITE)
#define shl_u8(a, distance) kp_shl_u8(a, distance, KP_SITE)
#define shl_u16(a, distance) kp_shl_u16(a, distance, KP_SITE)
#define shl_u32(a, distance) kp_shl_u32(a, distance, KP_SITE)
#define shl_u64(a, distance) kp_shl_u64(a, distance, KP_SITE)
#define to_u8(a) kp_to_u8(a, KP_SITE)
#define to_u16(a) kp_to_u16(a, KP_SITE)
#define to_u32(a) kp_to_u32(a, KP_SITE)
#define to_u64(a) kp_to_u64(a, KP_SITE)

#include "kp_machine.h"
