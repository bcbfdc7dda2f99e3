/*
 * teller UTMP DEV: one xtell session on standard input and output, in as little
 * C as will do.
 *
 * A message goes to the least idle of its user's terminals in UTMP and DEV that
 * is a device, his own and open to its group. It escapes nothing and believes
 * whatever it is told, so it is for scripts/bench alone.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

static char peer[INET_ADDRSTRLEN] = "unknown";

static int say(const char *text)
{
    size_t length = strlen(text);

    return write(1, text, length) == (ssize_t)length ? 0 : -1;
}

static int is_open(const struct stat *status, uid_t owner)
{
    return S_ISCHR(status->st_mode) && status->st_uid == owner && (status->st_mode & S_IWGRP) != 0;
}

/* The reply where no terminal is to be had; NULL: it is in path. */
static const char *find(char **argv, const char *user, uid_t owner, char *path, size_t size)
{
    const char *reply = "403 user is not currently logged in\r\n";
    FILE *file = fopen(argv[1], "re");
    struct utmp entry;
    time_t latest = 0;

    while (file != NULL && fread(&entry, sizeof entry, 1, file) == 1) {
        char candidate[128];
        struct stat status;

        if (entry.ut_type != USER_PROCESS ||
            strncmp(entry.ut_user, user, sizeof entry.ut_user) != 0)
            continue;
        if (reply != NULL)
            reply = "404 user has indicated that s/he does not want to receive messages\r\n";
        snprintf(candidate, sizeof candidate, "%s/%.*s", argv[2], (int)sizeof entry.ut_line,
                 entry.ut_line);
        if (lstat(candidate, &status) < 0 || !is_open(&status, owner) ||
            (reply == NULL && status.st_atime <= latest))
            continue;
        reply = NULL;
        latest = status.st_atime;
        snprintf(path, size, "%s", candidate);
    }
    if (file != NULL)
        fclose(file);
    return reply;
}

static int show(const char *path, uid_t owner, const char *from, const char *user, const char *text)
{
    char notice[2048];
    struct stat status;
    time_t now = time(NULL);
    const struct tm *clock = localtime(&now);
    int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC), shown;
    int length = snprintf(notice, sizeof notice,
                          "\r\n\aMessage from ?%s@%s to %s at %02d:%02d\r\n| %s\r\n", from, peer,
                          user, clock->tm_hour, clock->tm_min, text);

    if (fd < 0)
        return -1;
    shown = fstat(fd, &status) == 0 && is_open(&status, owner) && isatty(fd) &&
            length < (int)sizeof notice && write(fd, notice, (size_t)length) == length;
    close(fd);
    return shown ? 0 : -1;
}

/* Answers one line, its line end cut off; -1 ends the session. */
static int answer(char **argv, char *line)
{
    char *from = strsep(&line, ":"), *user = strsep(&line, ":"), path[128];
    const struct passwd *entry;
    const char *reply;

    if (user == NULL && strcasecmp(from, "QUIT") == 0)
        return -1;
    if (strsep(&line, ":") == NULL || line == NULL || *line == '\0')
        return say("406 syntax error\r\n");
    entry = getpwnam(user);
    if (entry == NULL)
        return say("403 user is not currently logged in\r\n");
    reply = find(argv, user, entry->pw_uid, path, sizeof path);
    if (reply != NULL)
        return say(reply);
    if (show(path, entry->pw_uid, from, user, line) < 0)
        return say("405 error writing to device\r\n");
    return say("200 message sent\r\n");
}

int main(int argc, char **argv)
{
    static char buffer[4096];
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    size_t have = 0;

    if (argc != 3) {
        fputs("usage: teller UTMP DEV\n", stderr);
        return 64;
    }
    if (getpeername(0, (struct sockaddr *)&address, &size) == 0 && address.sin_family == AF_INET)
        inet_ntop(AF_INET, &address.sin_addr, peer, sizeof peer);
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
            if (answer(argv, line) < 0)
                return 0;
            line += taken;
            have -= taken;
        }
        memmove(buffer, line, have);
    }
}
