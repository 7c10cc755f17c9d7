"""A public link to the page, through the tunnel that Gradio runs for its users; the local page goes on either way.

    public_link(("127.0.0.1", 7860), log=print)

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


def public_link(address: tuple[str, int], log: Callable[[str], None], patience: float = PATIENCE) -> threading.Thread:
    """Open a public link in the background; says it within `patience` seconds, or why there is none.

    A tunnel that opens later than that is said then: no link is ever open without its owner's knowing.
    """
    said_late = threading.Event()
    opened = threading.Event()

    def work() -> None:
        try:
            message = f"Public link, for about a week at most: {open_tunnel(address)}"
        except Exception as error:  # whatever stops the tunnel, the page goes on
            message = f"No public link: {_reason(error)}; the local page works without it."
            if said_late.is_set():
                return
        opened.set()
        log(message)

    def watch() -> None:
        if not opened.wait(patience):
            said_late.set()
            log(
                f"No public link after {patience:.0f} seconds; the local page works meanwhile, "
                "and the link is printed if it still opens."
            )

    threading.Thread(target=work, daemon=True, name="tunnel").start()
    watcher = threading.Thread(target=watch, daemon=True, name="tunnel-patience")
    watcher.start()
    return watcher


def open_tunnel(address: tuple[str, int]) -> str:
    """The public address of a tunnel to a local one; raises whatever kept it from opening."""
    from gradio import networking

    host = "127.0.0.1" if address[0] in ("0.0.0.0", "::", "localhost") else address[0]
    with contextlib.redirect_stderr(_DeafToThisThread(sys.stderr)):  # the tunnel's own log; its failure is said shorter
        link: str = networking.setup_tunnel(host, address[1], secrets.token_urlsafe(32), None, None)
    return urlunsplit(("https", *urlsplit(link)[1:]))


class _DeafToThisThread(io.TextIOBase):
    """A stream that drops what the thread that made it writes, and passes on what all the others write."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


def _reason(error: Exception) -> str:
    if isinstance(error, RuntimeError):  # what Gradio raises where its service does not answer
        return "Gradio's tunnel service cannot be reached from this network"
    return f"the tunnel did not open ({type(error).__name__})"
