/* Reads from an address that leads nowhere, in a function whose name a fault should tell. */

__attribute__((noinline)) int follow(volatile int *pointer)
{
    return *pointer;
}

int main(int argc, char **argv)
{
    (void)argv;
    return follow((volatile int *)(long)(argc * 8));
}
