/*
 * jobs SPOOL COUNT [HOLD]
 *
 * Puts COUNT jobs into SPOOL/new, each for a pager of its own, with names as
 * pagebox makes them; with HOLD, not to be delivered before that time. They are
 * there, but not synced: who measures what happens to them calls sync first.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[2]) : 0;
    time_t now = time(NULL);
    char received[32], name[64], job[256];

    if (argc < 3 || argc > 4 || count <= 0) {
        fputs("usage: jobs SPOOL COUNT [HOLD]\n", stderr);
        return 64;
    }
    if (chdir(argv[1]) < 0 || chdir("new") < 0) {
        perror(argv[1]);
        return 66;
    }
    strftime(received, sizeof received, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    for (int i = 0; i < count; i++) {
        int fd, length;

        snprintf(name, sizeof name, "%010ld-%09d-%d-%d-0000", (long)now, i, (int)getpid(), i);
        length = snprintf(job, sizeof job,
                          "To: 555%07d%s%s\nReceived: %s\nId: %s\n\n"
                          "Page %07d: disk 87%% full on host db1\n",
                          i, argc == 4 ? "; hold=" : "", argc == 4 ? argv[3] : "", received, name,
                          i);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        if (length >= (int)sizeof job || fd < 0 || write(fd, job, (size_t)length) != length ||
            close(fd) < 0) {
            perror(name);
            return 73;
        }
    }
    return 0;
}
