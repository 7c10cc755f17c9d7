"""What the server remembers of each visitor: Gradio's sessions, without what nobody here comes back for.

    keep_light(page)        # once the page is up

For a new session Gradio writes down the settings of every part of every page, and later what each event changed, for
its deep links. The page has none; and a program's call, which is a new session each time, is never come back to. That
took 20 ms of each answer, and 400 KB of memory for each of the last two thousand.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gradio.state_holder import SessionState, StateHolder


class Light(SessionState):  # type: ignore[misc]
    """A session that knows its own values, and no part's settings but those that an event has changed."""

    def __init__(self, page: Any) -> None:
        super().__init__(SimpleNamespace(default_config=page.default_config, blocks={}))

    def _update_config(self, key: int) -> None: ...

    def _update_value_in_config(self, key: int, value: Any) -> None: ...


class Visitors(StateHolder):  # type: ignore[misc]
    """Sessions of those who come back: browsers, and clients that name theirs."""

    def __getitem__(self, session: str) -> SessionState:
        if session in self.blocks._queue.event_ids_to_events:  # a call without a session goes by its own id
            return Light(self.blocks)
        if session not in self.session_data:
            self.session_data[session] = Light(self.blocks)
        return super().__getitem__(session)


def keep_light(page: Any) -> None:
    """Let a launched page keep its sessions that way."""
    page.app.state_holder = Visitors()
    page.app.state_holder.set_blocks(page)
