"""The daemon's client: what a keystroke waits for, on a bare socket and the standard library."""

from clamp3_plugin.client.calls import Client
from clamp3_plugin.client.start import ensure_daemon, start_daemon

__all__ = ["Client", "ensure_daemon", "start_daemon"]
