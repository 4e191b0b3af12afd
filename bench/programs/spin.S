/* Computes for ever. */

        .text
        .global _start
_start: b       _start
