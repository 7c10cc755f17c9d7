"""User and password of a protected page: read from --auth, a prompt or the environment, and kept off the process list.

    auth = read_credentials(options.auth)           # "USER:PASSWORD", "USER" and a prompt, or the variable SPHERES_AUTH
    restart_without_password(options.auth)          # with the password in the environment

Every user of the machine can read a program's command line, only its owner the environment.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Sequence

from spheres.errors import SphereError

VARIABLE = "SPHERES_AUTH"
OPTION = "--auth"


def read_credentials(option: str | None) -> tuple[str, str] | None:
    """User and password, or None where there are none and the page is open to all.

    The variable is removed from the environment, so that programs started from here do not get it.

    Args:
        option: USER:PASSWORD; USER alone, who is then asked for the password; None to look in the environment.

    Raises:
        SphereError: a part is missing, and there is nobody to ask.

    >>> read_credentials("reader:a:b")
    ('reader', 'a:b')
    """
    variable = os.environ.pop(VARIABLE, None)
    if option is None and not variable:
        return None
    user, colon, password = (option if option is not None else variable or "").partition(":")
    if user and not colon and option is not None and sys.stdin.isatty():
        password = getpass.getpass(f"Password for {user}: ")
    if not (user and password):
        raise SphereError(
            f"{OPTION} (or {VARIABLE}) must be USER:PASSWORD, neither part empty; "
            f"in a terminal, `{OPTION} USER` asks for the password."
        )
    return user, password


def restart_without_password(option: str | None, command: Sequence[str] = tuple(sys.orig_argv)) -> None:
    """Start this program anew with the password in its environment, where `option` has put it on the command line.

    The restart leaves the password in the process list for about a tenth of a second; SPHERES_AUTH and the prompt never
    put it there.
    """
    rest = without_password(command, option or "")
    if option is None or ":" not in option or len(rest) == len(command) or os.name != "posix":
        return
    os.environ[VARIABLE] = option
    os.execv(sys.executable, [sys.executable, *rest[1:]])


def without_password(command: Sequence[str], value: str) -> list[str]:
    """The command without --auth and its value, however short the option's name is cut.

    >>> without_password(["python", "app.py", "--aut=a:b"], "a:b")
    ['python', 'app.py']
    """
    kept: list[str] = []
    for part in command:
        name, equals, given = part.partition("=")
        if part == value and kept and _is_option(kept[-1]):
            kept.pop()
        elif not (equals and given == value and _is_option(name)):
            kept.append(part)
    return kept


def _is_option(name: str) -> bool:
    return len(name) > 3 and OPTION.startswith(name)
