"""The one exception a user is meant to read."""

from typing import Any


class SphereError(Exception):
    """Something the user can mend; its text is one sentence: what was found, what was expected, what to do.

    The three scripts print it and exit with code 2; the page shows it in place of an answer. What the page can meet is
    raised as a template with its values, so that `spheres.web.i18n` finds its translation.

    >>> str(SphereError("Found {found:,}, expected {most:,} at most.", found=2000, most=10))
    'Found 2,000, expected 10 at most.'
    """

    def __init__(self, sentence: str, **values: Any) -> None:
        super().__init__(sentence.format(**values) if values else sentence)
        self.template, self.values = sentence, values
