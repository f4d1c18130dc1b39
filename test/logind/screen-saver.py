"""A stand-in for a desktop's screen saver: the service whose name is given, on the session bus."""
import os
import sys
import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = sys.argv[1]
DBusGMainLoop(set_as_default=True)


class ScreenSaver(dbus.service.Object):
    @dbus.service.signal(NAME, signature="b")
    def ActiveChanged(self, active):
        pass

    @dbus.service.method(NAME, in_signature="b")
    def SetActive(self, active):
        self.ActiveChanged(active)


bus = dbus.bus.BusConnection(os.environ["DBUS_SESSION_BUS_ADDRESS"])
saver = ScreenSaver(bus, "/" + NAME.replace(".", "/"))
owned = dbus.service.BusName(NAME, bus, do_not_queue=True)
sys.stdout.write("ready\n")
sys.stdout.flush()
GLib.MainLoop().run()
