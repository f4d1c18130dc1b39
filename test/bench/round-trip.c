/*
 * What a warm Cargo `get` asks of the system, and nothing else: the greeting, the request from stdin, the checks of the
 * agent's folder and socket, one exchange with the agent, the answer. The answer of the agent is passed on as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static void must(int ok) {
  if (!ok) exit(1);
}

int main(void) {
  char line[4096], folder[128], body[4096], request[8192], answer[65536];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval limit = {.tv_sec = 30};
  struct stat status;
  must(write(1, "{\"v\":[1]}\n", 10) == 10);
  ssize_t got = read(0, line, sizeof line - 1);
  must(got > 0);
  line[got] = 0;
  char *url = strstr(line, "\"index-url\":\"");
  must(url != NULL);
  url += strlen("\"index-url\":\"");
  must(strchr(url, '"') != NULL);
  *strchr(url, '"') = 0;

  must(snprintf(folder, sizeof folder, "%s", getenv("VOUCH_RUNTIME_DIR")) < (int)sizeof folder);
  must(lstat(folder, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == getuid() && !(status.st_mode & 077));
  must(snprintf(address.sun_path, sizeof address.sun_path, "%.90s/agent.sock", folder) > 0);
  must(lstat(address.sun_path, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_uid == getuid());

  int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  must(connect(connection, (struct sockaddr *)&address, sizeof address) == 0);
  int length = snprintf(body, sizeof body, "{\"url\":\"%s\",\"format\":\"cargo\"}", url);
  int size = snprintf(request, sizeof request,
                      "POST /v1/token HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: 1\r\nconnection: close\r\n"
                      "content-length: %d\r\n\r\n%s", length, body);
  must(send(connection, request, size, MSG_NOSIGNAL) == size);
  got = read(connection, answer, sizeof answer);
  must(got > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0);
  must(write(1, answer, got) == got);
  return read(0, line, sizeof line) == 0 ? 0 : 1;
}
