"""A public link to the page, through the tunnel that Gradio runs for its users; the local page goes on either way.

    open_public_link(("127.0.0.1", 7860), log=print)

Gradio's own `launch(share=True)` would open the same tunnel, but serves a page that fetches its scripts from a third
party, and waits up to a minute and a half before it gives up.
"""

from __future__ import annotations

import contextlib
import io
import secrets
import sys
import threading
from collections.abc import Callable
from typing import TextIO
from urllib.parse import urlsplit, urlunsplit

PATIENCE = 15.0  # seconds: the tunnel's program, about 12 MB, is downloaded at first use


def open_public_link(address: tuple[str, int], log: Callable[[str], None], patience: float = PATIENCE) -> None:
    """Open a public link to the local page in the background; returns at once.

    Args:
        address: host and port of the local page.
        log: gets the link, or why there is none, within `patience` seconds. A tunnel that opens later is logged then:
            no link is ever open without its owner's knowing.
        patience: seconds.
    """
    delay = (
        f"No public link after {patience:.0f} seconds; the local page works meanwhile, "
        "and the link is printed if it still opens."
    )
    timer = threading.Timer(patience, log, [delay])
    timer.daemon = True
    timer.start()
    threading.Thread(target=_open, args=(address, log, timer), daemon=True, name="tunnel").start()


def _open(address: tuple[str, int], log: Callable[[str], None], timer: threading.Timer) -> None:
    try:
        message = f"Public link, for about a week at most: {open_tunnel(address)}"
    except Exception as error:  # whatever stops the tunnel, the page goes on
        if not timer.is_alive():  # that there is none was logged
            return
        reason = f"the tunnel did not open ({type(error).__name__})"
        if isinstance(error, RuntimeError):  # what Gradio raises where its service does not answer
            reason = "Gradio's tunnel service cannot be reached from this network"
        message = f"No public link: {reason}; the local page works without it."
    timer.cancel()
    log(message)


def open_tunnel(address: tuple[str, int]) -> str:
    """The public address of a tunnel to a local host and port; raises whatever kept it from opening."""
    from gradio import networking

    host = "127.0.0.1" if address[0] in ("0.0.0.0", "::", "localhost") else address[0]
    with contextlib.redirect_stderr(_WithoutThisThread(sys.stderr)):  # the tunnel program's log; ours is shorter
        link: str = networking.setup_tunnel(host, address[1], secrets.token_urlsafe(32), None, None)
    return urlunsplit(("https", *urlsplit(link)[1:]))


class _WithoutThisThread(io.TextIOBase):
    """A stream that drops what the thread that made it writes, and passes on what all the others write."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()
