/*
 * line BAUD PAGES COMMAND [ARG]...: a slow serial line for scripts/bench.
 *
 * Runs COMMAND with the path of a pseudo terminal as its last argument, and is
 * the paging central at the other end, which answers at once, and the line in
 * between: each character takes its ten bits, on a clock of its own for either
 * direction. COMMAND, whose standard output is /dev/null, is to send so many
 * PAGES in one call. Prints
 *
 *     seconds of the call   seconds its bytes need   longest gap in ms   bytes
 *
 * where the call is from the first byte of COMMAND to the last one of the
 * central, and a gap from the end of a verdict until more is written.
 */
#define _GNU_SOURCE /* ppoll */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096, CR = '\r', STX = 2, ETX = 3, EOT = 4, ESC = 27 };

typedef long long ns;

/* Bytes on their way in one direction, and when each is there. */
struct way {
    unsigned char byte[MOST];
    ns there[MOST], free;
    size_t first, last;
    long count;
};

static ns character;
static struct way up, down;

static ns now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *why)
{
    fprintf(stderr, "line: %s\n", why);
    exit(76);
}

/* A byte that is written at this time takes the line when it is free. */
static void put(struct way *w, unsigned char byte, ns when)
{
    if (w->last - w->first == MOST)
        fail("more is written than any line holds");
    w->free = (when > w->free ? when : w->free) + character;
    w->byte[w->last % MOST] = byte;
    w->there[w->last++ % MOST] = w->free;
    w->count++;
}

static void say(const char *words, ns when)
{
    while (*words != '\0')
        put(&down, (unsigned char)*words++, when);
}

/* The central hears a byte. Returns how many pages it has. */
static int hear(unsigned char byte, ns when)
{
    static unsigned char line[512];
    static size_t length;
    static int sum, pages;
    static enum { LINES, BLOCK, CHECKSUM } state = LINES;

    if (length == sizeof line)
        fail("a line without an end");
    line[length++] = byte;
    if (byte == STX) {
        state = BLOCK;
        sum = 0;
        length = 1;
    }
    if (state == BLOCK) {
        sum += byte & 0x7f;
        if (byte == ETX) {
            state = CHECKSUM;
            length = 0;
        }
    } else if (byte == CR) {
        if (state == CHECKSUM) {
            if (length != 4 || line[0] != 0x30 + (sum >> 8 & 15) ||
                line[1] != 0x30 + (sum >> 4 & 15) || line[2] != 0x30 + (sum & 15))
                fail("a wrong checksum");
            pages++;
            say("211 Page accepted\r\6\r", when);
        } else if (length == 1) {
            say("ID=", when);
        } else if (line[0] == ESC) {
            say("110 1.8\r\6\r\33[p\r", when);
        } else if (line[0] == EOT) {
            say("\33\4\r", when);
        }
        state = LINES;
        length = 0;
    }
    return pages;
}

static pid_t start(char **argv, int null)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (dup2(null, 1) == 1)
            execvp(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    if (pid < 0) {
        perror("line");
        exit(71);
    }
    return pid;
}

int main(int argc, char **argv)
{
    long baud = argc > 3 ? atol(argv[1]) : 0, pages = argc > 3 ? atol(argv[2]) : 0, got = 0;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, status;
    ns begin = 0, end = 0, verdict = 0, gap = 0;
    char *words[argc], *path;
    struct termios raw;
    pid_t pid;

    if (baud <= 0 || pages <= 0) {
        fputs("usage: line BAUD PAGES COMMAND [ARG]...\n", stderr);
        return 64;
    }
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
        (path = ptsname(master)) == NULL ||
        (slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 || tcgetattr(slave, &raw) < 0) {
        perror("line");
        return 71;
    }
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    character = 10 * 1000000000LL / baud;
    memcpy(words, argv + 3, (size_t)(argc - 3) * sizeof *words);
    words[argc - 3] = path;
    words[argc - 2] = NULL;
    alarm(120);
    prctl(PR_SET_TIMERSLACK, 1000L);
    pid = start(words, open("/dev/null", O_WRONLY | O_CLOEXEC));

    /* Until all that the central says to EOT is there. */
    while (end == 0) {
        struct pollfd fd = {.fd = master, .events = POLLIN};
        struct way *next = NULL;
        struct timespec wait;
        unsigned char bytes[MOST];
        ns due, left;

        if (up.first < up.last)
            next = &up;
        if (down.first < down.last &&
            (next == NULL || down.there[down.first % MOST] < up.there[up.first % MOST]))
            next = &down;
        due = next == NULL ? now() + 1000000000LL : next->there[next->first % MOST];
        left = due > now() ? due - now() : 0;
        wait.tv_sec = left / 1000000000LL;
        wait.tv_nsec = left % 1000000000LL;
        if (ppoll(&fd, 1, &wait, NULL) < 0 && errno != EINTR) {
            perror("line");
            return 71;
        }
        if (fd.revents != 0) {
            ns when = now();
            ssize_t length = read(master, bytes, sizeof bytes);

            for (ssize_t i = 0; i < length; i++)
                put(&up, bytes[i], when);
            if (begin == 0)
                begin = when;
            if (verdict != 0 && when - verdict > gap)
                gap = when - verdict;
            verdict = 0;
        } else if (next == NULL && waitpid(pid, &status, WNOHANG) != 0) {
            fail("the call did not end as it should");
        }
        if (next == NULL || due > now())
            continue;
        bytes[0] = next->byte[next->first++ % MOST];
        if (next == &up) {
            got = hear(bytes[0], due);
        } else if (write(master, bytes, 1) != 1) {
            perror("line");
            return 71;
        } else if (down.first == down.last && up.first == up.last) {
            /* What was said last; a verdict, once there were pages. */
            if (bytes[0] == CR && got > 0)
                verdict = due;
            if (bytes[0] == CR && got == pages && down.byte[(down.last - 2) % MOST] == EOT)
                end = due;
        }
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
        fail("the command failed");
    printf("%.3f %.3f %.3f %ld\n", (double)(end - begin) / 1e9,
           (double)(up.count + down.count) * (double)character / 1e9, (double)gap / 1e6,
           up.count + down.count);
    return 0;
}
