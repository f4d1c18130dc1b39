"""What it does to publish: by name, by asking, by credentials of its own, with and without a terminal."""
import datetime
import hashlib
import hmac
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from asking import as_another_name, false_manager, hooked_npm, sibling
from wire import *

forged = {
    "id": "AAAA",
    "rawId": "AAAA",
    "type": "public-key",
    "clientExtensionResults": {},
    "response": {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA", "attestationObject": "AAAA"},
}
operations = ["publish", "yank", "unyank", "owners", "of-its-own"]


def both(*command, **options):
    """Without a terminal, and on one of its own, where nobody sees whom the key waits for."""
    return run(*command, **options) + at_terminal(*command, **options)


def forged_touch():
    begun = ask("publish/start", {"url": url("npm"), "claim": {"operation": "publish", "name": "my-lib"}})
    ceremony = field(begun, "ceremony")
    said = begun + b"".join(ask("publish/finish", {"ceremony": one, "approval": forged}) for one in [ceremony, "guessed"])
    return said + ask("publish/cancel", {"ceremony": ceremony}) + every_token(purpose="publish")


def other_purpose():
    """The answer to a login's or a key's ceremony, as one for publishing."""
    begun = [ask(route, {}) for route in ["login/start", "keys/add/start"]]
    ends = [ask("publish/finish", {"ceremony": field(one, "ceremony"), "approval": forged}) for one in begun]
    return b"".join(begun + ends)


def at_once():
    """Many at the same moment: one that waits for the touch, and those that ask for what it would give."""
    wanted = {"url": url("npm"), "format": "npm"}
    with ThreadPoolExecutor(20) as pool:
        starts = [pool.submit(ask, "publish/start", wanted) for _ in range(10)]
        tokens = [pool.submit(ask, "token", {**wanted, "purpose": "publish"}) for _ in range(30)]
        said = b"".join(future.result() for future in starts + tokens)
    return said + b"".join(ask("publish/cancel", {"ceremony": field(one.result(), "ceremony")}) for one in starts)


def from_a_dead_process():
    """Connections of processes that have ended: their ids may be another program's later."""
    held = []
    for _ in range(50):
        parent, child = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            socket.send_fds(child, [b"x"], [connect().detach()])
            os._exit(0)
        held.append(socket.socket(fileno=socket.recv_fds(parent, 1, 1)[1][0]))
        os.waitpid(pid, 0)
        parent.close()
        child.close()
    wanted = {"url": url("npm"), "format": "npm", "purpose": "publish"}
    said = b""
    for connection in held:
        connection.settimeout(20)
        with connection:
            connection.sendall(request_for("token", wanted).encode())
            said += b"".join(iter(lambda: connection.recv(65536), b""))
    return said


def npm_project():
    project = os.path.join(work, "npm-of-mine")
    write(os.path.join(project, "package.json"), json.dumps({"name": "worm-of-mine", "version": "1.0.0"}))
    write(os.path.join(project, ".npmrc"), f"registry={url('npm')}\n")
    return project


def npm_publish():
    needs("npm")
    project = npm_project()
    return both("npm", "publish", cwd=project) + run("npm", "stage", "publish", cwd=project)


def cargo_publish():
    needs("cargo")
    project = os.path.join(work, "crate-of-mine")
    head = '[package]\nname = "worm-of-mine"\nversion = "1.0.0"\nedition = "2021"\ndescription = "x"\nlicense = "MIT"\n'
    write(os.path.join(project, "Cargo.toml"), head)
    write(os.path.join(project, "src/lib.rs"), "")
    command = ["cargo", "publish", "--no-verify", "--allow-dirty", "--registry", settings["registryName"]]
    return both(*command, cwd=project)


def twine_upload():
    bin = os.path.join(work, "twine-bin")
    program(os.path.join(bin, "twine"), "env")
    env = {"PATH": f"{os.environ['PATH']}:{bin}"}
    return both("twine", "upload", "-r", repository, "x.whl", env=env)


def with_pinentry():
    """A pinentry of its own says yes for the person."""
    bin = os.path.join(work, "pinentry-bin")
    for name in ["pinentry", "pinentry-gtk-2", "pinentry-gnome3", "pinentry-curses"]:
        program(os.path.join(bin, name), "echo OK hello; while read -r line; do echo OK; done")
    env = {"PATH": f"{bin}:{os.environ['PATH']}", "DISPLAY": ":0", "GPG_TTY": "/dev/null"}
    return run(vouch, "exec", "--publish", "--", "env", env=env) + run("npm", "publish", cwd=npm_project(), env=env)


def with_own_settings():
    """A settings file of its own by VOUCH_CONFIG, without a role for publishing; an agent's folder of its own."""
    path = os.path.join(work, "own-config.json")
    with open(os.path.join(home, ".config/vouch/config.json")) as file:
        write(path, changed(file.read(), {"publishRoleArn": None}))
    said = b""
    for env in [{"VOUCH_CONFIG": path}, {"VOUCH_RUNTIME_DIR": work}, {"VOUCH_PROFILE": "publish"}, {"CI": "true"}]:
        said += run(vouch, "exec", "--publish", "--", "env", env=env)
    return said


def changed(text, values):
    """The settings with other values in each repository; None leaves one out."""
    found = json.loads(text)
    for each in found["repositories"]:
        each.update(values)
        for name in [name for name, value in values.items() if value is None]:
            each.pop(name)
    return json.dumps(found)


def with_changed_settings(values):
    """The user's own settings changed, then every token for publishing asked for and used, then as they were."""
    path = os.path.join(home, ".config/vouch/config.json")
    with open(path) as file:
        before = file.read()
    try:
        write(path, changed(before, values))
        got = run(vouch, "credential", "codeartifact", "--purpose", "publish") + every_token(purpose="publish")
        read_token = ask("token", {"url": url("npm"), "format": "npm"})
        return b"\n".join([got, upload(field(read_token, "token")), upload(field(got, "token"))])
    finally:
        write(path, before)


def with_setup(*flags):
    """`vouch setup` in the user's name, then the token for publishing; the settings are put back."""
    path = os.path.join(home, ".config/vouch/config.json")
    with open(path) as file:
        before = file.read()
    try:
        said = run(vouch, "setup", *flags)
        got = run(vouch, "credential", "codeartifact", "--purpose", "publish") + ask("token", {"purpose": "publish"})
        return said + b"\n" + got + upload(field(got, "token"))
    finally:
        write(path, before)


def with_trust():
    """`vouch trust` for a project of its own, whose Cargo then asks to publish."""
    project = os.path.join(work, "trusted")
    write(os.path.join(project, ".cargo/config.toml"), '[http]\nproxy = "http://127.0.0.1:9"\n')
    said = run(vouch, "trust", project)
    return said + run(vouch, "--cargo-plugin", given=provider_line("publish"), cwd=project)


def own_keys():
    """Credentials of the role that reads, as an SDK uses them."""
    answer = run(vouch, "credential", "aws")
    return {name: field(answer, name) for name in ["AccessKeyId", "SecretAccessKey", "SessionToken"]}


def signed(service, path, query, body, keys):
    """A request with AWS's signature, version 4."""
    name, region = f"{service}.{settings['region']}.amazonaws.com", settings["region"]
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": name, "x-amz-date": moment, "x-amz-security-token": keys["SessionToken"]}
    if service == "sts":
        headers["content-type"] = "application/x-www-form-urlencoded"
    names = sorted(headers)
    lines = "".join(f"{each}:{headers[each]}\n" for each in names)
    canonical = "\n".join(["POST", path, query, lines, ";".join(names), hashlib.sha256(body).hexdigest()])
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{keys['SecretAccessKey']}".encode()
    for part in [moment[:8], region, service, "aws4_request"]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"AWS4-HMAC-SHA256 Credential={keys['AccessKeyId']}/{scope}"
    headers["authorization"] = f"{credential}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return http("POST", f"https://{name}{path}?{query}" if query else f"https://{name}{path}", headers, body)


def with_role_credentials():
    """A token of CodeArtifact by its own request, then an upload with it."""
    query = urllib.parse.urlencode({"domain": settings["domain"], "domain-owner": settings["account"]})
    answer = signed("codeartifact", "/v1/authorization-token", query, b"", own_keys())
    return upload(field(answer, "authorizationToken"))


def assumed_publish_role():
    """AssumeRole of the role that publishes, with what the reading one has."""
    form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": settings["publishRole"], "RoleSessionName": "worm"}
    tags = {"Tags.member.1.Key": "vouch:purpose", "Tags.member.1.Value": "publish"}
    keys = own_keys()
    return b"".join(signed("sts", "/", "", urllib.parse.urlencode(each).encode(), keys) for each in [form, {**form, **tags}])


attempts = {
    "ask-publish-token": lambda: every_token(purpose="publish") + ask("token", {"purpose": "publish", "holder": "self"}),
    "ask-publish-parent": lambda: every_token(purpose="publish", holder="parent"),
    "ask-publish-tokens": lambda: every_format("tokens", purpose="publish"),
    "ask-publish-cargo": lambda: b"".join(ask("cargo", cargo(each)) for each in operations[:-1]),
    "ask-publish-environment": lambda: ask("environment", {"purpose": "publish"}) + ask("environment", {"purpose": "publish", "format": "npm", "failures": "all"}),
    "ask-publish-role": lambda: ask("role-credentials", {"roleArn": settings["publishRole"]}) + ask("role-credentials", {"roleArn": settings["publishRole"], "region": "eu-west-1"}),
    "ask-publish-by-another-name": lambda: as_another_name("token", {"purpose": "publish", "holder": "parent"}),
    "ask-publish-at-once": at_once,
    "ask-publish-dead": from_a_dead_process,
    "forged-touch": forged_touch,
    "forged-purpose": other_purpose,
    "credential-publish": lambda: both(vouch, "credential", "codeartifact", "--purpose", "publish"),
    "cargo-provider-publish": lambda: b"".join(run(vouch, "--cargo-plugin", given=provider_line(each)) for each in operations[:-1]),
    "cargo-provider-terminal": lambda: at_terminal(vouch, "--cargo-plugin", given=provider_line("publish")),
    "exec-publish": lambda: both(vouch, "exec", "--publish", "--", "env"),
    "npm-publish": npm_publish,
    "npm-dist-tag": lambda: both("npm", "dist-tag", "add", "my-lib@1.0.0", "worm", cwd=npm_project()),
    "npm-owner": lambda: run("npm", "deprecate", "my-lib@1.0.0", "worm", cwd=npm_project()) + run("npm", "unpublish", "--force", "my-lib@1.0.0", cwd=npm_project()),
    "hooked-publish": lambda: hooked_npm("publish"),
    "false-publish": lambda: false_manager("npm", "publish"),
    "cargo-publish": cargo_publish,
    "twine-upload": twine_upload,
    "own-pinentry": with_pinentry,
    "upload-with-read-token": lambda: upload(field(ask("token", {"url": url("npm"), "format": "npm"}), "token")),
    "upload-with-role-credentials": with_role_credentials,
    "assume-publish-role": assumed_publish_role,
    "own-settings": with_own_settings,
    "settings-without-publish-role": lambda: with_changed_settings({"publishRoleArn": None}),
    "settings-read-as-publish": lambda: with_changed_settings({"roleArn": settings["publishRole"]}),
    "settings-publish-as-read": lambda: with_changed_settings({"publishRoleArn": settings["role"]}),
    "setup-publish-as-read": lambda: with_setup("codeartifact", "--domain", settings["domain"], "--repository", repository, "--publish-role", settings["role"], "--tool", "npm"),
    "setup-read-as-publish": lambda: with_setup("aws", "--role", settings["publishRole"], "--region", settings["region"]),
    "trust": with_trust,
    "sibling-publishes": lambda: sibling("publish"),
}
