/*
 * ptys COUNT UTMP SECONDS: somebody with many terminals, for scripts/bench.
 *
 * Opens COUNT ptys that let messages in, or as many as there can be, writes an
 * entry for each, in the caller's name, to the file UTMP, and prints how many
 * there are. What is written to them is read and dropped. Ends by itself after
 * SECONDS.
 */
#define _GNU_SOURCE /* ptsname_r */
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

static void die(const char *what)
{
    perror(what);
    exit(71);
}

enum { LINE = sizeof((struct utmp *)0)->ut_line, DEV = sizeof "/dev/" - 1 };

/* The master of a pty whose name is then in path, or -1: there are no more. Its
 * other end stays open, or a message would go with the one who wrote it. */
static int open_pty(char *path)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), other;

    if (master < 0)
        return -1;
    if (grantpt(master) < 0 || unlockpt(master) < 0 || ptsname_r(master, path, DEV + LINE) != 0 ||
        (other = open(path, O_RDWR | O_NOCTTY)) < 0) {
        close(master);
        return -1;
    }
    if (fchmod(other, 0620) < 0)
        die("ptys: fchmod");
    return master;
}

int main(int argc, char **argv)
{
    int most = argc == 4 ? atoi(argv[1]) : 0, count = 0;
    struct pollfd *ptys = calloc((size_t)(most > 0 ? most : 1), sizeof *ptys);
    const struct passwd *user = getpwuid(getuid());
    struct rlimit files;
    char last[LINE + 1] = "";
    FILE *utmp;

    if (most <= 0 || ptys == NULL || user == NULL) {
        fputs("usage: ptys COUNT UTMP SECONDS\n", stderr);
        return 64;
    }
    alarm((unsigned)atoi(argv[3]));
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    utmp = fopen(argv[2], "w");
    if (utmp == NULL)
        die(argv[2]);
    while (count < most) {
        struct utmp entry = {.ut_type = USER_PROCESS, .ut_pid = getpid()};
        char path[DEV + LINE];
        int master = open_pty(path);

        if (master < 0)
            break;
        ptys[count].fd = master;
        ptys[count].events = POLLIN;
        strncpy(entry.ut_line, path + DEV, LINE);
        strncpy(last, path + DEV, LINE);
        strncpy(entry.ut_user, user->pw_name, sizeof entry.ut_user);
        entry.ut_tv.tv_sec = (int)time(NULL);
        if (fwrite(&entry, sizeof entry, 1, utmp) != 1)
            die(argv[2]);
        count++;
    }
    if (fclose(utmp) != 0)
        die(argv[2]);
    printf("%d %s\n", count, last);
    fflush(stdout);
    while (poll(ptys, (nfds_t)count, -1) > 0)
        for (int i = 0; i < count; i++) {
            char dropped[4096];

            if (ptys[i].revents != 0 && read(ptys[i].fd, dropped, sizeof dropped) <= 0)
                die("ptys: read");
        }
    die("ptys: poll");
}
