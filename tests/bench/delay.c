/*
 * delay MILLIS SECONDS COMMAND [ARG]...: a distant server for scripts/bench.
 *
 * Listens on a free port of 127.0.0.1, prints the port, and ends by itself
 * after SECONDS. Every connection gets a COMMAND of its own, whose standard
 * input and output are a socket; what passes either way arrives MILLIS later,
 * however much is under way, as on a long line. Its standard error is ours.
 */
#define _GNU_SOURCE /* ppoll */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096 };

/* What was read at once, and when it may arrive. Length 0: the end. */
struct parcel {
    struct parcel *next;
    long due;
    size_t length, sent;
    char bytes[MOST];
};

/* One way of a connection. */
struct way {
    int from, to, ended;
    struct parcel *first, **last;
};

static long delay;

static long now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static void take(struct way *w)
{
    struct parcel *p = malloc(sizeof *p);
    ssize_t got = p == NULL ? -1 : read(w->from, p->bytes, MOST);

    if (p == NULL)
        _exit(71);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        free(p);
        return;
    }
    p->next = NULL;
    p->due = now() + delay;
    p->length = got > 0 ? (size_t)got : 0;
    p->sent = 0;
    w->ended = got <= 0;
    *w->last = p;
    w->last = &p->next;
}

/* Hands over what is due; 1 when that was the end. */
static int give(struct way *w)
{
    while (w->first != NULL && w->first->due <= now()) {
        struct parcel *p = w->first;

        if (p->length == 0) {
            shutdown(w->to, SHUT_WR);
            return 1;
        }
        while (p->sent < p->length) {
            ssize_t put = write(w->to, p->bytes + p->sent, p->length - p->sent);

            if (put < 0)
                _exit(0);
            p->sent += (size_t)put;
        }
        w->first = p->next;
        if (w->first == NULL)
            w->last = &w->first;
        free(p);
    }
    return 0;
}

static void carry(int client, int server)
{
    struct way ways[2] = {{.from = client, .to = server}, {.from = server, .to = client}};
    int over[2] = {0, 0};

    for (int i = 0; i < 2; i++)
        ways[i].last = &ways[i].first;
    while (!over[0] || !over[1]) {
        struct pollfd fds[2];
        struct timespec wait, *until = NULL;
        long due = -1;

        for (int i = 0; i < 2; i++) {
            fds[i].fd = ways[i].ended ? -1 : ways[i].from;
            fds[i].events = POLLIN;
            if (!over[i] && ways[i].first != NULL && (due < 0 || ways[i].first->due < due))
                due = ways[i].first->due;
        }
        if (due >= 0) {
            long left = due > now() ? due - now() : 0;

            wait.tv_sec = left / 1000000;
            wait.tv_nsec = left % 1000000 * 1000;
            until = &wait;
        }
        if (ppoll(fds, 2, until, NULL) < 0 && errno != EINTR)
            _exit(71);
        for (int i = 0; i < 2; i++) {
            if (fds[i].fd >= 0 && fds[i].revents != 0)
                take(&ways[i]);
            if (!over[i])
                over[i] = give(&ways[i]);
        }
    }
}

/* Serves one connection, in a process of its own. */
static void serve(int client, char **command)
{
    int pair[2], one = 1;
    pid_t pid;

    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || (pid = fork()) < 0) {
        perror("delay");
        _exit(71);
    }
    if (pid == 0) {
        close(client);
        close(pair[0]);
        signal(SIGPIPE, SIG_DFL);
        signal(SIGCHLD, SIG_DFL);
        if (dup2(pair[1], 0) == 0 && dup2(pair[1], 1) == 1) {
            close(pair[1]);
            execvp(command[0], command);
        }
        perror(command[0]);
        _exit(127);
    }
    close(pair[1]);
    carry(client, pair[0]);
    _exit(0);
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
    int seconds = argc > 3 ? atoi(argv[2]) : 0;
    int listener, client;

    if (seconds <= 0) {
        fputs("usage: delay MILLIS SECONDS COMMAND [ARG]...\n", stderr);
        return 64;
    }
    delay = atol(argv[1]) * 1000;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGALRM, time_is_up);
    alarm((unsigned)seconds);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 ||
        listen(listener, 16) < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
        perror("delay");
        return 71;
    }
    printf("%d\n", ntohs(address.sin_port));
    fclose(stdout);

    while ((client = accept(listener, NULL, NULL)) >= 0) {
        if (fork() == 0) {
            close(listener);
            alarm((unsigned)seconds);
            serve(client, argv + 3);
        }
        close(client);
    }
    perror("delay");
    return 71;
}
