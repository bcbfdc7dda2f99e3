/*
 * client PORT [FILE]: a minimal lock-step SNPP client for scripts/bench.
 *
 * Sends every row of FILE (CSV, a header and then PAGER,MESSAGE, no quotes) to
 * 127.0.0.1:PORT over one connection as PAGE, MESS, SEND, then QUIT, whose
 * answer it prints. One write a command, one blocking read a reply.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char reply[1024];

/* Reads one line, which must be a 2xx. */
static void expect(int fd)
{
    size_t have = 0;

    do {
        ssize_t got = read(fd, reply + have, sizeof reply - 1 - have);

        if (got <= 0) {
            fputs("client: no reply\n", stderr);
            exit(76);
        }
        have += (size_t)got;
    } while (reply[have - 1] != '\n');
    reply[have] = '\0';
    if (reply[0] != '2') {
        fprintf(stderr, "client: %s", reply);
        exit(76);
    }
}

static void command(int fd, const char *verb, const char *argument)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%s%s%s\r\n", verb, *argument ? " " : "", argument);

    if (length >= (int)sizeof line || write(fd, line, (size_t)length) != length) {
        fputs("client: cannot write\n", stderr);
        exit(76);
    }
    expect(fd);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char row[512], *message;
    FILE *rows = NULL;
    int fd, one = 1;

    if (argc < 2 || argc > 3) {
        fputs("usage: client PORT [FILE]\n", stderr);
        return 64;
    }
    alarm(120);
    if (argc == 3 && ((rows = fopen(argv[2], "r")) == NULL || !fgets(row, sizeof row, rows))) {
        perror(argv[2]);
        return 66;
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("client");
        return 69;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

    expect(fd);
    while (rows != NULL && fgets(row, sizeof row, rows) != NULL) {
        row[strcspn(row, "\r\n")] = '\0';
        message = strchr(row, ',');
        if (message == NULL) {
            fputs("client: a row without a comma\n", stderr);
            return 65;
        }
        *message++ = '\0';
        command(fd, "PAGE", row);
        command(fd, "MESS", message);
        command(fd, "SEND", "");
    }
    command(fd, "QUIT", "");
    fputs(reply, stdout);
    return 0;
}
