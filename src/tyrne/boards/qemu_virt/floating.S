// The FP/SIMD registers of a thread: q0 to q31, FPCR, FPSR. EL1 may use them at any time; only these routines do.
// audit: U-23

        .arch_extension fp
        .arch_extension simd

        .text

// void save_floating(ThreadState *state)
        .global save_floating
save_floating:
        add     x1, x0, #THREAD_STATE_Q
        stp     q0, q1, [x1, #32 * 0]
        stp     q2, q3, [x1, #32 * 1]
        stp     q4, q5, [x1, #32 * 2]
        stp     q6, q7, [x1, #32 * 3]
        stp     q8, q9, [x1, #32 * 4]
        stp     q10, q11, [x1, #32 * 5]
        stp     q12, q13, [x1, #32 * 6]
        stp     q14, q15, [x1, #32 * 7]
        stp     q16, q17, [x1, #32 * 8]
        stp     q18, q19, [x1, #32 * 9]
        stp     q20, q21, [x1, #32 * 10]
        stp     q22, q23, [x1, #32 * 11]
        stp     q24, q25, [x1, #32 * 12]
        stp     q26, q27, [x1, #32 * 13]
        stp     q28, q29, [x1, #32 * 14]
        stp     q30, q31, [x1, #32 * 15]
        mrs     x1, fpcr
        mrs     x2, fpsr
        str     x1, [x0, #THREAD_STATE_FPCR]
        str     x2, [x0, #THREAD_STATE_FPSR]
        ret

// void load_floating(const ThreadState *state)
        .global load_floating
load_floating:
        add     x1, x0, #THREAD_STATE_Q
        ldp     q0, q1, [x1, #32 * 0]
        ldp     q2, q3, [x1, #32 * 1]
        ldp     q4, q5, [x1, #32 * 2]
        ldp     q6, q7, [x1, #32 * 3]
        ldp     q8, q9, [x1, #32 * 4]
        ldp     q10, q11, [x1, #32 * 5]
        ldp     q12, q13, [x1, #32 * 6]
        ldp     q14, q15, [x1, #32 * 7]
        ldp     q16, q17, [x1, #32 * 8]
        ldp     q18, q19, [x1, #32 * 9]
        ldp     q20, q21, [x1, #32 * 10]
        ldp     q22, q23, [x1, #32 * 11]
        ldp     q24, q25, [x1, #32 * 12]
        ldp     q26, q27, [x1, #32 * 13]
        ldp     q28, q29, [x1, #32 * 14]
        ldp     q30, q31, [x1, #32 * 15]
        ldr     x1, [x0, #THREAD_STATE_FPCR]
        ldr     x2, [x0, #THREAD_STATE_FPSR]
        msr     fpcr, x1
        msr     fpsr, x2
        ret

// void clear_floating(void)
        .global clear_floating
clear_floating:
        movi    v0.2d, #0
        movi    v1.2d, #0
        movi    v2.2d, #0
        movi    v3.2d, #0
        movi    v4.2d, #0
        movi    v5.2d, #0
        movi    v6.2d, #0
        movi    v7.2d, #0
        movi    v8.2d, #0
        movi    v9.2d, #0
        movi    v10.2d, #0
        movi    v11.2d, #0
        movi    v12.2d, #0
        movi    v13.2d, #0
        movi    v14.2d, #0
        movi    v15.2d, #0
        movi    v16.2d, #0
        movi    v17.2d, #0
        movi    v18.2d, #0
        movi    v19.2d, #0
        movi    v20.2d, #0
        movi    v21.2d, #0
        movi    v22.2d, #0
        movi    v23.2d, #0
        movi    v24.2d, #0
        movi    v25.2d, #0
        movi    v26.2d, #0
        movi    v27.2d, #0
        movi    v28.2d, #0
        movi    v29.2d, #0
        movi    v30.2d, #0
        movi    v31.2d, #0
        msr     fpcr, xzr
        msr     fpsr, xzr
        ret
