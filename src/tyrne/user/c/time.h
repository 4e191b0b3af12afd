/* Times are nanoseconds since boot. A task has one deadline: setting one takes the place of the one before. At a time that
   is past what is to happen happens at once. Each of these gives back the status. */

/* At a time signal bits. */
static inline uint64_t tyrne_signal_at(uint64_t clock, uint64_t at, uint64_t notification, uint64_t bits)
{
    return tyrne_clock_arm(clock, at, notification, bits).x[0];
}

/* Let the next wait end at a time with TIMED_OUT, unless it has ended before. */
static inline uint64_t tyrne_end_wait_at(uint64_t clock, uint64_t at)
{
    return tyrne_clock_arm(clock, at, TYRNE_NULL_HANDLE, 0).x[0];
}

/* Have no deadline any more. */
static inline uint64_t tyrne_forget_deadline(uint64_t clock)
{
    return tyrne_clock_arm(clock, TYRNE_NEVER, TYRNE_NULL_HANDLE, 0).x[0];
}

/* Wait until a time: the status is TIMED_OUT then. Nobody signals the notification; OK means that somebody did, and its
   bits are taken. */
static inline uint64_t tyrne_sleep_until(uint64_t clock, uint64_t at, uint64_t quiet)
{
    uint64_t armed = tyrne_end_wait_at(clock, at);
    return armed == TYRNE_STATUS_OK ? tyrne_wait(quiet).x[0] : armed;
}
