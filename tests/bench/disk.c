/*
 * What durability costs anybody, and what a server makes of it.
 *
 * disk DIR COUNT
 *
 *     COUNT times: write a file of a job's size in DIR/tmp, fsync it, rename it
 *     to DIR/new, fsync that directory.
 *
 * disk ROUNDS COUNT -- COMMAND [ARG]...
 *
 *     COMMAND is one SNPP session on standard input and output. It gets a
 *     message for one pager and one for fifty, in turn, so that both see the
 *     same disk, COUNT of each a round. A line is printed for each:
 *
 *         NAME  median in us  least in us
 *
 *     of a round's mean of SEND alone, from its write to its reply. They are
 *     called one and fifty.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "talk.h"

enum { ONE, FIFTY, KINDS, LIMIT = 600 };

static const char *const names[KINDS] = {"one", "fifty"};
static const int pagers[KINDS] = {1, 50};

static void die(const char *what)
{
    perror(what);
    exit(71);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void raw(int tmp, int new, int number)
{
    char name[64], job[120];
    int fd;

    memset(job, 'x', sizeof job);
    snprintf(name, sizeof name, "raw-%d-%d", (int)getpid(), number);
    fd = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0 || write(fd, job, sizeof job) != sizeof job || fsync(fd) < 0 || close(fd) < 0 ||
        renameat(tmp, name, new, name) < 0 || fsync(new) < 0)
        die("disk");
}

static int all_raw(const char *dir, int count)
{
    int tmp, new;

    if (chdir(dir) < 0 || (tmp = open("tmp", O_DIRECTORY | O_CLOEXEC)) < 0 ||
        (new = open("new", O_DIRECTORY | O_CLOEXEC)) < 0)
        die(dir);
    for (int number = 0; number < count; number++)
        raw(tmp, new, number);
    return 0;
}

/* The time of SEND, for so many pagers. */
static double sent(int fd, int many)
{
    char pager[16];
    double start;

    for (int i = 0; i < many; i++) {
        snprintf(pager, sizeof pager, "555%07d", i);
        command(fd, "PAGE", pager);
    }
    command(fd, "MESS", "Disk 87% full on host db1");
    start = now();
    command(fd, "SEND", "");
    return now() - start;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int rounds = argc > 4 ? atoi(argv[1]) : 0, count = argc > 2 ? atoi(argv[2]) : 0;
    double *means[KINDS];
    int pair[2], status, fd;
    pid_t pid;

    alarm(LIMIT);
    if (argc == 3 && count > 0)
        return all_raw(argv[1], count);
    if (rounds <= 0 || count <= 0 || strcmp(argv[3], "--") != 0) {
        fputs("usage: disk DIR COUNT\n       disk ROUNDS COUNT -- COMMAND [ARG]...\n", stderr);
        return 64;
    }
    for (int kind = 0; kind < KINDS; kind++)
        means[kind] = calloc((size_t)rounds, sizeof(double));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
        die("disk");
    if (pid == 0) {
        if (dup2(pair[1], 0) == 0 && dup2(pair[1], 1) == 1)
            execvp(argv[4], argv + 4);
        _exit(127);
    }
    close(pair[1]);
    fd = pair[0];
    expect(fd);
    /* The first one warms up. */
    sent(fd, 1);
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count; i++)
            for (int kind = 0; kind < KINDS; kind++)
                means[kind][round] += sent(fd, pagers[kind]) / count;
    command(fd, "QUIT", "");
    close(fd);
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "disk: %s: wait status %d\n", argv[4], status);
        return 1;
    }
    for (int kind = 0; kind < KINDS; kind++) {
        qsort(means[kind], (size_t)rounds, sizeof(double), by_size);
        printf("%s %.0f %.0f\n", names[kind], means[kind][rounds / 2], means[kind][0]);
    }
    return 0;
}
