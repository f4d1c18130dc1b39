"""The worm, as a package's code: makes every attempt in the order of its settings, and reports what each one got."""
import asking
import keys
import later
import publishing
import reading
from wire import *

attempts = {**reading.attempts, **asking.attempts, **publishing.attempts, **keys.attempts, **later.attempts}


def make(names):
    for name in names:
        state = "made"
        try:
            got = attempts[name]()
        except OSError as error:  # The system's word is an answer, too.
            got = str(error).encode()
        except NotMade as missing:
            state, got = "not made", str(missing).encode()
        except Exception as error:
            state, got = "failed", repr(error).encode()
        report(name, got, state)


def main():
    visits = os.path.join(work, "visits")
    # Later visits: what takes the package manager's place would hide what the command after the first one shows.
    if os.path.exists(visits):
        with open(visits, "a+b") as file:
            file.write(b".")
            number = file.tell()
        later.give_the_socket_back()
        make(settings["again"][number - 1])
        return report(f"end again {number}", b"")
    # What stays when the package is gone, as a worm does.
    shutil.copytree(here, work, dirs_exist_ok=True)
    open(visits, "w").close()
    make(settings["first"])
    report("asks", reported_asks())
    report("log", run(vouch, "log", "--json"))
    make(settings["flood"])
    report("log after", run(vouch, "log", "--json"))
    make(settings["last"])
    report("end", b"")


if __name__ == "__main__":
    main()
