/* Put between a host and the system: no space, a sync that fails, an end at any call, writes that are
 * lost unless they were synced. What is wanted stands in files of the folder COUNTERSIGN_SHIM, so that it can change while the host runs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
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

/* Ends the process at the call of that number that changes the database. */
static void may_end(int file) {
  static long calls = 0;
  char text[32], path[512];
  if (!is_database(file) || !wanted("end-at", text, sizeof text)) return;
  if (__sync_add_and_fetch(&calls, 1) < atol(text)) return;
  snprintf(path, sizeof path, "%s/end-at", getenv("COUNTERSIGN_SHIM"));
  unlink(path);
  kill(getpid(), SIGKILL);
}

/* What was written and not synced, kept outside so that a loss of power can take it back: for each
 * write where it was, how long it is, how long the file was, what was there, and what is there now.
 * Only the host that holds the store's lock writes, so one list for each file has one order. */
static int list_of(int file, int flags) {
  char link[64], path[512], list[1024];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return -1;
  path[length] = 0;
  const char *name = strrchr(path, '/');
  if (strstr(path, "-shm")) return -1;
  snprintf(list, sizeof list, "%s/unsynced/%s", getenv("COUNTERSIGN_SHIM"), name ? name + 1 : path);
  return syscall(SYS_openat, AT_FDCWD, list, flags, 0600);
}

static void note(int file, const void *bytes, int64_t count, int64_t at) {
  if (!is_database(file) || !wanted("unsynced", NULL, 0)) return;
  int list = list_of(file, O_WRONLY | O_CREAT | O_APPEND);
  if (list < 0) return;
  struct stat status;
  fstat(file, &status);
  int64_t head[3] = {at, count, status.st_size};
  char *text = calloc(1, sizeof head + 2 * count);
  memcpy(text, head, sizeof head);
  syscall(SYS_pread64, file, text + sizeof head, count, at);
  if (bytes) memcpy(text + sizeof head + count, bytes, count);
  syscall(SYS_write, list, text, sizeof head + 2 * count);
  syscall(SYS_close, list);
  free(text);
}

static void synced(int file) {
  if (!is_database(file) || !wanted("unsynced", NULL, 0) || wanted("sync-lies", NULL, 0)) return;
  int list = list_of(file, O_WRONLY | O_TRUNC);
  if (list >= 0) syscall(SYS_close, list);
}

ssize_t write(int file, const void *bytes, size_t count) {
  if (is_full(file)) { errno = ENOSPC; return -1; }
  may_end(file);
  if (is_database(file)) note(file, bytes, count, syscall(SYS_lseek, file, 0, SEEK_CUR));
  return syscall(SYS_write, file, bytes, count);
}
static ssize_t write_at(int file, const void *bytes, size_t count, off64_t at) {
  if (is_full(file)) { errno = ENOSPC; return -1; }
  may_end(file);
  note(file, bytes, count, at);
  return syscall(SYS_pwrite64, file, bytes, count, at);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) { return write_at(file, bytes, count, at); }
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) { return write_at(file, bytes, count, at); }

/* A file that is cut short is noted as zeros over what goes: whether it is as short, or as long and empty,
 * is the same to whoever reads a log. */
static int cut(int file, off64_t length) {
  struct stat status;
  may_end(file);
  if (is_database(file) && fstat(file, &status) == 0 && status.st_size > length)
    note(file, NULL, status.st_size - length, length);
  return syscall(SYS_ftruncate, file, length);
}
int ftruncate(int file, off_t length) { return cut(file, length); }
int ftruncate64(int file, off64_t length) { return cut(file, length); }

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
static int sync_by(long call, int file) {
  may_end(file);
  if (sync_fails(file)) return -1;
  int result = syscall(call, file);
  if (result == 0) synced(file);
  return result;
}
int fsync(int file) { return sync_by(SYS_fsync, file); }
int fdatasync(int file) { return sync_by(SYS_fdatasync, file); }
