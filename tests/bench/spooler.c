/*
 * spooler DIR: one SNPP session on standard input and output, in as little C
 * as will do.
 *
 * Knows PAGE, MESS, SEND and QUIT. Each SEND becomes a file that is written in
 * DIR/tmp and renamed to DIR/new; nothing is synced. It believes whatever it
 * is told, so it is for scripts/bench alone.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static char pager[512], message[512];

static int say(const char *text)
{
    size_t length = strlen(text);

    return write(1, text, length) == (ssize_t)length ? 0 : -1;
}

static int spool(char *name, size_t size)
{
    struct timespec now;
    char job[2048], path[80], target[80];
    int length, fd;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, size, "%010ld-%09ld-%d", (long)now.tv_sec, now.tv_nsec, (int)getpid());
    snprintf(path, sizeof path, "tmp/%s", name);
    snprintf(target, sizeof target, "new/%s", name);
    length = snprintf(job, sizeof job, "To: %s\nReceived: %ld\nId: %s\n\n%s\n", pager,
                      (long)now.tv_sec, name, message);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0 || write(fd, job, (size_t)length) != length || close(fd) < 0)
        return -1;
    return rename(path, target);
}

/* Answers one line, its line end cut off; -1 ends the session. */
static int answer(char *line)
{
    char name[64], text[128];

    if (strncasecmp(line, "PAGE ", 5) == 0) {
        snprintf(pager, sizeof pager, "%s", line + 5);
        return say("250 Pager ID Accepted\r\n");
    }
    if (strncasecmp(line, "MESS ", 5) == 0) {
        snprintf(message, sizeof message, "%s", line + 5);
        return say("250 Message OK\r\n");
    }
    if (strcasecmp(line, "SEND") == 0) {
        if (spool(name, sizeof name) < 0)
            return say("554 Error, failed\r\n");
        snprintf(text, sizeof text, "250 Message %s queued\r\n", name);
        return say(text);
    }
    if (strcasecmp(line, "QUIT") == 0) {
        say("221 OK, Goodbye\r\n");
        return -1;
    }
    return say("500 Command Not Implemented, Try Again\r\n");
}

int main(int argc, char **argv)
{
    static char buffer[4096];
    char host[65] = "", greeting[128];
    size_t have = 0;

    if (argc != 2 || chdir(argv[1]) < 0) {
        fputs("usage: spooler DIR\n", stderr);
        return 64;
    }
    gethostname(host, sizeof host - 1);
    snprintf(greeting, sizeof greeting, "220 %s SNPP gateway ready\r\n", host);
    if (say(greeting) < 0)
        return 0;
    for (;;) {
        char *line = buffer, *end;
        ssize_t got = read(0, buffer + have, sizeof buffer - 1 - have);

        if (got <= 0)
            return 0;
        have += (size_t)got;
        while ((end = memchr(line, '\n', have)) != NULL) {
            size_t taken = (size_t)(end - line) + 1;

            *end = '\0';
            if (end > line && end[-1] == '\r')
                end[-1] = '\0';
            if (answer(line) < 0)
                return 0;
            line += taken;
            have -= taken;
        }
        memmove(buffer, line, have);
    }
}
