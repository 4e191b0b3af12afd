/* A program of three files: it sends what it has found to whoever holds the other end of `results`. */

#include "handles.h"
#include "words.h"

static const char text[] = "No ambient authority: a task can do only what a capability in its own table allows.";

int main(void)
{
    struct tyrne_message found = {.label = WORDS_LABEL};
    found.word[0] = count_words(text);
    found.word[1] = strlen(longest);
    struct tyrne_arrival answer = tyrne_call_message(HANDLE_RESULTS, found);
    if (answer.status != TYRNE_STATUS_OK || answer.message.label != WORDS_LABEL)
        return 1;
    tyrne_print("words: the longest is ");
    tyrne_print(longest);
    tyrne_print("\n");
    return 0;
}
