/* The keeper of the threads of one program of Linux: a task of its own, in a space of its own. It lets threads begin in
   the space of the program, puts those aside that are over, and ends all of them with the program. It hears of each
   fault of theirs: once the program handles some, it lets the thread go on in the library (c/faults.c).
   It makes memory for all: what one of them held would be gone with it.

   | what a thread is in | its next fault                                                           |
   |---------------------|--------------------------------------------------------------------------|
   | RUNS                | is the library's, if the program handles faults; or its last             |
   | GOES_ON             | is the end of a handler: it goes on where it has asked to                |
   | GIVES_UP            | is the library's word that nobody handles it: it makes the fault again   |
   | LAST                | is its last: all end                                                     |

   Threads ask by calls at `requests`; the badge is the number of who asks, from 1 on, and FAULTS more is what the kernel
   tells of it. What they ask is theirs: the keeper has no memory of the program, and believes numbers only as far as
   capabilities stand for them. c/threads.c asks; src/tyrne/system/threads.py gives both what they hold. */

#include "tyrne.h"
#include "handles.h"

enum { START = 1, PUT_ASIDE = 2, END = 3, FAULTS_TO = 4, FAULT = 5, GO_ON = 6, GIVE_UP = 7, MAKE = 8, GIVE_BACK = 9 };
/* as c/threads.h has it */
enum { REGIONS = 24 }; /* tyrne.linux.start.HEAP_PIECES */
enum { FAULTS = 0x100, REGISTER_SP = 31, REGISTER_PC = 32, BY_SIGSEGV = 139, STACK_BYTES = 16384 };
enum state { RUNS, GOES_ON, GIVES_UP, LAST };

static struct {
    enum state state;
    uint64_t go_on; /* where it has asked to */
    uint64_t fault[3], sp; /* its last fault: ESR_EL1, FAR_EL1 and pc; and its sp then */
} threads[THREADS + 1];
static uint64_t library, stacks; /* where faults are handled, or 0; and the library's stacks, one behind the other */

static uint64_t thread(uint64_t number)
{
    return HANDLE_FIRST + number - 1;
}

static void end_others(uint64_t number, uint64_t code)
{
    for (uint64_t other = 1; other <= THREADS; other++)
        if (other != number)
            tyrne_task_end(thread(other), other == 1 ? code : 0);
}

/* A thread begins at `entry`, with all registers zero. What it did before is over: it has said so. */
static uint64_t start(uint64_t number, uint64_t entry, uint64_t top)
{
    if (number < 2 || number > THREADS)
        return TYRNE_STATUS_BAD_ARGUMENT;
    uint64_t state = tyrne_task_state(thread(number)).x[1];
    if (state != TYRNE_STATE_INACTIVE && state != TYRNE_STATE_SUSPENDED)
        tyrne_task_suspend(thread(number));
    threads[number].state = RUNS;
    uint64_t status = tyrne_task_configure(thread(number), HANDLE_SPACE, 0, entry, top).x[0];
    return status == TYRNE_STATUS_OK ? tyrne_task_resume(thread(number)).x[0] : status;
}

/* Let the program end with a code that one of its other threads says: its first thread goes on at `leave`, with the code
   in x0, and exits. */
static void end(uint64_t code, uint64_t leave)
{
    tyrne_task_suspend(thread(1));
    tyrne_task_write(thread(1), 0, code);
    tyrne_task_write(thread(1), REGISTER_PC, leave);
    end_others(1, 0);
    tyrne_task_resume(thread(1));
}

/* The memory of the program, which the keeper's quota pays: handles, 0 where none is. */
static uint64_t regions[REGIONS];

/* A region of so many pages in the program's space, known by its place from then on. */
static uint64_t make(uint64_t pages, uint64_t address, uint64_t *place)
{
    for (*place = 0; *place < REGIONS && regions[*place]; ++*place)
        ;
    if (*place == REGIONS)
        return TYRNE_STATUS_QUOTA_EXCEEDED;
    struct tyrne_reply made = tyrne_create(HANDLE_QUOTA, TYRNE_KIND_MEMORY, pages);
    if (made.x[0] != TYRNE_STATUS_OK)
        return made.x[0];
    uint64_t status = tyrne_map(HANDLE_SPACE, made.x[1], address, TYRNE_ACCESS_READ_WRITE).x[0];
    if (status == TYRNE_STATUS_OK)
        regions[*place] = made.x[1];
    else
        tyrne_cap_drop(made.x[1]);
    return status;
}

static uint64_t give_back(uint64_t place)
{
    if (place >= REGIONS || !regions[place])
        return TYRNE_STATUS_BAD_ARGUMENT;
    uint64_t handle = regions[place];
    regions[place] = 0;
    return tyrne_cap_drop(handle).x[0];
}

static void answer_with(uint64_t reply, uint64_t label, uint64_t word)
{
    if (reply != TYRNE_NULL_HANDLE)
        tyrne_reply_message(reply, (struct tyrne_message){label, {word, 0, 0}});
}

static void answer(uint64_t reply, uint64_t label)
{
    answer_with(reply, label, 0);
}

/* Whether a thread goes on after a fault, and if so, where. One on a stack of the library's is the library's own. */
static int go_on(const uint64_t *fault, uint64_t number)
{
    uint64_t sp = tyrne_task_read(thread(number), REGISTER_SP).x[1];
    enum state state = threads[number].state;
    threads[number].state = RUNS;
    switch (state) {
    case RUNS:
        if (!library || (sp > stacks && sp <= stacks + THREADS * STACK_BYTES))
            return 0;
        for (int i = 0; i < 3; i++)
            threads[number].fault[i] = fault[i];
        threads[number].sp = sp;
        tyrne_task_write(thread(number), REGISTER_SP, stacks + number * STACK_BYTES);
        tyrne_task_write(thread(number), REGISTER_PC, library);
        return 1;
    case GOES_ON:
        tyrne_task_write(thread(number), REGISTER_SP, threads[number].sp);
        tyrne_task_write(thread(number), REGISTER_PC, threads[number].go_on);
        return 1;
    case GIVES_UP:
        threads[number].state = LAST;
        tyrne_task_write(thread(number), REGISTER_SP, threads[number].sp);
        tyrne_task_write(thread(number), REGISTER_PC, threads[number].fault[2]);
        return 1;
    case LAST:
        return 0;
    }
    return 0;
}

static void hear(const struct tyrne_arrival *told, uint64_t number)
{
    if (told->message.label == TYRNE_NOTICE_EXITED) {
        if (number == 1)
            end_others(1, 0);
        return;
    }
    if (go_on(told->message.word, number)) {
        answer(told->reply, 0);
        return;
    }
    end_others(number, BY_SIGSEGV);
    tyrne_cap_drop(told->reply); /* nobody repairs it */
}

static void ask(const struct tyrne_arrival *asked, uint64_t number)
{
    const uint64_t *word = asked->message.word;
    uint64_t place, status;
    switch (asked->message.label) {
    case START:
        answer(asked->reply, start(word[0], word[1], word[2]));
        break;
    case PUT_ASIDE:
        tyrne_task_suspend(thread(number));
        break;
    case MAKE:
        status = make(word[0], word[1], &place);
        answer_with(asked->reply, status, place);
        break;
    case GIVE_BACK:
        answer(asked->reply, give_back(word[0]));
        break;
    case END:
        end(word[0], word[1]);
        break;
    case FAULTS_TO:
        library = word[0];
        stacks = word[1];
        answer(asked->reply, 0);
        break;
    case FAULT: {
        const uint64_t *fault = threads[number].fault;
        tyrne_reply_message(asked->reply,
                            (struct tyrne_message){threads[number].sp, {fault[0], fault[1], fault[2]}});
        break;
    }
    case GO_ON:
        threads[number].go_on = word[0];
        threads[number].sp = word[1];
        threads[number].state = GOES_ON;
        answer(asked->reply, 0);
        break;
    case GIVE_UP:
        threads[number].state = GIVES_UP;
        answer(asked->reply, 0);
        break;
    default:
        answer(asked->reply, TYRNE_STATUS_BAD_ARGUMENT);
    }
}

int main(void)
{
    for (;;) {
        struct tyrne_arrival got = tyrne_wait_message(HANDLE_REQUESTS);
        if (got.capability != TYRNE_NULL_HANDLE)
            tyrne_cap_drop(got.capability);
        if (got.status == TYRNE_STATUS_OK && got.badge > FAULTS)
            hear(&got, got.badge - FAULTS);
        else if (got.status == TYRNE_STATUS_OK)
            ask(&got, got.badge);
    }
}
