/*
 * timer ROUNDS WARMUP -- NAME COMMAND [ARG]... [-- NAME COMMAND [ARG]...]...
 *
 * Runs the commands in turn, A B C A B C, WARMUP rounds unmeasured and then
 * ROUNDS rounds measured, and prints a line for each:
 *
 *     NAME  median wall time in us  least wall time in us  peak memory in KiB  least CPU time in us
 *
 * CPU time is user and system time, of those that it has waited for, too. A
 * process is timed from its spawn to its exit. stdin and stdout are
 * /dev/null. One that fails, or runs for more than LIMIT seconds, ends it all
 * with status 1. Peak memory counts what a process had before its exec, too,
 * which is why this program is small.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 8, LIMIT = 120 };

struct command {
    char *name, **argv;
    long *wall;
    long memory, cpu;
};

static long now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static long micros(struct timeval t)
{
    return t.tv_sec * 1000000L + t.tv_usec;
}

/* A child's alarm outlives its exec, so that none hangs the bench. */
static pid_t spawn(char **argv, int null)
{
    pid_t pid = vfork();

    if (pid == 0) {
        alarm(LIMIT);
        if (dup2(null, 0) == 0 && dup2(null, 1) == 1)
            execvp(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static void run(struct command *c, int null, long *wall)
{
    struct rusage usage;
    int status;
    long cpu, start = now();
    pid_t pid = spawn(c->argv, null);

    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
        perror("timer");
        exit(1);
    }
    *wall = now() - start;
    if (usage.ru_maxrss > c->memory)
        c->memory = usage.ru_maxrss;
    cpu = micros(usage.ru_utime) + micros(usage.ru_stime);
    if (c->cpu == 0 || cpu < c->cpu)
        c->cpu = cpu;
    if (WIFSIGNALED(status))
        fprintf(stderr, "timer: %s: ended by signal %d\n", c->name, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        fprintf(stderr, "timer: %s: exit status %d\n", c->name, WEXITSTATUS(status));
    if (status != 0)
        exit(1);
}

static int by_size(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct command commands[MOST] = {{0}};
    int rounds = argc > 2 ? atoi(argv[1]) : 0, warmup = argc > 2 ? atoi(argv[2]) : 0;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), n = 0;

    for (int i = 3; i + 2 < argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        if (n == MOST)
            break;
        argv[i] = NULL;
        commands[n].name = argv[i + 1];
        commands[n].argv = argv + i + 2;
        commands[n++].wall = calloc((size_t)(rounds > 0 ? rounds : 1), sizeof(long));
    }
    if (rounds <= 0 || warmup < 0 || n == 0 || null < 0) {
        fputs("usage: timer ROUNDS WARMUP -- NAME COMMAND [ARG]... [-- NAME ...]...\n", stderr);
        return 64;
    }
    for (int round = -warmup; round < rounds; round++)
        for (int i = 0; i < n; i++)
            run(&commands[i], null, &commands[i].wall[round < 0 ? 0 : round]);
    for (int i = 0; i < n; i++) {
        qsort(commands[i].wall, (size_t)rounds, sizeof(long), by_size);
        printf("%s %ld %ld %ld %ld\n", commands[i].name, commands[i].wall[rounds / 2],
               commands[i].wall[0], commands[i].memory, commands[i].cpu);
    }
    return 0;
}
