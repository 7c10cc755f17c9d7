"""User and password of a page that asks for them, and how the password stays off the machine's list of processes.

    auth = credentials(options.auth)         # "USER:PASSWORD", "USER" and a prompt, or the variable SPHERES_AUTH
    leave_process_list(options.auth)         # what stood on the command line stands there no longer

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


def credentials(given: str | None) -> tuple[str, str] | None:
    """User and password as given, or from the environment, where programs started from here do not find it again.

    given   : USER:PASSWORD; USER alone, who is then asked for the password; None to look in the environment
    returns : None where there are none, and the page is open to all
    raises  : SphereError where a part of it is missing, and there is nobody to ask

    >>> credentials("reader:a:b")
    ('reader', 'a:b')
    """
    named = os.environ.pop(VARIABLE, None)
    if given is None and not named:
        return None
    user, colon, password = (given if given is not None else named or "").partition(":")
    if user and not colon and given is not None and sys.stdin.isatty():
        password = getpass.getpass(f"Password for {user}: ")
    if not (user and password):
        raise SphereError(
            f"{OPTION} (or {VARIABLE}) must be USER:PASSWORD, neither part empty; "
            f"in a terminal, `{OPTION} USER` asks for the password."
        )
    return user, password


def leave_process_list(given: str | None, command: Sequence[str] = tuple(sys.orig_argv)) -> None:
    """Where the password is on the command line, start this program anew with the password in its environment.

    given : what stands after --auth

    The restart leaves the password in the process list for about a tenth of a second; SPHERES_AUTH and the prompt never
    put it there.
    """
    rest = without_password(command, given or "")
    if given is None or ":" not in given or len(rest) == len(command) or os.name != "posix":
        return
    os.environ[VARIABLE] = given
    os.execv(sys.executable, [sys.executable, *rest[1:]])


def without_password(command: Sequence[str], given: str) -> list[str]:
    """The command without --auth and what it is given, however far its name is cut short.

    >>> without_password(["python", "app.py", "--auth", "a:b", "--port", "1"], "a:b")
    ['python', 'app.py', '--port', '1']
    >>> without_password(["python", "app.py", "--aut=a:b"], "a:b")
    ['python', 'app.py']
    """
    kept: list[str] = []
    for part in command:
        name, equals, value = part.partition("=")
        if part == given and kept and _is_option(kept[-1]):
            kept.pop()
        elif not (equals and value == given and _is_option(name)):
            kept.append(part)
    return kept


def _is_option(name: str) -> bool:
    return len(name) > 3 and OPTION.startswith(name)
