/* What a device's machine does to its process: the clock jumps, the disk is full or fails. Loaded before libc.
 *
 * OOSYNC_MACHINE names a file of 16 bytes: by how many nanoseconds the clock is off, and the error (errno) with which
 * writes to databases fail; 0 is none. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct machine {
  int64_t nanoseconds;
  int64_t disk;
};

static const volatile struct machine *machine;

__attribute__((constructor)) static void find(void) {
  const char *path = getenv("OOSYNC_MACHINE");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0)
    return;
  void *found = mmap(NULL, sizeof(struct machine), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (found != MAP_FAILED)
    machine = found;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && machine && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t nanoseconds = time->tv_nsec + machine->nanoseconds % 1000000000;
    time->tv_sec += machine->nanoseconds / 1000000000 + (nanoseconds >= 1000000000) - (nanoseconds < 0);
    time->tv_nsec = (nanoseconds + 1000000000) % 1000000000;
  }
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *seconds) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (seconds)
    *seconds = now.tv_sec;
  return now.tv_sec;
}

/* Whether a write to this file fails: those of databases, not what the harness is told by. */
static int fails(int file) {
  char link[64], path[4096];
  if (!machine || machine->disk == 0)
    return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0)
    return 0;
  path[length] = 0;
  if (!strstr(path, ".db"))
    return 0;
  errno = (int)machine->disk;
  return 1;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
  return fails(file) ? -1 : syscall(SYS_pwrite64, file, bytes, count, at);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
  return fails(file) ? -1 : syscall(SYS_pwrite64, file, bytes, count, at);
}

ssize_t write(int file, const void *bytes, size_t count) {
  return fails(file) ? -1 : syscall(SYS_write, file, bytes, count);
}

int fdatasync(int file) {
  return fails(file) ? -1 : (int)syscall(SYS_fdatasync, file);
}

int fsync(int file) {
  return fails(file) ? -1 : (int)syscall(SYS_fsync, file);
}
