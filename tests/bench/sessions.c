/*
 * Whole sessions: connect, PAGE, MESS, SEND, QUIT, and wait for the end of file;
 * or, of xtell, connect, one message, QUIT, and the end of file.
 *
 * sessions PORT COUNT
 *
 *     COUNT of them, one after the other, with whoever listens on 127.0.0.1.
 *
 * sessions ROUNDS COUNT [MESSAGE] -- NAME COMMAND [ARG]... [-- NAME COMMAND ...]...
 *
 *     Does what tcpserver does: accepts the connection, forks, makes it standard
 *     input and output, and executes the command. Each command in turn has COUNT
 *     sessions a round, of xtell where there is a MESSAGE, and a line is printed
 *     for each:
 *
 *         NAME  median CPU time in us  least CPU time in us
 *
 *     which is a session's mean of user and system time, from the fork to the
 *     exit of the server. The client's is not in it, nor is that of accept and
 *     fork here, which are the same for all.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "talk.h"

enum { MOST = 8, LIMIT = 120 };

struct server {
    char *name, **argv;
    double *cpu;
};

static void die(const char *what)
{
    perror(what);
    exit(71);
}

static int call(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        die("sessions");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* A session of SNPP, or of xtell with this message. */
static void talk(int fd, const char *message)
{
    char byte;

    if (message != NULL) {
        command(fd, message, "");
        say(fd, "QUIT", "");
    } else {
        expect(fd);
        command(fd, "PAGE", "5551212");
        command(fd, "MESS", "Disk 87% full on host db1");
        command(fd, "SEND", "");
        command(fd, "QUIT", "");
    }
    shutdown(fd, SHUT_WR);
    if (read(fd, &byte, 1) != 0) {
        fputs("sessions: something comes behind QUIT\n", stderr);
        exit(76);
    }
    close(fd);
}

/* The CPU time of one session of a server, in us. */
static double serve(int listener, const struct sockaddr_in *address, const char *message,
                    char **argv)
{
    struct rusage usage;
    int client = call(address), connection = accept(listener, NULL, NULL), status;
    pid_t pid;

    if (connection < 0 || (pid = fork()) < 0)
        die("sessions");
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);

        if (dup2(connection, 0) == 0 && dup2(connection, 1) == 1 && dup2(null, 2) == 2) {
            close(connection);
            close(null);
            execvp(argv[0], argv);
        }
        _exit(127);
    }
    close(connection);
    talk(client, message);
    if (wait4(pid, &status, 0, &usage) != pid)
        die("sessions");
    if (status != 0) {
        fprintf(stderr, "sessions: %s: wait status %d\n", argv[0], status);
        exit(1);
    }
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    struct server servers[MOST] = {{0}};
    int rounds = argc > 2 ? atoi(argv[1]) : 0, count = argc > 2 ? atoi(argv[2]) : 0;
    const char *message = argc > 3 && strcmp(argv[3], "--") != 0 ? argv[3] : NULL;
    int listener, n = 0;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    alarm(LIMIT);
    if (argc == 3) {
        address.sin_port = htons((unsigned short)rounds);
        while (count-- > 0)
            talk(call(&address), NULL);
        return 0;
    }
    for (int i = 3; i + 2 < argc && n < MOST; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        argv[i] = NULL;
        servers[n].name = argv[i + 1];
        servers[n].argv = argv + i + 2;
        servers[n++].cpu = calloc((size_t)(rounds > 0 ? rounds : 1), sizeof(double));
    }
    if (rounds <= 0 || count <= 0 || n == 0) {
        fputs("usage: sessions PORT COUNT\n"
              "       sessions ROUNDS COUNT [MESSAGE] -- NAME COMMAND [ARG]... [-- NAME ...]...\n",
              stderr);
        return 64;
    }
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 ||
        listen(listener, 16) < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        die("sessions");
    /* A first one of each warms up. */
    for (int i = 0; i < n; i++)
        serve(listener, &address, message, servers[i].argv);
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < n; i++) {
            for (int session = 0; session < count; session++)
                servers[i].cpu[round] += serve(listener, &address, message, servers[i].argv);
            servers[i].cpu[round] /= count;
        }
    for (int i = 0; i < n; i++) {
        qsort(servers[i].cpu, (size_t)rounds, sizeof(double), by_size);
        printf("%s %.0f %.0f\n", servers[i].name, servers[i].cpu[rounds / 2], servers[i].cpu[0]);
    }
    return 0;
}
