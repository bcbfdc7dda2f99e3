/*
 * client PORT [FILE]: a minimal lock-step SNPP client for scripts/bench.
 *
 * Sends every row of FILE (CSV, a header and then PAGER,MESSAGE, no quotes) to
 * 127.0.0.1:PORT over one connection as PAGE, MESS, SEND, then QUIT, whose
 * answer it prints.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "talk.h"

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
