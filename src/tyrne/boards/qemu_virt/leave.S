// The end of the machine, asked of whoever may be there: a host that semihosts, the firmware (PSCI SYSTEM_OFF, by SMC or by
// HVC), nobody. Asking somebody who is absent is an undefined instruction; its vector goes on behind the next one.
// audit: U-25

        .text

// void leave_machine(u64 operation, u64 parameter): the semihosting call that ends QEMU with a status. Never returns.
        .global leave_machine
        .global leave_machine_end
leave_machine:
        hlt     #0xf000
        nop                                     // a host that does not end it: the firmware may
        movz    w0, #0x8400, lsl #16
        movk    w0, #0x0008                     // SYSTEM_OFF (Arm DEN 0022, 5.1)
        smc     #0
        b       1f                              // firmware that has no such call: who is at EL2 is not asked, it may be nobody
        hvc     #0
1:      wfi
        b       1b
leave_machine_end:
