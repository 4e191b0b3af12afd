/* What every program is linked with, in whatever language it is: the note of the interface's version, from the header.
   audit: U-47 */

#include "tyrne.h"
