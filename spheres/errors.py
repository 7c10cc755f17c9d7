"""What users read: sentences that can be translated, and the one exception that carries such a sentence."""


class Message:
    """A sentence as an English template with its values; `str()` gives it in English.

    The template is the sentence's key in the page's translations (`spheres.web.i18n`), so write it out where the
    message is made: `pybabel extract` collects the templates of all messages from the source.

    Args:
        template: an English sentence with {names}, formatted as by `str.format`; taken as it stands, braces and all,
            where there are no values.
        values: what stands for the names. A value may be a message in its turn.

    >>> str(Message("Found {found:,}, expected {most:,} at most.", found=2000, most=10))
    'Found 2,000, expected 10 at most.'
    """

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return self.template.format(**self.values) if self.values else self.template

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.template!r}, {self.values!r})"


class LanguageName(str):
    """A language by its ISO 639 code, as a value of a message: in English its English name, on a page the page's.

    >>> str(Message("This is {language}.", language=LanguageName("ru")))
    'This is Russian.'
    """

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return self.within("en")

    def within(self, language: str) -> str:
        """The name in another language, by that one's code; the code itself where Babel knows none."""
        from babel import Locale

        return str(Locale.parse(language).languages.get(str(self), str(self)))


class SphereError(Message, Exception):
    """Something the user can put right; its message says what was found, what was expected, and what to do.

    The three scripts print it and exit with code 2; the page shows it in place of an answer.

    >>> str(SphereError("{path} is empty: give a file with at least one article.", path="a.csv"))
    'a.csv is empty: give a file with at least one article.'
    """
