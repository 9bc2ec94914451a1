"""A real RTSP server that is not ours: GStreamer's, with a moving test picture.

usage: gst-rtsp-server.py [--user NAME --password WORD] MOUNT=LAUNCH...
Prints "port N" when it listens; ends on SIGTERM or when standard input is closed.
"""

import argparse
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--user")
parser.add_argument("--password", default="")
parser.add_argument("mounts", nargs="+")
options = parser.parse_args()

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")

if options.user:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtspServer.rtsp_auth_method_from_string("Digest") if hasattr(
        GstRtspServer, "rtsp_auth_method_from_string") else 2)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(options.user, options.password, token)
    server.set_auth(auth)

for mount in options.mounts:
    path, launch = mount.split("=", 1)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch)
    factory.set_shared(True)
    if options.user:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(path, factory)

loop = GLib.MainLoop()
server.attach(None)
print("port", server.get_bound_port(), flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
try:
    loop.run()
except KeyboardInterrupt:
    pass
