#include <sys/utsname.h>

int main(void)
{
    return uname((struct utsname *)0x123456000);
}
