"""The library for C: memory, printing, and messages as structs between a client and a server."""

from __future__ import annotations

from pathlib import Path

from running import on_each_machine, run_system

CLIENT = """\
#include "tyrne.h"
#include "handles.h"
int main(void)
{
    struct tyrne_message question = {.label = 7, .word = {1, 2, 3}};
    struct tyrne_arrival answer = tyrne_call_message(HANDLE_SERVICE, question);
    if (answer.status || answer.message.label != 8 || answer.message.word[0] != 6 || answer.message.word[2] != 5)
        return 1;
    if (answer.capability != TYRNE_NULL_HANDLE || answer.reply != TYRNE_NULL_HANDLE)
        return 2;
    uint64_t lent = tyrne_cap_derive(HANDLE_GIFT, TYRNE_RIGHT_TRANSFER | TYRNE_RIGHT_NOTIFY, 0).x[1];
    answer = tyrne_call_message_with(HANDLE_SERVICE, question, lent);
    if (answer.status || answer.capability == TYRNE_NULL_HANDLE)
        return 3;
    if (tyrne_send_wait_message(HANDLE_SERVICE, question) || tyrne_notify(answer.capability, 1).x[0])
        return 4;
    return tyrne_send_message(HANDLE_CONSOLE, question) == TYRNE_STATUS_WRONG_OBJECT_KIND ? 0 : 5;
}
"""

SERVER = """\
#include "tyrne.h"
#include "handles.h"
int main(void)
{
    struct tyrne_arrival got = tyrne_recv_message(HANDLE_DOOR);
    if (got.status || !got.pending || got.capability != TYRNE_NULL_HANDLE || tyrne_cancel(HANDLE_DOOR).x[0])
        return 1;
    got = tyrne_wait_message(HANDLE_DOOR);
    if (got.status || got.badge != 9 || got.message.label != 7 || got.message.word[1] != 2)
        return 2;
    struct tyrne_message answer = {8, {got.message.word[0] + got.message.word[1] + got.message.word[2], 0, 5}};
    got = tyrne_reply_wait_message(got.reply, answer, HANDLE_DOOR);
    if (got.status || got.capability == TYRNE_NULL_HANDLE)
        return 3;
    if (tyrne_reply_message_with(got.reply, answer, got.capability))
        return 4;
    got = tyrne_wait_message(HANDLE_DOOR);
    if (got.status || got.reply != TYRNE_NULL_HANDLE)
        return 5;
    got = tyrne_wait_message(HANDLE_CONSOLE);
    if (got.status != TYRNE_STATUS_WRONG_OBJECT_KIND || got.reply != TYRNE_NULL_HANDLE)
        return 6;
    tyrne_print("served\\n");
    return 0;
}
"""

SYSTEM = """\
[system]
name = "service"
[[endpoint]]
name = "door"
[[notification]]
name = "gift"
[[task]]
name = "server"
program = "server.c"
caps = [{ endpoint = "door", rights = ["RECV"] }, { console = true }]
[[task]]
name = "client"
program = "client.c"
caps = [
  { notification = "gift", rights = ["DERIVE", "TRANSFER", "NOTIFY"] },
  { endpoint = "door", name = "service", rights = ["SEND"], badge = 9 },
  { console = true },
]
"""


TIME = """\
#include "tyrne.h"
#include "handles.h"
#define CHECK(number, truth) do if (!(truth)) return number; while (0)

static uint64_t now(void)
{
    struct tyrne_reply got = tyrne_clock_read(HANDLE_CLOCK);
    return got.x[0] == TYRNE_STATUS_OK ? got.x[1] : TYRNE_NEVER;
}

int main(void)
{
    uint64_t start = now();
    CHECK(1, tyrne_sleep_until(HANDLE_CLOCK, start + 2 * TYRNE_MILLISECOND, HANDLE_BELL) == TYRNE_STATUS_TIMED_OUT);
    CHECK(2, now() >= start + 2 * TYRNE_MILLISECOND && now() < start + TYRNE_SECOND);
    CHECK(3, tyrne_signal_at(HANDLE_CLOCK, now() + 50 * TYRNE_MICROSECOND, HANDLE_BELL, 6) == TYRNE_STATUS_OK);
    CHECK(4, tyrne_wait(HANDLE_BELL).x[3] == 6);
    CHECK(5, tyrne_end_wait_at(HANDLE_CLOCK, start) == TYRNE_STATUS_OK);
    CHECK(6, tyrne_wait(HANDLE_BELL).x[0] == TYRNE_STATUS_TIMED_OUT);
    CHECK(7, tyrne_signal_at(HANDLE_CLOCK, now() + TYRNE_MILLISECOND, HANDLE_BELL, 1) == TYRNE_STATUS_OK);
    CHECK(8, tyrne_forget_deadline(HANDLE_CLOCK) == TYRNE_STATUS_OK);
    CHECK(9, tyrne_sleep_until(HANDLE_CLOCK, now() + 3 * TYRNE_MILLISECOND, HANDLE_BELL) == TYRNE_STATUS_TIMED_OUT);
    CHECK(10, tyrne_poll(HANDLE_BELL).x[1] == 0);
    CHECK(11, tyrne_sleep_until(HANDLE_BELL, start, HANDLE_BELL) == TYRNE_STATUS_WRONG_KIND);
    return 0;
}
"""

TIMED = """\
[system]
name = "timed"
[[notification]]
name = "bell"
[[task]]
name = "main"
program = "time.c"
caps = [{ clock = true }, { notification = "bell" }]
"""


@on_each_machine
def test_a_program_in_c_sleeps_and_sets_deadlines(tmp_path: Path, machine: str) -> None:
    (tmp_path / "time.c").write_text(TIME)
    (tmp_path / "s.toml").write_text(TIMED)
    assert run_system([tmp_path / "s.toml"], machine)["tasks"][0]["code"] == 0


@on_each_machine
def test_memory_and_printing_do_as_they_say(machine: str) -> None:
    report = run_system([Path(__file__).with_name("library.c")], machine)
    assert report["tasks"][0]["code"] == 0
    numbers = "0 18446744073709551615 -9223372036854775808 42 0x0 0xfeedfacecafebeef"
    assert report["console"] == f"{numbers}\nlong: {'x' * 600}"
    lengths = [int(call["args"][2], 16) for call in report["syscalls"] if call["name"] == "console_write"]
    assert lengths == [len(numbers) + 1, 256, 256, 94]


@on_each_machine
def test_messages_are_structs_and_handles_have_names_in_any_order(tmp_path: Path, machine: str) -> None:
    (tmp_path / "client.c").write_text(CLIENT)
    (tmp_path / "server.c").write_text(SERVER)
    (tmp_path / "s.toml").write_text(SYSTEM)
    report = run_system([tmp_path / "s.toml"], machine)
    assert {task["name"]: task["code"] for task in report["tasks"]} == {"server": 0, "client": 0}
    assert report["console"] == "served\n"  # at handle word 1: the order is nobody's business


def test_what_is_printed_goes_out_with_exit_too(tmp_path: Path) -> None:
    text = '#include "tyrne.h"\nint main(void) { tyrne_print("last words"); tyrne_exit(4); }\n'
    (tmp_path / "a.c").write_text(text)
    report = run_system([tmp_path / "a.c"], "hosted")
    assert (report["console"], report["tasks"][0]["code"]) == ("last words", 4)


def test_a_program_may_define_what_the_library_has(tmp_path: Path) -> None:
    text = "typedef __SIZE_TYPE__ size_t;\nvoid *memset(void *t, int b, size_t n) { (void)b, (void)n; return t; }\n"
    text += "void *memcpy(void *, const void *, size_t);\nstatic volatile size_t n = 3;\n"
    text += 'int main(void) { char a[4] = {0}; memset(a, 5, n); memcpy(a + 1, "\\x06", n - 2); return a[0] + a[1]; }\n'
    (tmp_path / "a.c").write_text(text)
    assert run_system([tmp_path / "a.c"], "hosted")["tasks"][0]["code"] == 6
