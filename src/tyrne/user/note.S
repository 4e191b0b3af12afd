/* What every program is linked with, in whatever language it is: the note of the interface's version, from the header. */

#include "tyrne.h"
