"""A listening socket on the wanted port or the next free one."""

import socket

from launcher.failure import LaunchFailed

TRIES = 100


def listen(host: str, wanted: int) -> socket.socket:
    """Return a bound, listening socket; its port is ``wanted`` or the first free one after it.

    The socket is handed to the web server, so nobody can take the port in between, and a
    restarted web server finds it still ours.
    """
    for port in range(wanted, min(wanted + TRIES, 65536)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(512)
        except OSError:
            listener.close()
            continue
        if port != wanted:
            print(f"Port {wanted} is taken; using {port}.", flush=True)
        return listener
    raise LaunchFailed(f"No free port from {wanted} on; choose another with --port.")
