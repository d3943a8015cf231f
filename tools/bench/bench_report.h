/* SPDX-License-Identifier: MIT */
/* What every benchmark program prints: a JSON line with what its requests cost. */
#ifndef H2B_BENCH_REPORT_H
#define H2B_BENCH_REPORT_H

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static struct {
    struct timespec wall;
    struct rusage usage;
} bench_start;

static void bench_begin(void)
{
    clock_gettime(CLOCK_MONOTONIC, &bench_start.wall);
    getrusage(RUSAGE_SELF, &bench_start.usage);
}

static double bench_cpu_us(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e6 +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

static void bench_end(const char *name, long n_requests, long long body_bytes)
{
    struct timespec wall;
    struct rusage usage;

    clock_gettime(CLOCK_MONOTONIC, &wall);
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"name\":\"%s\",\"requests\":%ld,\"body_bytes\":%lld,\"cpu_us\":%.0f,"
           "\"wall_us\":%.0f,\"max_rss_kib\":%ld}\n",
           name, n_requests, body_bytes, bench_cpu_us(&usage) - bench_cpu_us(&bench_start.usage),
           (double)(wall.tv_sec - bench_start.wall.tv_sec) * 1e6 +
               (double)(wall.tv_nsec - bench_start.wall.tv_nsec) / 1e3,
           usage.ru_maxrss);
}

#endif
