/* Counts words, and keeps the longest. */

#include "words.h"

_Thread_local char longest[LONGEST + 1] = "";

unsigned count_words(const char *text)
{
    unsigned words = 0;
    while (*text) {
        size_t length = 0;
        while (letters[(unsigned char)text[length]])
            length++;
        if (length) {
            words++;
            if (length > strlen(longest) && length <= LONGEST) {
                memcpy(longest, text, length);
                longest[length] = 0;
            }
        }
        text += length ? length : 1;
    }
    return words;
}
