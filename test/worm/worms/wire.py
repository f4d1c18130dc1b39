"""The agent's socket and the registries, spoken to by hand."""
import ssl
import urllib.error
import urllib.request

from laptop import *

host, repository = settings["host"], settings["repository"]
agent_socket = os.path.join(runtime, "agent.sock")
formats = ["cargo", "generic", "maven", "npm", "nuget", "pypi", "ruby", "swift"]


def connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(agent_socket)
    return connection


def raw(request):
    with connect() as connection:
        connection.sendall(request if isinstance(request, bytes) else request.encode())
        try:
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError as error:
            return str(error).encode()


def request_for(route, body=None):
    sent = "" if body is None else json.dumps(body)
    head = f"{'GET' if body is None else 'POST'} /v1/{route} HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: 1\r\n"
    return f"{head}connection: close\r\ncontent-length: {len(sent)}\r\n\r\n{sent}"


def ask(route, body=None):
    """A question of the protocol by its own hand; each one counts that the record must have."""
    answer = raw(request_for(route, body))
    if route not in silent and answer.startswith(b"HTTP/1.1 ") and b"The agent has no" not in answer:
        asked["raw"] += 1
        asked["answered"] += 1 if answer.startswith(b"HTTP/1.1 200") else 0
    return answer


def url(format):
    return f"https://{host}/{format}/{repository}/"


def every_format(route, **more):
    return b"".join(ask(route, {"format": format, **more}) for format in formats)


def every_token(**more):
    return b"".join(ask("token", {"url": url(format), "format": format, **more}) for format in formats)


def cargo(operation):
    claim = {"name": "worm-of-mine", "vers": "1.0.0", "cksum": "0" * 64}
    return {"v": 1, "kind": "get", "operation": operation, "registry": {"index-url": f"sparse+{url('cargo')}"}, **claim}


def provider_line(operation):
    return json.dumps(cargo(operation)) + "\n"


def field(answer, name):
    found = re.search(rb'"' + name.encode() + rb'"\s*:\s*"([^"]+)"', answer)
    return found.group(1).decode() if found else "none"


def http(method, address, headers, body):
    """Through the proxy that the environment names, as every program of this laptop."""
    context = ssl.create_default_context(cafile=settings["ca"])
    call = urllib.request.Request(address, body, headers, method=method)
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({"https": os.environ["HTTPS_PROXY"]})
    )
    try:
        with opener.open(call, timeout=20) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return f"{error.code} ".encode() + error.read()


def upload(token):
    """A package of its own, as npm sends one, with this token."""
    name, version = "worm-of-mine", "1.0.1"
    attachment = {"content_type": "application/octet-stream", "data": "d29ybQ==", "length": 4}
    body = {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": version},
        "versions": {version: {"name": name, "version": version}},
        "_attachments": {f"{name}-{version}.tgz": attachment},
    }
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return http("PUT", f"{url('npm')}{name}", headers, json.dumps(body).encode())


def agent():
    return int(re.search(rb'"pid":(\d+)', ask("status")).group(1))
