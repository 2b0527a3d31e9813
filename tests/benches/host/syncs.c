/* Put between a host and the system: each sync of the database takes SYNC_MS longer, and is counted in the
 * file SYNC_COUNT, as eight bytes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_uint_fast64_t count;

static void counted(int file) {
  static int out = -1;
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  if (!strstr(path, "countersign.db")) return;
  long ms = atol(getenv("SYNC_MS"));
  struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&pause, NULL);
  if (out < 0) out = open(getenv("SYNC_COUNT"), O_WRONLY | O_CREAT, 0600);
  uint64_t now = ++count;
  if (pwrite(out, &now, sizeof now, 0) != sizeof now) abort();
}

int fsync(int file) {
  counted(file);
  return syscall(SYS_fsync, file);
}
int fdatasync(int file) {
  counted(file);
  return syscall(SYS_fdatasync, file);
}
