/* What the three files of this program know of each other. */
#pragma once

#include "tyrne.h"

enum { LONGEST = 31 };

/* Whether a byte belongs to a word; filled before main begins. */
extern unsigned char letters[256];

/* The longest word so far, and nothing yet. There is one for each thread, of which a task has one. */
extern _Thread_local char longest[LONGEST + 1];

/* The number of words in a text. */
unsigned count_words(const char *text);
