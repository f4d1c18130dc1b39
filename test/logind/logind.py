"""A stand-in for systemd-logind, made from org.freedesktop.login1(5) and systemd's "Inhibitor Locks".

One session of this user and one of another user on one seat. It refuses what the description does not allow. Where a
machine would sleep it writes a line: what was still held then.
"""
import os
import sys
import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.login1"
ROOT = "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"
SESSION = "org.freedesktop.login1.Session"
PROPERTIES = "org.freedesktop.DBus.Properties"
WHAT = {"sleep", "shutdown", "idle", "handle-power-key", "handle-suspend-key", "handle-hibernate-key", "handle-lid-switch"}
# InhibitDelayMaxSec of logind.conf; 5 by default.
DELAY_MAX_SEC = 60

DBusGMainLoop(set_as_default=True)
loop = GLib.MainLoop()


def error(name, text):
    return dbus.exceptions.DBusException(text, name=name)


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Session(dbus.service.Object):
    def __init__(self, bus, ident, uid):
        # "1" is escaped: an element of an object path of a session begins with "_3" and the rest.
        self.path = f"{ROOT}/session/_3{ident}"
        super().__init__(bus, self.path)
        self.id = ident
        self.uid = uid
        self.locked = False

    def properties(self):
        user = dbus.Struct((dbus.UInt32(self.uid), dbus.ObjectPath(f"{ROOT}/user/_{self.uid}")), signature="uo")
        return {"Id": self.id, "User": user, "LockedHint": dbus.Boolean(self.locked), "Class": "user"}

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        if interface != SESSION or name not in self.properties():
            raise error("org.freedesktop.DBus.Error.UnknownProperty", f"{interface}.{name}")
        return self.properties()[name]

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        return self.properties()

    @dbus.service.signal(PROPERTIES, signature="sa{sv}as")
    def PropertiesChanged(self, interface, changed, invalidated):
        pass

    @dbus.service.signal(SESSION, signature="")
    def Lock(self):
        pass

    @dbus.service.method(SESSION, in_signature="b")
    def SetLockedHint(self, locked):
        if self.locked != bool(locked):
            self.locked = bool(locked)
            self.PropertiesChanged(SESSION, {"LockedHint": dbus.Boolean(self.locked)}, dbus.Array([], signature="s"))

    @dbus.service.method(SESSION, in_signature="b")
    def SetIdleHint(self, idle):
        self.PropertiesChanged(SESSION, {"IdleHint": dbus.Boolean(idle)}, dbus.Array([], signature="s"))


class Manager(dbus.service.Object):
    def __init__(self, bus):
        super().__init__(bus, ROOT)
        self.sessions = [Session(bus, "1", os.getuid()), Session(bus, "2", os.getuid() + 1)]
        self.inhibitors = {}
        self.sleeping = False

    def session(self, ident):
        for each in self.sessions:
            if each.id == ident:
                return each
        raise error("org.freedesktop.login1.NoSuchSession", f"No session '{ident}' known")

    @dbus.service.method(MANAGER, in_signature="s", out_signature="o")
    def GetSession(self, ident):
        return dbus.ObjectPath(self.session(ident).path)

    @dbus.service.method(MANAGER, in_signature="s")
    def LockGone(self, ident):
        # For tests: logind's signal of a session whose object is gone when it is asked for.
        gone = Session(self.connection, ident, os.getuid())
        gone.Lock()
        gone.remove_from_connection()

    @dbus.service.method(MANAGER, in_signature="s")
    def LockSession(self, ident):
        self.session(ident).Lock()

    @dbus.service.method(MANAGER, in_signature="ssss", out_signature="h", sender_keyword="sender")
    def Inhibit(self, what, who, why, mode, sender=None):
        if not what or not set(what.split(":")) <= WHAT or not who or not why or mode not in ("block", "delay"):
            raise error("org.freedesktop.DBus.Error.InvalidArgs", f"Invalid {what}, {who}, {why}, {mode}")
        if mode == "delay" and not set(what.split(":")) <= {"sleep", "shutdown"}:
            raise error("org.freedesktop.DBus.Error.InvalidArgs", "Delay inhibitors only for sleep and shutdown")
        if self.sleeping and "sleep" in what:
            raise error("org.freedesktop.login1.OperationInProgress", "The operation inhibition has been requested for is already running")
        reader, writer = os.pipe()
        self.inhibitors[reader] = (what, who, why, mode)
        GLib.io_add_watch(reader, GLib.PRIORITY_DEFAULT, GLib.IO_HUP, self.released)
        held = dbus.types.UnixFd(writer)
        os.close(writer)
        return held

    def released(self, reader, condition):
        del self.inhibitors[reader]
        os.close(reader)
        if self.sleeping and not self.delays():
            self.sleep()
        return False

    def delays(self):
        return [held for held in self.inhibitors.values() if "sleep" in held[0].split(":") and held[3] == "delay"]

    @dbus.service.method(MANAGER, out_signature="a(ssssuu)")
    def ListInhibitors(self):
        found = [(*held, dbus.UInt32(os.getuid()), dbus.UInt32(0)) for held in self.inhibitors.values()]
        return dbus.Array(found, signature="(ssssuu)")

    @dbus.service.signal(MANAGER, signature="b")
    def PrepareForSleep(self, start):
        pass

    @dbus.service.method(MANAGER, in_signature="b")
    def Suspend(self, interactive):
        if self.sleeping:
            raise error("org.freedesktop.login1.OperationInProgress", "There's already a shutdown or sleep operation in progress")
        self.sleeping = True
        self.PrepareForSleep(True)
        if not self.delays():
            self.sleep()
        else:
            self.limit = GLib.timeout_add_seconds(DELAY_MAX_SEC, self.sleep)

    def sleep(self):
        if self.sleeping:
            self.sleeping = False
            say(f"sleeps, {len(self.delays())} delays")
            self.PrepareForSleep(False)
        return False


bus = dbus.bus.BusConnection(os.environ["DBUS_SYSTEM_BUS_ADDRESS"])
manager = Manager(bus)
owned = dbus.service.BusName(NAME, bus, do_not_queue=True)
say("ready")
loop.run()
