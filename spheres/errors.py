"""The one exception a user is meant to read."""


class SphereError(Exception):
    """Something the user can mend; its text is one sentence: what was found, what was expected, what to do.

    The three scripts print it and exit with code 2; the page shows it in place of an answer.
    """
