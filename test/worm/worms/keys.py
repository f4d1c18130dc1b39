"""Keys, sessions and settings: what would outlive the session, or be somebody else's."""
from wire import *
from publishing import forged


def forged_addition():
    begun = ask("keys/add/start", {"name": "worm"})
    ceremony = field(begun, "ceremony")
    return begun + ask("keys/add/finish", {"ceremony": ceremony, "credential": forged, "approval": forged, "name": "worm"})


def forged_renaming():
    key = field(ask("keys", {}), "id")
    begun = ask("keys/rename/start", {"id": key, "name": "worm"})
    return begun + ask("keys/rename/finish", {"ceremony": field(begun, "ceremony"), "approval": forged})


def forged_removal():
    key = field(ask("keys", {}), "id")
    begun = ask("keys/remove/start", {"id": key, "force": True})
    return begun + ask("keys/remove/finish", {"ceremony": field(begun, "ceremony"), "approval": forged})


def forged_enrolment():
    begun = ask("enroll/start", {"server": settings["server"], "code": "AAAA-AAAA-AAAA-AAAA"})
    return begun + ask("enroll/finish", {"ceremony": field(begun, "ceremony"), "credential": forged})


def forged_login():
    begun = ask("login/start", {})
    return begun + ask("login/finish", {"ceremony": field(begun, "ceremony"), "credential": forged})


def removed_key():
    answer = ask("keys", {})
    return both_ways("keys", "remove", "--force", field(answer, "name"))


def renamed_key():
    answer = ask("keys", {})
    return both_ways("keys", "rename", field(answer, "name"), "worm")


def both_ways(*words):
    return run(vouch, *words) + at_terminal(vouch, *words)


def server_of_its_own():
    """The settings name another server, whose login the agent then begins; they are put back."""
    path = os.path.join(home, ".config/vouch/config.json")
    with open(path) as file:
        before = file.read()
    try:
        found = json.loads(before)
        found["server"]["url"] = "https://worm.example"
        write(path, json.dumps(found))
        return ask("login/start", {}) + at_terminal(vouch, "login") + run(vouch, "exec", "--publish", "--", "env")
    finally:
        write(path, before)


def setup_elsewhere():
    """A repository of its own as the default; taken back, for what comes later is about the real one."""
    command = [vouch, "setup", "codeartifact", "--domain", "worm-domain", "--repository", "worm", "--tool", "npm"]
    return run(*command) + run("npm", "view", "my-lib") + ask("token", {}) + run(*command, "--remove")


def typed():
    terminal = os.open("/dev/tty", os.O_RDWR)
    for byte in b"true\n":
        fcntl.ioctl(terminal, termios.TIOCSTI, bytes([byte]))
    return b"typed"


def prompted():
    terminal = os.open("/dev/tty", os.O_RDWR)
    os.write(terminal, b"PIN of your security key: ")
    return b"prompted " + (os.read(terminal, 64) if select.select([terminal], [], [], 1)[0] else b"nobody typed")


attempts = {
    "key-add": lambda: both_ways("keys", "add"),
    "key-add-forged": forged_addition,
    "key-rename": renamed_key,
    "key-rename-forged": forged_renaming,
    "key-remove": removed_key,
    "key-remove-forged": forged_removal,
    "enroll": forged_enrolment,
    "login": lambda: both_ways("login"),
    "login-forged": forged_login,
    "server-of-its-own": server_of_its_own,
    "end-record": lambda: run(vouch, "logout") + run(vouch, "agent", "stop") + run(vouch, "log"),
    "setup-elsewhere": setup_elsewhere,
    "type-into-terminal": typed,
    "fake-prompt": prompted,
}
