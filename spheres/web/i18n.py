"""The page's languages: gettext catalogues for its sentences, Babel for its numbers.

    russian = language("ru")
    russian.gettext("At most {n:,} rows", n=20_000)     # the sentence in Russian, its number written as in Russian
    russian.translate(SphereError(...))                 # an error or a note, in Russian
    russian.percent(0.783, 1)                           # '78,3 %'

English is written in the source; every other language is a catalogue, `locale/CODE/LC_MESSAGES/messages.po`, which is
read as it is when the page starts (a few milliseconds). To add one, translate a catalogue; no code changes:

    pybabel init -i spheres/web/locale/messages.pot -d spheres/web/locale -l de

After a sentence in the source has changed, collect the sentences anew and bring the catalogues up to date:

    cd spheres/web/locale
    pybabel extract -F babel.cfg -k SphereError -k Message --no-location -o messages.pot ../../..
    pybabel update -i messages.pot -d . --no-fuzzy-matching --ignore-obsolete -w 100
"""

from __future__ import annotations

import gettext
import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from spheres.errors import LanguageName, Message

FOLDER = Path(__file__).parent / "locale"
CATALOGUE = Path("LC_MESSAGES", "messages.po")
# Codes; the first is the page's own
LANGUAGES = ("en", *sorted(path.parents[1].name for path in FOLDER.glob(f"*/{CATALOGUE}")))


@dataclass(frozen=True)
class Language:
    """A language: its sentences and its way to write numbers.

    Attributes:
        code: as in the page's address and its lang attribute.
        locale: Babel's, with the rules for numbers.
        catalogue: translations by English template; none for English itself.
    """

    code: str
    locale: Locale
    catalogue: gettext.NullTranslations

    @property
    def own_name(self) -> str:
        """The language's name in itself.

        >>> language("en").own_name, language("ru").own_name
        ('English', 'Русский')
        """
        name = self.locale.get_display_name() or self.code
        return name[0].upper() + name[1:]

    def gettext(self, template: str, **values: object) -> str:
        """A sentence in this language, filled with values; in English where the catalogue has none.

        Args:
            template: in English, as the catalogue has it.
            values: for the template's {names}; numbers are written by the format there: {n:,} {x:.1f} {x:g} {x:.0%}.
        """
        return self._fill(self.catalogue.gettext(template) if template else "", values)

    def ngettext(self, one: str, several: str, n: int, **values: object) -> str:
        """The same for a sentence that depends on a number, which is the value `n` as well."""
        return self._fill(self.catalogue.ngettext(one, several, n), {"n": n, **values})

    def pgettext(self, context: str, text: str) -> str:
        """A text whose translation depends on where it stands."""
        return self.catalogue.pgettext(context, text)

    def translate(self, message: Message) -> str:
        """A message in this language, without the folders of the server's paths."""
        return self.gettext(message.template, **message.values)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with so many digits after the decimal point.

        >>> language("en").number(39782), language("ru").number(1.64, 1)
        ('39,782', '1,6')
        """
        return format_decimal(value, _with_digits(self.locale.decimal_formats[None].pattern, digits), self.locale)

    def percent(self, share: float, digits: int = 0) -> str:
        """A probability as a reader takes it in; what is not quite all or nothing is never shown as such.

        >>> language("en").percent(0.714), language("en").percent(0.999), language("en").percent(0.0)
        ('71%', '>99%', '0%')
        >>> language("en").percent(0.5, digits=1), language("en").percent(0.99999, digits=1)
        ('50.0%', '>99.9%')
        """
        if share <= 0 or share >= 1 - 1e-6:  # eight float32 numbers rarely add up to 1 exactly
            return self._percent(round(share), 0)
        least = 10.0 ** -(digits + 2)
        if share < least:
            return f"<{self._percent(least, digits)}"
        return f">{self._percent(1 - least, digits)}" if share > 1 - least else self._percent(share, digits)

    def points(self, gain: float) -> str:
        """A difference of probabilities in percentage points, with its sign.

        >>> language("en").points(-0.0312), language("en").points(0.0)
        ('−3.1', '0.0')
        """
        text = self.number(abs(100 * gain), 1)
        return text if abs(gain) < 0.0005 else f"{'+' if gain > 0 else '−'}{text}"

    def _percent(self, share: float, digits: int) -> str:
        return format_percent(share, _with_digits(self.locale.percent_formats[None].pattern, digits), self.locale)

    def _fill(self, template: str, values: dict[str, object]) -> str:
        return _LocalFormatter(self).vformat(template, (), values) if values else template

    def _written(self, value: object, spec: str) -> str:
        """A value by its format, as this language writes it; of a path only the name."""
        if isinstance(value, Message):
            return self.translate(value)
        if isinstance(value, Path):
            return value.name
        if isinstance(value, LanguageName):
            return value.within(self.code)
        if not spec or not isinstance(value, int | float):
            return format(value, spec)
        if spec == "g":
            return format_decimal(value, locale=self.locale)
        digits = int("".join(re.findall(r"\.(\d+)", spec)) or 0)
        return self._percent(value, digits) if spec.endswith("%") else self.number(value, digits)


class _LocalFormatter(Formatter):
    """`str.format` with a language's numbers."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def format_field(self, value: object, format_spec: str) -> str:
        return self.language._written(value, format_spec)


@cache
def language(code: str) -> Language:
    """One of LANGUAGES."""
    path = FOLDER / code / CATALOGUE
    if not path.is_file():
        return Language(code, Locale.parse(code), gettext.NullTranslations())
    compiled = io.BytesIO()
    with path.open("rb") as f:
        write_mo(compiled, read_po(f, locale=code))
    compiled.seek(0)
    return Language(code, Locale.parse(code), gettext.GNUTranslations(compiled))


def _with_digits(pattern: str, digits: int) -> str:
    """A locale's pattern for numbers, with a fixed number of digits after the decimal point.

    >>> _with_digits("#,##0.###", 0), _with_digits("#,##0 %", 1)
    ('#,##0', '#,##0.0 %')
    """
    return re.sub(r"0(\.#+)?", "0." + "0" * digits if digits else "0", pattern, count=1)
