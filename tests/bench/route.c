/*
 * route: reads pages as CSV, a line each, and says at once that each was sent.
 */
#include <stdio.h>

int main(void)
{
    char line[4096];
    long row = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("row,outcome");
    while (fgets(line, sizeof line, stdin))
        if (row++ > 0)
            printf("%ld,sent\n", row - 1);
    return 0;
}
