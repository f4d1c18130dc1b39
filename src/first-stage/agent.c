#include "agent.h"

enum {
  /* `struct sockaddr_un` has room for 107 bytes and a zero. */
  SOCKET_PATH_SIZE = 108,
  PERMISSIONS = 0777,
  OF_OTHERS = 0077,
  WRITE_OF_OTHERS = 0022,
  STICKY = 01000,
  GUEST_FOLDER = 0711,
  ROOT = 0,
};

/* Whether the path ends with a slash, or with a slash and a dot: lstat(2) would follow a link. */
static int follows_link(const struct buffer *path) {
  size_t size = path->size;
  if (size > 0 && path->bytes[size - 1] == '.') size--;
  return size == 0 || path->bytes[size - 1] == '/';
}

static int is_folder_of(const struct file_status *status, uint32_t user) {
  return (status->mode & TYPE_MASK) == TYPE_FOLDER && status->uid == user;
}

/* Whether it is a folder of the user with mode 0700, as the XDG base directory specification demands of a parent. */
static int is_private(const char *path, uint32_t user) {
  struct file_status status;
  if (sys_status(path, 0, &status) != 0) return 0;
  return is_folder_of(&status, user) && (status.mode & PERMISSIONS) == 0700;
}

/*
 * Writes the path of the agent's folder, zero-terminated: the first two places of agentFolder in src/agent/wire/socket.ts.
 * 0 where the agent is to be looked for elsewhere.
 */
static int find_folder(const struct start *start, uint32_t user, struct buffer *path, int *is_named) {
  struct text own = variable(start, TEXT("VOUCH_RUNTIME_DIR"));
  *is_named = own.size > 0 && own.bytes[0] == '/';
  if (*is_named) {
    append(path, own);
  } else {
    struct text xdg = variable(start, TEXT("XDG_RUNTIME_DIR"));
    if (xdg.size > 0 && xdg.bytes[0] == '/') {
      append(path, xdg);
    } else {
      append(path, TEXT("/run/user/"));
      append_number(path, user);
    }
    if (path->overflow || follows_link(path)) return 0;
    append_zero(path);
    if (path->overflow || !is_private(path->bytes, user)) return 0;
    path->size--;
    append(path, TEXT("/vouch"));
  }
  if (path->overflow || follows_link(path)) return 0;
  append_zero(path);
  path->size--;
  return !path->overflow;
}

static int is_root_or(const struct file_status *status, uint32_t user) {
  return status->uid == ROOT || status->uid == user;
}

/*
 * Whether each name in the path is one that only root or the user can have given: folderOwner in src/agent/wire/socket.ts.
 * `child` is what the path names.
 */
static int is_named_safely(const struct buffer *path, struct file_status child, uint32_t user) {
  char parent[SOCKET_PATH_SIZE];
  size_t size = path->size;
  for (size_t index = 0; index < size; index++) parent[index] = path->bytes[index];
  while (size > 1) {
    while (size > 1 && parent[size - 1] != '/') size--;
    if (size > 1) size--;
    parent[size] = 0;
    struct file_status status;
    if (sys_status(parent, 0, &status) != 0) return 0;
    if ((status.mode & TYPE_MASK) != TYPE_FOLDER || !is_root_or(&status, user)) return 0;
    if ((status.mode & WRITE_OF_OTHERS) != 0 && ((status.mode & STICKY) == 0 || !is_root_or(&child, user))) return 0;
    child = status;
  }
  return 1;
}

/* Whether the folder's owner is trusted: the user, or whoever's folder has been mounted where the user says. */
static int is_trusted(const struct file_status *status, const struct buffer *path, uint32_t user, int is_named) {
  if (is_folder_of(status, user)) {
    return (status->mode & OF_OTHERS) == 0 || (is_named && (status->mode & PERMISSIONS) == GUEST_FOLDER);
  }
  if (!is_named || (status->mode & TYPE_MASK) != TYPE_FOLDER || (status->mode & WRITE_OF_OTHERS) != 0) return 0;
  return is_named_safely(path, *status, user);
}

/* A connection to the agent, or a negative number: the owner of the folder decides who answers there. */
static long connect_to_agent(const struct start *start, int64_t limit_ms) {
  char path_bytes[SOCKET_PATH_SIZE];
  struct buffer path = BUFFER(path_bytes);
  uint32_t user = sys_user();
  struct file_status status;
  int is_named = 0;
  if (!find_folder(start, user, &path, &is_named)) return -1;
  if (sys_status(path.bytes, 0, &status) != 0 || !is_trusted(&status, &path, user, is_named)) return -1;
  uint32_t owner = status.uid;
  append(&path, TEXT("/agent.sock"));
  append_zero(&path);
  if (path.overflow || sys_status(path.bytes, 0, &status) != 0) return -1;
  if ((status.mode & TYPE_MASK) != TYPE_SOCKET || status.uid != owner) return -1;

  long connection = sys_socket(limit_ms);
  if (connection < 0) return connection;
  uint32_t peer = 0;
  /* The folder may have been replaced since it was looked at. */
  if (sys_connect((int)connection, path.bytes) == 0 && sys_peer((int)connection, &peer) == 0 && peer == owner) {
    return connection;
  }
  sys_close((int)connection);
  return -1;
}

/*
 * Whether the answer is whole: its head says how many bytes follow, and they are there. `body` is what follows the head.
 * Negative if it can never become one.
 */
static int is_whole(struct text answer, struct text *body) {
  size_t head = index_of(answer, TEXT("\r\n\r\n"));
  if (head == answer.size) return 0;
  *body = text_after(answer, head + 4);
  char expected_bytes[64];
  struct buffer expected = BUFFER(expected_bytes);
  append(&expected, TEXT("\r\ncontent-length: "));
  append_number(&expected, body->size);
  append(&expected, TEXT("\r\n"));
  return contains((struct text){answer.bytes, head + 2}, text_in(&expected));
}

/* Printable ASCII without a backslash: between quotes of such JSON stands the value itself. */
static int is_plain(struct text text) {
  for (size_t index = 0; index < text.size; index++) {
    char byte = text.bytes[index];
    if (byte < ' ' || byte > '~' || byte == '\\') return 0;
  }
  return 1;
}

/* Receives until the answer is whole. */
static struct text receive(int connection, int64_t deadline, char *buffer, struct text *body) {
  struct text answer = {buffer, 0};
  /* One byte stays free, for a line end. */
  while (answer.size < BUFFER_SIZE - 1) {
    int64_t left = deadline - sys_milliseconds();
    if (left <= 0 || sys_wait(connection, 0, left) <= 0) break;
    long count = sys_read(connection, buffer + answer.size, BUFFER_SIZE - 1 - answer.size);
    if (count <= 0) break;
    answer.size += (size_t)count;
    if (is_whole(answer, body)) return answer;
  }
  return (struct text){buffer, 0};
}

struct text ask(const struct start *start, struct progress *progress, struct text route, struct text body,
                char *buffer) {
  struct text none = {buffer, 0};
  int64_t begun = sys_milliseconds();
  long connection = connect_to_agent(start, progress->limit_ms);
  if (connection >= 0) {
    char head_bytes[256];
    struct buffer head = BUFFER(head_bytes);
    append(&head, TEXT("POST "));
    append(&head, route);
    append(&head, TEXT(" HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: " PROTOCOL_VERSION
                       "\r\nconnection: close\r\ncontent-length: "));
    append_number(&head, body.size);
    append(&head, TEXT("\r\n\r\n"));
    if (!head.overflow && sys_send((int)connection, head.bytes, head.size, body.bytes, body.size) ==
                              (long)(head.size + body.size)) {
      struct text reply = none;
      struct text answer = receive((int)connection, begun + progress->limit_ms, buffer, &reply);
      sys_close((int)connection);
      if (answer.size > 0) {
        progress->route = route;
        progress->body = body;
        progress->answer = answer;
        progress->spent_ms = 0;
        if (!starts_with(answer, TEXT("HTTP/1.1 200 \r\nvouch-protocol: " PROTOCOL_VERSION "\r\n"))) return none;
        return is_plain(reply) ? reply : none;
      }
    } else {
      sys_close((int)connection);
    }
  }
  progress->answer = none;
  int64_t spent_ms = sys_milliseconds() - begun;
  /* A process may be stopped for days; the runtime reads nine digits. */
  progress->spent_ms = spent_ms < progress->limit_ms ? spent_ms : progress->limit_ms;
  return none;
}

int print(struct text bytes) {
  int64_t deadline = 0;
  for (size_t written = 0; written < bytes.size;) {
    long count = sys_write(STDOUT, bytes.bytes + written, bytes.size - written);
    if (count > 0) {
      written += (size_t)count;
      deadline = 0;
      continue;
    }
    if (written == 0) return 0;
    int64_t now = sys_milliseconds();
    if (deadline == 0) deadline = now + 10000;
    if (count != -EAGAIN_ || now >= deadline || sys_wait(STDOUT, 1, deadline - now) < 0) sys_exit(1);
  }
  return 1;
}
