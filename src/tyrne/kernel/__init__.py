"""The kernel: one file per object or mechanism, no hardware. Start with kernel.py, then system_calls.py.

Principles: no ambient authority; checks before effects; a failed call changes nothing; missing context fails
closed; no input from a program can stop the kernel; one stack, and long work in steps, so no trap is long.

| about                    | files                                                                              |
|--------------------------|------------------------------------------------------------------------------------|
| the way of a trap        | kernel.py, fast_path.py, system_calls.py, effects.py, work.py                      |
| capabilities             | capability.py, cap_slot.py, cap_table.py, authority.py, capability_calls.py        |
| objects, made and ended  | life.py, arena.py, quota.py, creation.py, deletion.py                              |
| tasks                    | task.py, task_calls.py, ending.py                                                  |
| the processor            | core.py, scheduler.py                                                              |
| messages and signals     | endpoint.py, messages.py, rendezvous.py, notification.py, signals.py               |
| time                     | clock.py, deadline.py                                                              |
| devices                  | line.py, interrupts.py                                                             |
| memory                   | frames.py, memory.py, mapping.py, user_memory.py                                   |
| address spaces           | address_space.py, page_table.py, page_ranges.py                                    |
| what a user of it sees   | console.py, end_of_run.py                                                          |
| limits                   | config.py                                                                          |
"""
