/*
 * server SECONDS [MILLISECONDS]: a minimal lock-step SNPP server for scripts/bench.
 *
 * Listens on a free port of 127.0.0.1, prints the port, serves one connection
 * after the other and ends by itself after SECONDS. It takes everything: 354
 * to DATA, 221 to QUIT, 250 to all else. The answer to QUIT counts the SENDs
 * since the start, so that the bench can check that every page arrived. SEND
 * takes MILLISECONDS, or no time.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long pages;
static struct timespec effort;

static int say(int fd, const char *text)
{
    size_t length = strlen(text);

    return write(fd, text, length) == (ssize_t)length ? 0 : -1;
}

static int is_verb(const char *line, size_t length, const char *verb)
{
    return length >= 4 && strncasecmp(line, verb, 4) == 0 && (length == 4 || line[4] == ' ');
}

/* Answers one line, its line end cut off; -1 ends the session. */
static int answer(int fd, const char *line, size_t length, int *in_data)
{
    char bye[64];

    if (*in_data) {
        if (length != 1 || *line != '.')
            return 0;
        *in_data = 0;
        return say(fd, "250 Text accepted\r\n");
    }
    if (is_verb(line, length, "QUIT")) {
        snprintf(bye, sizeof bye, "221 %ld pages\r\n", pages);
        say(fd, bye);
        return -1;
    }
    if (is_verb(line, length, "DATA")) {
        *in_data = 1;
        return say(fd, "354 Go on\r\n");
    }
    if (is_verb(line, length, "SEND")) {
        if (effort.tv_nsec > 0)
            nanosleep(&effort, NULL);
        pages++;
    }
    return say(fd, "250 OK\r\n");
}

static void session(int fd)
{
    static char buffer[65536];
    size_t have = 0;
    int in_data = 0;

    if (say(fd, "220 bench\r\n") < 0)
        return;
    for (;;) {
        char *line = buffer, *end;
        ssize_t got = read(fd, buffer + have, sizeof buffer - have);

        if (got <= 0)
            return;
        have += (size_t)got;
        while ((end = memchr(line, '\n', have)) != NULL) {
            size_t taken = (size_t)(end - line) + 1, length = taken - 1;

            if (length > 0 && line[length - 1] == '\r')
                length--;
            if (answer(fd, line, length, &in_data) < 0)
                return;
            line += taken;
            have -= taken;
        }
        memmove(buffer, line, have);
    }
}

static void time_is_up(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    struct timeval idle = {.tv_sec = 10};
    int seconds = argc > 1 && argc < 4 ? atoi(argv[1]) : 0;
    int milliseconds = argc == 3 ? atoi(argv[2]) : 0;
    int listener, fd, one = 1;

    if (seconds <= 0 || milliseconds < 0 || milliseconds > 999) {
        fputs("usage: server SECONDS [MILLISECONDS]\n", stderr);
        return 64;
    }
    effort.tv_nsec = milliseconds * 1000000L;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, time_is_up);
    alarm((unsigned)seconds);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 ||
        listen(listener, 16) < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
        perror("server");
        return 71;
    }
    printf("%d\n", ntohs(address.sin_port));
    fclose(stdout);

    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
        session(fd);
        close(fd);
    }
    perror("server");
    return 71;
}
