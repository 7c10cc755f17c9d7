"""Every language says everything: no text missing, no number left out, no sentence still in English."""

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from spheres.data.taxonomy import GROUPS
from spheres.errors import SphereError
from spheres.model.prediction_sets import RULES
from spheres.web.i18n import LANGUAGES, Wording, wording

EN, RU = wording("en"), wording("ru")
OTHERS = [code for code in LANGUAGES if code != "en"]
NOT_TEXTS = {"code", "decimal_point", "thousands", "percent_sign", "gradio_labels", "message_texts"}
NAMES = {  # that stay Latin in a Russian sentence
    "arXiv", "Ctrl", "Enter", "Tab", "CSV", "TSV", "JSON", "lines", "Parquet", "Kaggle", "gzip", "xz", "API",
    "title", "abstract", "python", "embed", "py", "CORPUS", "pip", "install", "classify", "classify_file",
    "head", "predict", "encoder", "out", "jsonl", "csv", "tsv", "FILE", "UTF",
}  # fmt: skip


def texts(words: Wording) -> Iterator[tuple[str, str]]:
    """Every text with its path: `groups.cs`, `file_first_headers.2`."""
    for field in fields(words):
        value = getattr(words, field.name)
        if field.name in NOT_TEXTS:
            continue
        if isinstance(value, Mapping):
            yield from ((f"{field.name}.{key}", text) for key, text in value.items())
        elif isinstance(value, tuple):
            yield from ((f"{field.name}.{key}", text) for key, text in enumerate(value))
        else:
            yield field.name, value


def names(template: str) -> list[str]:
    """The names in braces, sorted, each as often as it stands there."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


PATHS = [path for path, _ in texts(EN)]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_knows_its_code_and_all_groups_and_rules(code: str) -> None:
    words = wording(code)
    assert words.code == code
    assert words is wording(code)
    assert set(words.groups) == set(GROUPS)
    assert len(set(words.groups.values())) == len(GROUPS)
    for by_rule in (words.rule_names, words.goal, words.measured):
        assert set(by_rule) == set(RULES)


def test_the_groups_of_the_default_language_stand_in_arxivs_order() -> None:
    assert tuple(EN.groups) == tuple(RU.groups) == GROUPS


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_text_is_filled(code: str) -> None:
    found = dict(texts(wording(code)))
    assert list(found) == PATHS
    assert not [path for path, text in found.items() if not isinstance(text, str) or not text.strip()]


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("path", PATHS)
def test_a_translation_has_the_same_names_in_braces(path: str, code: str) -> None:
    translated = dict(texts(wording(code)))[path]
    assert names(translated) == names(dict(texts(EN))[path])


@pytest.mark.parametrize("path", PATHS)
def test_a_russian_text_is_in_russian_but_for_names(path: str) -> None:
    text = re.sub(r"\{\w*\}", "", dict(texts(RU))[path])
    assert re.search("[а-яё]", text, re.IGNORECASE), text
    assert set(re.findall(r"[A-Za-z_]{2,}", text)) <= NAMES
    assert not re.findall(r"[а-яё]*[A-Za-z][а-яё]+|[а-яё]+[A-Za-z]", text, re.IGNORECASE)  # а and a look alike


def test_labels_and_errors_in_russian_are_so() -> None:
    said = [*RU.gradio_labels.values(), *RU.message_texts.values()]
    assert [text for text in said if not re.search("[а-яё]", text, re.IGNORECASE)] == []


@pytest.mark.parametrize("path", PATHS)
def test_an_english_text_has_no_letter_of_another_alphabet(path: str) -> None:
    assert not re.search("[а-яё]", dict(texts(EN))[path], re.IGNORECASE)


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_two_rules_or_columns_are_called_the_same(code: str) -> None:
    words = wording(code)
    for several in (words.rule_names.values(), words.goal.values(), words.file_first_headers):
        assert len(set(several)) == len(tuple(several))
    assert len({words.near, words.why, words.map, words.share}) == 4


def test_labels_that_gradio_has_in_english_only_are_given_by_every_other_language() -> None:
    assert EN.gradio_labels == {}
    for words in map(wording, OTHERS):
        assert words.gradio_labels.keys() == RU.gradio_labels.keys()
        assert all(label and label != english for english, label in words.gradio_labels.items())


def test_a_wording_that_lacks_a_text_is_refused() -> None:
    half = {field.name: getattr(EN, field.name) for field in fields(EN) if field.name != "why_nothing"}
    with pytest.raises(TypeError, match="why_nothing"):
        Wording(**half)


@pytest.mark.parametrize(
    ("share", "english", "russian"),
    [
        (-1e-9, "0%", "0 %"),
        (0, "0%", "0 %"),
        (1e-9, "<0.1%", "<0,1 %"),
        (0.00099, "<0.1%", "<0,1 %"),
        (0.001, "0.1%", "0,1 %"),
        (0.0446, "4.5%", "4,5 %"),
        (0.783, "78.3%", "78,3 %"),
        (0.999, "99.9%", "99,9 %"),
        (0.9991, ">99.9%", ">99,9 %"),
        (0.999998, ">99.9%", ">99,9 %"),
        (0.99999994, "100%", "100 %"),
        (1.0, "100%", "100 %"),
        (1.0000002, "100%", "100 %"),
    ],
)
def test_a_percentage_never_claims_all_or_nothing_falsely(share: float, english: str, russian: str) -> None:
    assert (EN.percent(share), RU.percent(share)) == (english, russian.replace(" ", "\u202f"))


@pytest.mark.parametrize(
    ("value", "digits", "english", "russian"),
    [
        (0, 0, "0", "0"),
        (999, 0, "999", "999"),
        (39782, 0, "39,782", "39 782"),
        (1234567.891, 2, "1,234,567.89", "1 234 567,89"),
        (1.64, 1, "1.6", "1,6"),
        (0.9996, 3, "1.000", "1,000"),
    ],
)
def test_a_number_stands_as_the_language_writes_it(value: float, digits: int, english: str, russian: str) -> None:
    assert (EN.number(value, digits), RU.number(value, digits)) == (english, russian.replace(" ", "\u202f"))


@pytest.mark.parametrize(
    ("gain", "english", "russian"),
    [
        (0.0, "0.0", "0,0"),
        (0.0004, "0.0", "0,0"),
        (-0.0004, "0.0", "0,0"),
        (0.0006, "+0.1", "+0,1"),
        (-0.0006, "−0.1", "−0,1"),
        (0.123, "+12.3", "+12,3"),
        (-0.0312, "−3.1", "−3,1"),
        (1.0, "+100.0", "+100,0"),
        (-1.0, "−100.0", "−100,0"),
    ],
)
def test_points_have_a_sign_unless_there_are_none(gain: float, english: str, russian: str) -> None:
    assert (EN.points(gain), RU.points(gain)) == (english, russian)


@pytest.mark.parametrize("code", OTHERS)
def test_a_translated_error_names_only_what_the_error_knows(code: str) -> None:
    for english, translated in wording(code).message_texts.items():
        assert set(names(translated)) <= set(names(english)), english
        assert translated and translated != english, english


def test_an_error_is_translated_with_its_numbers() -> None:
    from spheres.data.text import prepare_text

    with pytest.raises(SphereError) as nothing:
        prepare_text(" ", "")
    assert EN.translate(nothing.value) == str(nothing.value)
    assert RU.translate(nothing.value).startswith("Пока нечего определять")
    with pytest.raises(SphereError) as long:
        prepare_text("", "x" * 2_500_000)
    assert EN.translate(long.value) == str(long.value)
    assert "2\u202f500\u202f000 знаков" in RU.translate(long.value) and "50\u202f000" in RU.translate(long.value)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("sentence", ["Ports are taken: {name one}.", "No template.", "100%", "", "{", "{}"])
def test_an_unknown_error_stays_english(sentence: str, code: str) -> None:
    assert wording(code).translate(SphereError(sentence)) == sentence


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_servers_folders_are_not_told(code: str) -> None:
    path = Path("/srv/secret/upload.csv")
    inner = SphereError("{path} has {n:,} rows.", path=path, n=1200)
    outer = SphereError("Nothing read: {problem} Look at {path}.", problem=inner, path=path)
    assert "/srv/secret" in str(outer)  # for whoever runs the scripts
    assert wording(code).translate(outer) == "Nothing read: upload.csv has 1,200 rows. Look at upload.csv."


def test_values_of_a_translated_error_stand_as_the_language_writes_them() -> None:
    from dataclasses import replace

    template = "{path} has {n:,} rows and {mb:g} MB: {problem}"
    inner = SphereError("{n:,} are bad.", n=4000)
    words = replace(
        RU, message_texts={template: "{path}: {n} строк, {mb} МБ: {problem}", "{n:,} are bad.": "{n} плохих."}
    )
    error = SphereError(template, path=Path("/srv/secret/a.csv"), n=12345, mb=1.5, problem=inner)
    assert words.translate(error) == "a.csv: 12\u202f345 строк, 1,5 МБ: 4\u202f000 плохих."
    assert str(error) == "/srv/secret/a.csv has 12,345 rows and 1.5 MB: 4,000 are bad."
