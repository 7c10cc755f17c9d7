"""What Gradio keeps in memory for each session, without the settings of every part of the page.

    use_light_sessions(page)        # once the page is launched

For a new session Gradio copies the settings of every part of every page, and records what each event changes, for its
deep links. The page has none; and a program's call, which is a new session each time, is never returned to. That took
20 ms of each answer, and 400 KB of memory for each of the last two thousand sessions.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gradio.state_holder import SessionState, StateHolder


class LightSession(SessionState):  # type: ignore[misc]
    """A session that holds its own values, and no part's settings but those that an event has changed."""

    def __init__(self, page: Any) -> None:
        super().__init__(SimpleNamespace(default_config=page.default_config, blocks={}))

    def _update_config(self, key: int) -> None: ...

    def _update_value_in_config(self, key: int, value: Any) -> None: ...


class LightSessions(StateHolder):  # type: ignore[misc]
    """The sessions of browsers, and of clients that name theirs; any other call gets one that is dropped at once."""

    def __getitem__(self, session: str) -> SessionState:
        if session in self.blocks._queue.event_ids_to_events:  # a call without a session goes by its event's id
            return LightSession(self.blocks)
        if session not in self.session_data:
            self.session_data[session] = LightSession(self.blocks)
        return super().__getitem__(session)


def use_light_sessions(page: Any) -> None:
    """Replace the session store of a launched page."""
    page.app.state_holder = LightSessions()
    page.app.state_holder.set_blocks(page)
