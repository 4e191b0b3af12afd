/* Machine access: memory by address everywhere, registers and instructions on AArch64 only. */
#pragma once

/* Machine access reads and writes places by their addresses, whatever their types are: these alias all. */
typedef u8 __attribute__((may_alias)) KpAny8;
typedef u16 __attribute__((may_alias)) KpAny16;
typedef u32 __attribute__((may_alias)) KpAny32;
typedef u64 __attribute__((may_alias)) KpAny64;

KP_INLINE u8 read8(u64 address) { return *(volatile KpAny8 *)address; }
KP_INLINE u16 read16(u64 address) { return *(volatile KpAny16 *)address; }
KP_INLINE u32 read32(u64 address) { return *(volatile KpAny32 *)address; }
KP_INLINE u64 read64(u64 address) { return *(volatile KpAny64 *)address; }
KP_INLINE void write8(u64 address, u8 value) { *(volatile KpAny8 *)address = value; }
KP_INLINE void write16(u64 address, u16 value) { *(volatile KpAny16 *)address = value; }
KP_INLINE void write32(u64 address, u32 value) { *(volatile KpAny32 *)address = value; }
KP_INLINE void write64(u64 address, u64 value) { *(volatile KpAny64 *)address = value; }
KP_INLINE void copy_bytes(u64 target, u64 source, u64 length) {
    __builtin_memcpy((void *)target, (const void *)source, length);
    __asm__ volatile("" ::: "memory");
}
KP_INLINE void zero_bytes(u64 target, u64 length) {
    __builtin_memset((void *)target, 0, length);
    __asm__ volatile("" ::: "memory");
}

#ifdef KP_METAL
/* A symbol of the linker script may lie farther off than a place of the program (-mcmodel=tiny). */
#define symbol_address(name)                                                                          \
    ({                                                                                                \
        u64 kp_symbol_;                                                                               \
        __asm__("adrp %0, " #name "\n\tadd %0, %0, :lo12:" #name : "=r"(kp_symbol_));                 \
        kp_symbol_;                                                                                   \
    })
#else
#define symbol_address(name) ((u64)(name))
#endif

#ifdef KP_HOST

#define read_register(name) ({ kp_machine(KP_SITE); (u64)0; })
#define write_register(name, value) ((void)(value), kp_machine(KP_SITE))
#define execute(instruction) kp_machine(KP_SITE)
#define operate(instruction, operand) ((void)(operand), kp_machine(KP_SITE))
#define semihosting(operation, argument) ({ (void)(operation); (void)(argument); kp_machine(KP_SITE); (u64)0; })

#else

#define read_register(name)                                           \
    ({                                                                \
        u64 kp_read_;                                                 \
        __asm__ volatile("mrs %0, " name : "=r"(kp_read_)::"memory"); \
        kp_read_;                                                     \
    })
#define write_register(name, value) __asm__ volatile("msr " name ", %0" ::"r"((u64)(value)) : "memory")
#define execute(instruction) __asm__ volatile(instruction ::: "memory")
#define operate(instruction, operand) __asm__ volatile(instruction ::"r"((u64)(operand)) : "memory")

KP_INLINE u64 semihosting(u64 operation, u64 argument) {
    register u64 x0 __asm__("x0") = operation;
    register u64 x1 __asm__("x1") = argument;
    __asm__ volatile("hlt #0xF000" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

/* Struct copies may become calls of these. */
#define KP_MEMORY __attribute__((no_builtin("memcpy", "memmove", "memset", "memcmp"), used))
KP_MEMORY void *memcpy(void *restrict target, const void *restrict source, size_t length) {
    u8 *to = target;
    const u8 *from = source;
    if ((((uintptr_t)to | (uintptr_t)from) & 7) == 0) {
        for (; length >= 8; length -= 8, to += 8, from += 8)
            *(KpAny64 *)to = *(const KpAny64 *)from;
    }
    for (; length > 0; length--)
        *to++ = *from++;
    return target;
}

KP_MEMORY void *memmove(void *target, const void *source, size_t length) {
    u8 *to = target;
    const u8 *from = source;
    if ((uintptr_t)to - (uintptr_t)from >= length)
        return memcpy(target, source, length);
    while (length > 0) {
        length--;
        to[length] = from[length];
    }
    return target;
}

KP_MEMORY void *memset(void *target, int value, size_t length) {
    u8 *to = target;
    u64 word = (u8)value * 0x0101010101010101ull;
    if (((uintptr_t)to & 7) == 0) {
        for (; length >= 8; length -= 8, to += 8)
            *(KpAny64 *)to = word;
    }
    for (; length > 0; length--)
        *to++ = (u8)value;
    return target;
}

KP_MEMORY int memcmp(const void *left, const void *right, size_t length) {
    const u8 *a = left;
    const u8 *b = right;
    for (; length > 0; length--, a++, b++) {
        if (*a != *b)
            return *a < *b ? -1 : 1;
    }
    return 0;
}

#endif
