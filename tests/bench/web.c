/*
 * web PORT COUNT CLIENTS FILE STATUS [show]: COUNT requests of HTTP to 127.0.0.1, each
 * what is in FILE, over a connection of its own, by CLIENTS processes at once. Eight #
 * in it stand for another number in each. Every answer must have this status; where it
 * is 0, there need be none at all. With a sixth word the answers are written to standard
 * output.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 120 };

static const char PLACE[] = "########";

static char request[65536];
static size_t length;

static void die(const char *what)
{
    perror(what);
    exit(71);
}

/* The status of the answer to one request; 0 where there is none. */
static int ask(const struct sockaddr_in *address, int show)
{
    char answer[65536];
    size_t got = 0;
    ssize_t more;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;

    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        die("web");
    if (write(fd, request, length) != (ssize_t)length)
        die("web: write");
    while ((more = read(fd, answer + got, sizeof answer - 1 - got)) > 0)
        got += (size_t)more;
    if (more < 0)
        die("web: read");
    close(fd);
    answer[got] = '\0';
    if (show)
        fputs(answer, stdout);
    sscanf(answer, "HTTP/1.%*d %d", &status);
    return status;
}

static void ask_all(const struct sockaddr_in *address, int count, int expected, int show)
{
    char *place = memmem(request, length, PLACE, sizeof PLACE - 1), number[16];

    alarm(LIMIT);
    while (count-- > 0) {
        int status;

        if (place) {
            struct timespec now;

            /* Processes have the same numbers again after some thousands of them. */
            clock_gettime(CLOCK_MONOTONIC, &now);
            snprintf(number, sizeof number, "%08x",
                ((unsigned)now.tv_sec * 1000000u + (unsigned)(now.tv_nsec / 1000)) << 3 | ((unsigned)getpid() & 7));
            memcpy(place, number, sizeof PLACE - 1);
        }
        status = ask(address, show);
        if (expected != 0 && status != expected) {
            fprintf(stderr, "web: the answer was %d, not %d\n", status, expected);
            exit(76);
        }
    }
    exit(0);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int count, clients, failed = 0, status, fd;
    ssize_t got;

    if (argc < 6 || argc > 7 || (count = atoi(argv[2])) <= 0 || (clients = atoi(argv[3])) <= 0) {
        fputs("usage: web PORT COUNT CLIENTS FILE STATUS [show]\n", stderr);
        return 64;
    }
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = open(argv[4], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (got = read(fd, request, sizeof request)) <= 0)
        die(argv[4]);
    length = (size_t)got;
    for (int i = 0; i < clients; i++) {
        pid_t pid = fork();

        if (pid < 0)
            die("web: fork");
        if (pid == 0)
            ask_all(&address, count / clients + (i < count % clients), atoi(argv[5]),
                    argc == 7);
    }
    while (wait(&status) > 0)
        failed |= status != 0;
    return failed;
}
