// Values of system registers that only assembly writes (Arm ARM D19), and the layout of a trap frame as stored in pairs.

#define SCTLR_MMU_OFF       0x30d00800  // SCTLR_EL1: what reads as one
#define SPSR_EL1H_MASKED    0x3c5       // SPSR_EL2: to EL1 with SP_EL1, D A I F masked
#define CLASS_SVC           0x15        // ESR_EL1.EC: SVC from AArch64
