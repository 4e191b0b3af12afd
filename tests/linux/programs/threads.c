/* Threads of POSIX, each of what the first argument names. What is written does not depend on who runs when. */

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 5000, HOPS = 200 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_t threads[16];
static long counter, turn;
static __thread long own = 5;
static sem_t ready;

static void begin(int count, void *(*what)(void *))
{
    for (long i = 0; i < count; i++) {
        int error = pthread_create(&threads[i], 0, what, (void *)i);
        if (error)
            printf("thread %ld: %s\n", i, strerror(error)), exit(1);
    }
}

static long end(int count)
{
    long sum = 0;
    for (int i = 0; i < count; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    return sum;
}

static void *square(void *number)
{
    return (void *)((long)number * (long)number);
}

static void *count(void *number)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        long before = counter;
        if (i % 1000 == 0)
            sched_yield();
        counter = before + 1;
        pthread_mutex_unlock(&mutex);
    }
    return number;
}

static void *add_atomically(void *number)
{
    for (int i = 0; i < ROUNDS; i++)
        __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    return number;
}

static void *hop(void *number)
{
    for (int i = 0; i < HOPS; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != (long)number)
            pthread_cond_wait(&condition, &mutex);
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return 0;
}

static void *keep_own(void *number)
{
    own += (long)number;
    for (int i = 0; i < 3; i++)
        sched_yield();
    errno = (int)own;
    sched_yield();
    return (void *)(own * 100 + errno);
}

static void *ask_and_count(void *number)
{
    for (int i = 0; i < 100; i++)
        if (getppid() > 0)
            __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    return number;
}

static void *wait_for_ever(void *number)
{
    sem_post(&ready);
    pthread_mutex_lock(&mutex);
    return number;
}

static void *end_all(void *number)
{
    sem_wait(&ready);
    sem_wait(&ready);
    puts("all end");
    fflush(stdout);
    exit(3);
    return number;
}

static void *last_words(void *first)
{
    void *result;
    pthread_join(*(pthread_t *)first, &result);
    printf("the first one has left with %ld\n", (long)result);
    return 0;
}

static double fraction(double one, double other)
{
    return one / other;
}

static void *divide(void *number)
{
    double sum = 0;
    for (int i = 1; i < 2000; i++) {
        sum += fraction((double)((long)number + 1), i);
        if (i % 100 == 0)
            sched_yield();
    }
    return (void *)((long)(sum * 1000) + (fegetround() == FE_UPWARD ? 1000000 : 0));
}

static void *fault(void *number)
{
    sem_wait(&ready);
    *(volatile int *)8 = 1;
    return number;
}

static void handle(int signal)
{
    char text[] = "a handler runs in the thread that it is for\n";
    (void)signal;
    own = own == 77 ? 78 : -1;
    write(1, text, sizeof text - 1);
}

static void *wait_for_signal(void *number)
{
    sigset_t none;
    sigemptyset(&none);
    own = 77;
    sem_post(&ready);
    if (sigsuspend(&none) != -1 || errno != EINTR)
        return 0;
    return (void *)own;
}

/* Take all that is pending, once the mutex is free. */
static void *take_all(void *unused)
{
    sigset_t all;
    sigfillset(&all);
    pthread_mutex_lock(&mutex);
    while (sigtimedwait(&all, 0, &(struct timespec){0, 0}) > 0)
        counter++;
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void *send_itself(void *number)
{
    pthread_kill(pthread_self(), SIGUSR1);
    return number;
}

static void *has_pending(void *number)
{
    sigset_t pending;
    (void)number;
    sem_wait(&ready);
    sigpending(&pending);
    return (void *)(long)sigismember(&pending, SIGUSR1);
}

int main(int arguments, char **argument)
{
    const char *what = argument[arguments - 1];
    if (!strcmp(what, "join")) {
        begin(THREADS, square);
        printf("%ld\n", end(THREADS));
        for (int i = 0; i < 20; i++) { /* places are used again */
            begin(1, square);
            end(1);
        }
        puts("and again");
    } else if (!strcmp(what, "mutex")) {
        begin(THREADS, count);
        count(0);
        end(THREADS);
        printf("%ld\n", counter);
    } else if (!strcmp(what, "atomic")) {
        begin(THREADS, add_atomically);
        end(THREADS);
        printf("%ld\n", counter);
    } else if (!strcmp(what, "condition")) {
        begin(THREADS, hop);
        end(THREADS);
        printf("%ld\n", turn);
    } else if (!strcmp(what, "local")) {
        begin(THREADS, keep_own);
        printf("%ld, %ld\n", end(THREADS), own);
    } else if (!strcmp(what, "vectors")) {
        fesetround(FE_UPWARD); /* which a thread begins with, as its maker has it */
        begin(THREADS, divide);
        printf("%ld\n", end(THREADS));
    } else if (!strcmp(what, "yield") || !strcmp(what, "ask")) { /* until others have made their calls */
        begin(2, ask_and_count);
        while (__atomic_load_n(&counter, __ATOMIC_RELAXED) < 200)
            if (strcmp(what, "yield"))
                getppid();
            else
                sched_yield();
        printf("%ld\n", counter);
    } else if (!strcmp(what, "group")) {
        pthread_mutex_lock(&mutex);
        sem_init(&ready, 0, 0);
        begin(2, wait_for_ever);
        pthread_create(&threads[2], 0, end_all, 0);
        pthread_join(threads[0], 0);
        puts("never");
    } else if (!strcmp(what, "leave")) {
        pthread_t first = pthread_self();
        pthread_create(&threads[0], 0, last_words, &first);
        pthread_exit((void *)4);
    } else if (!strcmp(what, "signal")) {
        sigset_t all;
        sigfillset(&all);
        signal(SIGUSR1, handle);
        sem_init(&ready, 0, 0);
        pthread_sigmask(SIG_BLOCK, &all, 0);
        begin(1, wait_for_signal);
        sem_wait(&ready);
        pthread_kill(threads[0], SIGUSR1);
        printf("%ld\n", end(1));
    } else if (!strcmp(what, "signal of another")) {
        sigset_t all, one;
        int taken;
        sigfillset(&all);
        sigemptyset(&one);
        sigaddset(&one, SIGUSR2);
        sem_init(&ready, 0, 0);
        pthread_sigmask(SIG_BLOCK, &all, 0);
        begin(1, send_itself);
        end(1);
        begin(1, has_pending); /* in the same place */
        kill(getpid(), SIGUSR2);
        sigwait(&one, &taken); /* the queue is gone through */
        sem_post(&ready);
        printf("%ld\n", end(1));
    } else if (!strcmp(what, "pending")) {
        static const char others[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGCONT, 0};
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, 0);
        pthread_mutex_lock(&mutex);
        begin(3, take_all);
        for (int each = 1; each <= 31; each++)
            if (each != SIGKILL && each != SIGSTOP && !strchr(others, each)) {
                kill(getpid(), each), pthread_kill(pthread_self(), each);
                for (int i = 0; i < 3; i++)
                    pthread_kill(threads[i], each);
            }
        pthread_mutex_unlock(&mutex);
        end(3);
        take_all(0);
        printf("%ld pending\n", counter);
    } else if (!strcmp(what, "time")) {
        struct timespec now;
        pthread_mutex_lock(&mutex);
        clock_gettime(CLOCK_REALTIME, &now);
        now.tv_nsec += 5000000; /* 5 ms, from less than 1 s after the start */
        if (now.tv_nsec >= 1000000000)
            now.tv_sec++, now.tv_nsec -= 1000000000;
        begin(1, count);
        printf("%s, ", strerror(pthread_cond_timedwait(&condition, &mutex, &now)));
        pthread_mutex_unlock(&mutex);
        end(1);
        usleep(1000);
        printf("%ld\n", counter);
    } else if (!strcmp(what, "two")) {
        begin(2, count);
        count(0);
        end(2);
        printf("%ld\n", counter);
    } else if (!strcmp(what, "several")) {
        int first = pthread_create(&threads[0], 0, square, 0);
        printf("%d and %d\n", first, pthread_create(&threads[1], 0, square, 0));
    } else if (!strcmp(what, "many")) {
        sem_init(&ready, 0, 0);
        pthread_mutex_lock(&mutex);
        begin(16, wait_for_ever);
    } else if (!strcmp(what, "fault") || !strcmp(what, "fault of the first")) {
        sem_init(&ready, 0, 0);
        pthread_mutex_lock(&mutex);
        begin(2, wait_for_ever);
        sem_wait(&ready);
        if (strcmp(what, "fault"))
            *(volatile int *)8 = 1;
        pthread_create(&threads[2], 0, fault, 0);
        pthread_join(threads[0], 0);
    }
    return 9;
}
