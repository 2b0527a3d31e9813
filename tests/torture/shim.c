/* Put between a host and the system: no space, a sync that fails, a clock that is wrong. What is wanted
 * stands in files of the folder COUNTERSIGN_SHIM, so that it can change while the host runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int wanted(const char *name, char *text, size_t size) {
  const char *folder = getenv("COUNTERSIGN_SHIM");
  char path[512];
  if (!folder) return 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
  if (file < 0) return 0;
  if (text) {
    ssize_t length = syscall(SYS_read, file, text, size - 1);
    text[length > 0 ? length : 0] = 0;
  }
  syscall(SYS_close, file);
  return 1;
}

/* Whether this is the database or its log. */
static int is_database(int file) {
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strstr(path, "countersign.db") != NULL;
}

static int is_full(int file) { return is_database(file) && wanted("full", NULL, 0); }

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t count) {
  if (is_full(file)) { errno = ENOSPC; return -1; }
  return syscall(SYS_write, file, bytes, count);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
  if (is_full(file)) { errno = ENOSPC; return -1; }
  return syscall(SYS_pwrite64, file, bytes, count, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
  if (is_full(file)) { errno = ENOSPC; return -1; }
  return syscall(SYS_pwrite64, file, bytes, count, at);
}

static int sync_fails(int file) {
  char text[8];
  const char *folder = getenv("COUNTERSIGN_SHIM");
  char path[512];
  if (!is_database(file) || !wanted("sync-fails", text, sizeof text)) return 0;
  /* Once: whoever tries again would be told that all is well. */
  snprintf(path, sizeof path, "%s/sync-fails", folder);
  unlink(path);
  errno = EIO;
  return 1;
}
int fsync(int file) { return sync_fails(file) ? -1 : syscall(SYS_fsync, file); }
int fdatasync(int file) { return sync_fails(file) ? -1 : syscall(SYS_fdatasync, file); }

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = syscall(SYS_clock_gettime, clock, time);
  char text[32];
  if (result == 0 && clock == CLOCK_REALTIME && wanted("skew", text, sizeof text)) time->tv_sec += atol(text);
  return result;
}
