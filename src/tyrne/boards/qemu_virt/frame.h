// A trap frame as assembly stores it: in pairs of words. The offsets of the places are the compiler's.

#define FRAME_X     TRAP_FRAME_X
#define FRAME_PC    TRAP_FRAME_PC
#define FRAME_SIZE  SIZEOF_TRAP_FRAME

        .if TRAP_FRAME_SP != FRAME_X + 31 * 8 || TRAP_FRAME_PSTATE != FRAME_PC + 8 || FRAME_SIZE % 16 != 0
        .error "a trap frame must be x0 to x30, sp, pc, pstate without gaps"
        .endif
        .if TASK_FRAME != 0
        .error "the trap frame must be the first field of a task: one address is both"
        .endif
