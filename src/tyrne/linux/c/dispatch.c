/* From the number of a call to who answers it. `calls.h` is made from tyrne.linux.calls. */

#include "linux.h"

#define CALL(number, handler) linux_call handler;
#define ABSENT(number, name)
#include "calls.h"
#undef CALL
#undef ABSENT

static linux_call *const handlers[LINUX_CALLS] = {
#define CALL(number, handler) [number] = handler,
#define ABSENT(number, name)
#include "calls.h"
#undef CALL
#undef ABSENT
};

static const char *const names[LINUX_CALLS] = {
#define CALL(number, handler)
#define ABSENT(number, name) [number] = name,
#include "calls.h"
#undef CALL
#undef ABSENT
};

static uint8_t said[LINUX_CALLS + 1];

/* Say once what the program asked for that does not exist. */
static int64_t absent(uint64_t number)
{
    uint64_t index = number < LINUX_CALLS ? number : LINUX_CALLS;
    if (!said[index]) {
        said[index] = 1;
        const char *name = number < LINUX_CALLS ? names[number] : 0;
        linux_say("[linux: ");
        linux_say(name ? name : "a call that Linux does not have either");
        linux_say(" is not supported]\n");
    }
    return -ENOSYS;
}

/* What is optional, and which programs do without: not a word about it. */
int64_t linux_without(const uint64_t *x)
{
    (void)x;
    return -ENOSYS;
}

void linux_answer(struct linux_frame *frame)
{
    uint64_t number = frame->x[8];
    linux_call *handler = number < LINUX_CALLS ? handlers[number] : 0;
    frame->x[0] = (uint64_t)(handler ? handler(frame->x) : absent(number));
    linux_deliver(frame);
}
