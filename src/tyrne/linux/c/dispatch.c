/* From the number of a call to who answers it. `calls.h` is made from tyrne.linux.calls. */

#include "threads.h"

enum { RT_SIGRETURN = 139 };

#define CALL(number, handler) linux_call handler;
#define PATH(number, argument)
#include "calls.h"
#undef CALL
#undef PATH

static linux_call *const handlers[LINUX_CALLS] = {
#define CALL(number, handler) [number] = handler,
#define PATH(number, argument)
#include "calls.h"
#undef CALL
#undef PATH
};

/* Which argument of a call is a path, counted from 1; 0 for none. */
static const uint8_t path_of[LINUX_CALLS] = {
#define CALL(number, handler)
#define PATH(number, argument) [number] = argument + 1,
#include "calls.h"
#undef CALL
#undef PATH
};

/* Tell who watches the run what the program is refused, by calls of Tyrne that no kernel has: each costs a refusal, and
   needs and gives nothing. x0 is the number of the error, x1 to x5 are the first 40 bytes of the path, with zeros behind it; each
   40 bytes of a longer one go before, with 0 for the error. Of a path at most MOST_TOLD bytes are told. */
void linux_tell(uint64_t number, uint64_t error, const char *path)
{
    uint64_t told = LINUX_TOLD | (number < LINUX_CALLS ? number : LINUX_TOLD_OTHER);
    for (uint64_t at = 0;;) {
        uint64_t words[5] = {0};
        for (uint64_t i = 0; i < sizeof words && path && path[at]; i++, at++)
            words[i / 8] |= (uint64_t)(uint8_t)path[at] << i % 8 * 8;
        int more = path && at < MOST_TOLD && at && at % sizeof words == 0 && path[at];
        tyrne_system_call(told, more ? 0 : error, words[0], words[1], words[2], words[3], words[4]);
        if (!more)
            return;
    }
}

/* Who may ask again, and get it, is not refused; and what rt_sigreturn gives back is the answer of another call. */
static int is_refused(uint64_t number, int64_t answer)
{
    if (answer == -EAGAIN || answer == -EINTR || answer == -ETIMEDOUT || number == RT_SIGRETURN)
        return 0;
    return answer < 0 && answer >= -MOST_ERROR;
}

int64_t linux_without(const uint64_t *x)
{
    (void)x;
    return -ENOSYS;
}

void linux_answer(struct linux_frame *frame)
{
    linux_lock(linux_thread_of(frame));
    uint64_t number = frame->x[8];
    linux_call *handler = number < LINUX_CALLS ? handlers[number] : 0;
    int64_t answer = handler ? handler(frame->x) : -ENOSYS;
    if (is_refused(number, answer)) {
        uint64_t place = number < LINUX_CALLS ? path_of[number] : 0;
        linux_tell(number, (uint64_t)-answer, place ? (const char *)frame->x[place - 1] : 0);
    }
    frame->x[0] = (uint64_t)answer;
    linux_deliver(frame);
    linux_unlock();
}
