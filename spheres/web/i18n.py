"""The page's languages: every text of the page as a field, so that a translation lacks none of them.

    words = wording("ru")
    words.percent(0.783)            # '78,3 %'
    words.translate(SphereError(...))   # the same sentence in Russian

A new language is a module like `web.russian` and a line in `LANGUAGES`: `Wording(...)` is refused while a text is
missing. Texts with {names} are templates; `message_texts` maps a message's English template to its translation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from string import Formatter

from spheres.errors import Message

LANGUAGES = {  # code -> module; the first is the page's own
    "en": "spheres.web.english",
    "ru": "spheres.web.russian",
}


@dataclass(frozen=True)
class Wording:
    """All texts of the page in one language."""

    code: str  # as in the page's address and its lang attribute
    own_name: str  # of the language, in the language
    decimal_point: str
    thousands: str
    percent_sign: str
    groups: Mapping[str, str]

    name: str  # of the page
    lead: str
    lead_rest: str
    switch: str  # label of the language links
    one_article: str
    many_articles: str

    title: str
    title_hint: str
    abstract: str
    abstract_hint: str
    classify: str
    clear: str
    examples: str
    example_title: str
    example_abstract: str

    answer: str
    nothing_yet: str
    most_probable: str
    above_line_one: str
    above_line_many: str
    unfamiliar_head: str
    sphere: str
    probability: str
    running_total: str
    left_out_one: str
    left_out_many: str
    none_left_out: str
    together: str
    copy_text: str
    copy_json: str
    copy_link: str
    copy_frame: str
    copied: str

    threshold: str
    rule: str
    rule_names: Mapping[str, str]
    goal: Mapping[str, str]
    measured: Mapping[str, str]

    why: str
    why_ask: str
    why_group: str
    why_intro: str
    why_nothing: str
    why_long: str
    why_words: str
    why_for: str
    why_against: str
    why_without: str
    near: str
    near_intro: str
    near_wait: str
    near_title: str
    near_similarity: str
    near_article: str
    near_categories: str
    near_date: str
    no_cache: str
    map: str
    map_intro: str
    map_this: str
    map_alt: str
    share: str
    share_intro: str
    share_link: str
    share_frame: str
    share_compact: str

    file: str
    file_intro: str
    file_wait: str
    file_upload: str
    file_classify: str
    file_cancel: str
    file_counting: str
    file_progress: str
    file_seconds: str
    file_minutes: str
    file_done: str
    file_cancelled: str
    file_download: str
    file_chart: str
    file_articles: str
    file_first: str
    file_first_headers: tuple[str, str, str, str, str]
    file_problems: str
    file_more_problems: str
    file_none: str
    places: Mapping[str, str]

    how: str
    how_text: str
    gradio_labels: Mapping[str, str]  # how labels begin that Gradio has in English only -> in this language
    busy: str
    message_texts: Mapping[str, str]  # of `spheres.errors.Message`: English template -> template in this language

    def number(self, value: float, digits: int = 0) -> str:
        """A number as this language writes it.

        >>> wording("en").number(39782), wording("ru").number(1.64, 1)
        ('39,782', '1,6')
        """
        text = f"{value:,.{digits}f}"
        return text.translate({ord(","): self.thousands, ord("."): self.decimal_point})

    def percent(self, share: float) -> str:
        """A probability as a reader takes it in; what is not quite all or nothing is never shown as such.

        >>> wording("en").percent(0.5), wording("en").percent(0.0), wording("en").percent(0.99999)
        ('50.0%', '0%', '>99.9%')
        """
        sign = self.percent_sign
        if share <= 0:
            return f"0{sign}"
        if share >= 1 - 1e-6:  # eight float32 numbers rarely add up to 1 exactly
            return f"100{sign}"
        if share < 0.001:
            return f"<{self.number(0.1, 1)}{sign}"
        return f">{self.number(99.9, 1)}{sign}" if share > 0.999 else f"{self.number(100 * share, 1)}{sign}"

    def points(self, gain: float) -> str:
        """A difference of probabilities in percentage points, with its sign.

        >>> wording("en").points(-0.0312), wording("en").points(0.0)
        ('−3.1', '0.0')
        """
        text = self.number(abs(100 * gain), 1)
        return text if abs(gain) < 0.0005 else f"{'+' if gain > 0 else '−'}{text}"

    def translate(self, message: Message) -> str:
        """A message in this language, without the folders of the server's paths; English where there is none."""
        template = self.message_texts.get(message.template)
        if not message.values:
            return template or message.template
        if template:
            return _Localized(self).vformat(template, (), message.values)
        values = {name: self._named(value) for name, value in message.values.items()}
        return message.template.format(**values)

    def _named(self, value: object) -> object:
        """A message inside a message by its sentence, a path by its name, anything else as it is."""
        if isinstance(value, Message):
            return self.translate(value)
        return value.name if isinstance(value, Path) else value


class _Localized(Formatter):
    """Fills a translated template with values as the language writes them."""

    def __init__(self, words: Wording) -> None:
        self.words = words

    def format_field(self, value: object, spec: str) -> str:
        value = self.words._named(value)
        if isinstance(value, float) and spec.endswith("%"):
            return f"{100 * value:{spec[:-1]}f}{self.words.percent_sign}"
        if isinstance(value, float):
            return f"{value:g}".replace(".", self.words.decimal_point)
        return self.words.number(value) if isinstance(value, int) else str(value)


@cache
def wording(code: str) -> Wording:
    """The texts of one of LANGUAGES."""
    texts: Wording = import_module(LANGUAGES[code]).TEXTS
    return texts
