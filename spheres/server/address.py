"""A host and port that the server can listen on, found before anything heavy is loaded.

    free_address("127.0.0.1", None)      # ("127.0.0.1", 7860), or the next free port

Gradio tries each port by starting a server, and a host that is not this machine's costs it minutes; binding a socket
takes no time.
"""

from __future__ import annotations

import errno
import socket

from spheres.errors import SphereError

PORTS = range(7860, 7960)  # tried in this order where no port is asked for


def free_address(host: str, port: int | None, ports: range = PORTS) -> tuple[str, int]:
    """A host, without the brackets that IPv6 may have in a link, and a port to listen on.

    Args:
        host: name or IP address of this machine.
        port: the wanted port; 0 for any free one; None for the first free one of `ports`.

    Raises:
        SphereError: the port is taken, or the host is not this machine's.
    """
    host = host.strip("[]")
    for candidate in ports if port is None else [port]:
        try:
            return host, _bind(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = error.strerror or error
                raise SphereError(
                    f"Cannot listen on {host}, port {candidate} ({reason}): give another --host or --port."
                ) from error
    if port is None:
        raise SphereError(f"Ports {ports[0]} to {ports[-1]} are all taken: give another --port.")
    raise SphereError(f"Port {port} is taken: stop what listens there, or give another --port.")


def _bind(host: str, port: int) -> int:
    """The port that a socket could be bound to; raises OSError where it could not."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        return int(probe.getsockname()[1])
