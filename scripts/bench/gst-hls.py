"""HLS of many cameras in one GStreamer process. usage: gst-hls.py DIRECTORY URI..."""

import os
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

Gst.init(None)
directory = sys.argv[1]
pipelines = []
for number, uri in enumerate(sys.argv[2:]):
    to = os.path.join(directory, str(number))
    os.mkdir(to)
    pipeline = Gst.parse_launch(
        f"rtspsrc location={uri} protocols=tcp latency=0 ! rtph264depay ! h264parse ! "
        f"hlssink2 target-duration=2 playlist-length=6 max-files=8 "
        f"location={to}/%05d.ts playlist-location={to}/i.m3u8"
    )
    pipeline.set_state(Gst.State.PLAYING)
    pipelines.append(pipeline)
GLib.MainLoop().run()
