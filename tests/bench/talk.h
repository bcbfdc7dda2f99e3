/*
 * The client's side of a lock-step dialogue: one write a command, and one line
 * a reply. What goes wrong ends the program with 76.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char reply[1024];

/* Reads one line, which must be a 2xx. */
static void expect(int fd)
{
    size_t have = 0;

    do {
        ssize_t got = have < sizeof reply - 1 ? read(fd, reply + have, sizeof reply - 1 - have) : 0;

        if (got <= 0) {
            fputs("bench: no reply\n", stderr);
            exit(76);
        }
        have += (size_t)got;
    } while (reply[have - 1] != '\n');
    reply[have] = '\0';
    if (reply[0] != '2') {
        fprintf(stderr, "bench: %s", reply);
        exit(76);
    }
}

static void say(int fd, const char *verb, const char *argument)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%s%s%s\r\n", verb, *argument ? " " : "", argument);

    if (length >= (int)sizeof line || write(fd, line, (size_t)length) != length) {
        fputs("bench: cannot write\n", stderr);
        exit(76);
    }
}

static void command(int fd, const char *verb, const char *argument)
{
    say(fd, verb, argument);
    expect(fd);
}
