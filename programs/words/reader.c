/* Prints what the other program has found, and answers it. */

#include "handles.h"
#include "tyrne.h"

int main(void)
{
    struct tyrne_arrival found = tyrne_wait_message(HANDLE_RESULTS);
    if (found.status != TYRNE_STATUS_OK || found.message.label != WORDS_LABEL)
        return 1;
    tyrne_print("reader: ");
    tyrne_print_decimal(found.message.word[0]);
    tyrne_print(" words, the longest has ");
    tyrne_print_decimal(found.message.word[1]);
    tyrne_print(" letters\n");
    return tyrne_reply_message(found.reply, found.message) != TYRNE_STATUS_OK;
}
