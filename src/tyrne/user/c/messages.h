/* What is sent: the label and the words mean what the programs agree on. */
struct tyrne_message {
    uint64_t label;
    uint64_t word[3];
};

/* What a call about a message gives back. `capability` came with the message, and `reply` is the right to answer whoever
   sent it; each is TYRNE_NULL_HANDLE if there is none. `badge` is that of the sender's capability. Signals come as badge
   TYRNE_SIGNAL_BADGE with their bits in word 0. `pending`: nothing was there, as only tyrne_recv_message can say. */
struct tyrne_arrival {
    uint64_t status;
    uint64_t pending;
    uint64_t badge;
    struct tyrne_message message;
    uint64_t capability;
    uint64_t reply;
};

static inline struct tyrne_arrival tyrne_arrival_of(struct tyrne_reply got)
{
    if (got.x[0] != TYRNE_STATUS_OK)
        return (struct tyrne_arrival){got.x[0], 0, 0, {0, {0, 0, 0}}, TYRNE_NULL_HANDLE, TYRNE_NULL_HANDLE};
    return (struct tyrne_arrival){got.x[0], 0, got.x[1], {got.x[2], {got.x[3], got.x[4], got.x[5]}}, got.x[6], got.x[7]};
}

/* Send without waiting; the status is QUEUE_FULL while the message before is still there. The capability, if it is not
   TYRNE_NULL_HANDLE, moves with the message. */
static inline uint64_t tyrne_send_message_with(uint64_t endpoint, struct tyrne_message m, uint64_t capability)
{
    return tyrne_send(endpoint, m.label, m.word[0], m.word[1], m.word[2], capability).x[0];
}

static inline uint64_t tyrne_send_message(uint64_t endpoint, struct tyrne_message m)
{
    return tyrne_send_message_with(endpoint, m, TYRNE_NULL_HANDLE);
}

/* Send, and wait until it is received. */
static inline uint64_t tyrne_send_wait_message_with(uint64_t endpoint, struct tyrne_message m, uint64_t capability)
{
    return tyrne_send_wait(endpoint, m.label, m.word[0], m.word[1], m.word[2], capability).x[0];
}

static inline uint64_t tyrne_send_wait_message(uint64_t endpoint, struct tyrne_message m)
{
    return tyrne_send_wait_message_with(endpoint, m, TYRNE_NULL_HANDLE);
}

/* Take a message without waiting for it. */
static inline struct tyrne_arrival tyrne_recv_message(uint64_t endpoint)
{
    struct tyrne_reply got = tyrne_recv(endpoint);
    struct tyrne_arrival arrival = tyrne_arrival_of(got);
    arrival.pending = got.x[1];
    arrival.badge = 0;
    arrival.reply = TYRNE_NULL_HANDLE;
    if (arrival.pending)
        arrival.capability = TYRNE_NULL_HANDLE;
    return arrival;
}

/* Wait for a message, or for signals. */
static inline struct tyrne_arrival tyrne_wait_message(uint64_t endpoint)
{
    return tyrne_arrival_of(tyrne_wait(endpoint));
}

/* Send, and wait for the answer of whoever receives it. */
static inline struct tyrne_arrival tyrne_call_message_with(uint64_t endpoint, struct tyrne_message m, uint64_t capability)
{
    struct tyrne_arrival answer =
        tyrne_arrival_of(tyrne_call(endpoint, m.label, m.word[0], m.word[1], m.word[2], capability));
    answer.reply = TYRNE_NULL_HANDLE;
    return answer;
}

static inline struct tyrne_arrival tyrne_call_message(uint64_t endpoint, struct tyrne_message m)
{
    return tyrne_call_message_with(endpoint, m, TYRNE_NULL_HANDLE);
}

/* Answer a call, once: `reply` is gone afterwards. */
static inline uint64_t tyrne_reply_message_with(uint64_t reply, struct tyrne_message m, uint64_t capability)
{
    return tyrne_reply(reply, m.label, m.word[0], m.word[1], m.word[2], capability).x[0];
}

static inline uint64_t tyrne_reply_message(uint64_t reply, struct tyrne_message m)
{
    return tyrne_reply_message_with(reply, m, TYRNE_NULL_HANDLE);
}

/* Answer a call, and wait for the next message: the life of a server in one call. */
static inline struct tyrne_arrival tyrne_reply_wait_message(uint64_t reply, struct tyrne_message m, uint64_t endpoint)
{
    return tyrne_arrival_of(tyrne_reply_wait(reply, m.label, m.word[0], m.word[1], m.word[2], endpoint));
}
