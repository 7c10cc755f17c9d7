"""Every language has every sentence, with the same numbers and names in it, written as the language writes them."""

import ast
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from places import ROOT

from spheres.data.text import prepare_text
from spheres.errors import Message, SphereError
from spheres.web import i18n
from spheres.web.i18n import CATALOGUE, FOLDER, LANGUAGES, language
from spheres.web.page import site
from spheres.web.render import group_names

EN, RU = language("en"), language("ru")
TRANSLATED = LANGUAGES[1:]
EXTRACT = ["extract", "-F", "babel.cfg", "-k", "SphereError", "-k", "Message", "--no-location"]
DETAILS = {"reason", "problem", "found", "missing", "format", "place"}  # of an error, in English
NAMES = {  # that stay Latin in a Russian sentence
    "arXiv", "Gradio", "Ctrl", "Enter", "Tab", "CSV", "TSV", "JSON", "lines", "Parquet", "Kaggle", "gzip", "xz", "API",
    "bzip", "Excel", "RIS", "BibTeX", "EndNote", "PubMed", "Web", "of", "Science", "XML", "Atom", "OAI", "PMH", "Word",
    "OpenDocument", "ZIP", "PDF", "Feather", "Arrow", "RTF", "zstd", "xlsx", "xls",
    "title", "abstract", "python", "embed", "py", "CORPUS", "pip", "install", "classify", "classify_file",
    "head", "predict", "encoder", "out", "column", "id", "jsonl", "csv", "tsv", "FILE", "UTF", "cs", "CL",
    "rank_listed", "p_listed", "classify_many",
}  # fmt: skip


def read(path: Path) -> Catalog:
    with path.open("rb") as f:
        return read_po(f)


def messages(catalogue: Catalog) -> dict[tuple[str, str], object]:
    """Context and English template of each message -> its translation."""
    return {
        (message.context or "", message.id if isinstance(message.id, str) else message.id[0]): message.string
        for message in catalogue
        if message.id
    }


def fields(template: str) -> set[tuple[str, str]]:
    """The names in braces, each with its format."""
    return {(name, spec or "") for _, name, spec, _ in string.Formatter().parse(template) if name is not None}


def translations(code: str) -> list[tuple[str, str]]:
    """Each English template (of a plural both) with each form of its translation."""
    pairs = []
    for message in read(FOLDER / code / CATALOGUE):
        if message.id:
            english, forms = ([text] if isinstance(text, str) else text for text in (message.id, message.string))
            pairs += [(" ".join(english), form) for form in forms]
    return pairs


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Catalog:
    """The sentences of the source as it is now."""
    out = tmp_path_factory.mktemp("locale") / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", *EXTRACT, "-o", str(out), "../../.."]
    subprocess.run(command, cwd=FOLDER, check=True, capture_output=True)
    return read(out)


def test_the_template_holds_the_sentences_of_the_source(collected):
    assert messages(read(FOLDER / "messages.pot")).keys() == messages(collected).keys()


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_translates_every_sentence_of_the_source(code, collected):
    assert messages(read(FOLDER / code / CATALOGUE)).keys() == messages(collected).keys()
    assert [english for english, translated in translations(code) if not translated.strip()] == []
    assert [message.id for message in read(FOLDER / code / CATALOGUE) if message.fuzzy] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_has_the_values_of_the_sentence_in_the_same_formats(code):
    for english, translated in translations(code):
        left_out = fields(english) - fields(translated)
        assert fields(translated) <= fields(english), english
        assert {name for name, _ in left_out} <= {*DETAILS, "n"}, english  # some forms of a plural name no number


@pytest.mark.parametrize(("english", "russian"), translations("ru"))
def test_a_russian_sentence_is_in_russian_but_for_names(english, russian):
    text = re.sub(r"\{[^}]*\}", "", russian)
    assert re.search("[а-яё]", text, re.IGNORECASE)
    assert set(re.findall(r"[A-Za-z_]{2,}", text)) <= NAMES
    assert not re.findall(r"[а-яё]*[A-Za-z][а-яё]+|[а-яё]+[A-Za-z]", text, re.IGNORECASE)  # а and a look alike
    assert not re.search("[а-яё]", english, re.IGNORECASE)


def test_messages_with_values_are_written_where_they_are_collected():
    """A template in a variable, or put together, is found by no `pybabel extract`, and so stays English."""
    for path in (ROOT / "spheres").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("SphereError", "Message"):
                literal = isinstance(call.args[0], ast.Constant)
                assert literal or not [keyword for keyword in call.keywords if keyword.arg], (
                    f"{path.relative_to(ROOT)}:{call.lineno}"
                )


def test_a_language_is_one_more_catalogue_and_no_code(tmp_path, monkeypatch):
    german = read(FOLDER / "messages.pot")
    german.locale = Locale("de")
    german.get("At most {n:,}") or german.add("At most {n:,}", "Höchstens {n:,}")
    path = tmp_path / "de" / CATALOGUE
    path.parent.mkdir(parents=True)
    with path.open("wb") as f:
        write_po(f, german)
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    added = language.__wrapped__("de")
    assert (added.own_name, added.gettext("At most {n:,}", n=20_000)) == ("Deutsch", "Höchstens 20.000")


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_two_groups_have_one_name(code):
    assert len(set(group_names(language(code)).values())) == 8


def test_each_language_has_an_address_and_a_sentence_for_a_full_queue():
    addresses = site().addresses
    assert [attributes["lang"] for attributes in addresses.values()] == list(LANGUAGES)
    assert list(addresses) == ["/", *(f"/{code}" for code in TRANSLATED)]
    assert len({attributes["data-busy"] for attributes in addresses.values()}) == len(LANGUAGES)


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
def test_a_percentage_never_claims_all_or_nothing_falsely(share, english, russian):
    assert (EN.percent(share, 1), RU.percent(share, 1)) == (english, russian.replace(" ", "\u00a0"))


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
def test_a_number_stands_as_the_language_writes_it(value, digits, english, russian):
    assert (EN.number(value, digits), RU.number(value, digits)) == (english, russian.replace(" ", "\u00a0"))


@pytest.mark.parametrize(
    ("gain", "english", "russian"),
    [
        (0.0, "0.0", "0,0"),
        (0.0004, "0.0", "0,0"),
        (-0.0004, "0.0", "0,0"),
        (0.0006, "+0.1", "+0,1"),
        (-0.0006, "−0.1", "−0,1"),
        (0.123, "+12.3", "+12,3"),
        (-1.0, "−100.0", "−100,0"),
    ],
)
def test_points_have_a_sign_unless_there_are_none(gain, english, russian):
    assert (EN.points(gain), RU.points(gain)) == (english, russian)


@pytest.mark.parametrize(
    ("n", "english", "russian"),
    [
        (1, "The other sphere: 5%", "Ещё одна область: 5%"),
        (3, "The other 3 spheres together: 5%", "Остальные 3 области вместе: 5%"),
        (7, "The other 7 spheres together: 5%", "Остальные 7 областей вместе: 5%"),
    ],
)
def test_a_sentence_has_the_form_of_its_number(n, english, russian):
    forms = ("The other sphere: {total}", "The other {n} spheres together: {total}")
    assert (EN.ngettext(*forms, n, total="5%"), RU.ngettext(*forms, n, total="5%")) == (english, russian)


def test_an_error_is_translated_with_its_numbers():
    with pytest.raises(SphereError) as nothing:
        prepare_text(" ", "")
    assert EN.translate(nothing.value) == str(nothing.value)
    assert RU.translate(nothing.value).startswith("Пока нечего определять")
    with pytest.raises(SphereError) as long:
        prepare_text("", "x" * 2_500_000)
    assert EN.translate(long.value) == str(long.value)
    assert "2\u00a0500\u00a0000 знаков" in RU.translate(long.value)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("sentence", ["Ports are taken: {name one}.", "No template.", "100%", "", "{", "{}"])
def test_a_sentence_that_no_catalogue_has_stays_as_it_is(sentence, code):
    assert language(code).translate(SphereError(sentence)) == sentence


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_servers_folders_are_not_told(code):
    path = Path("/srv/secret/upload.csv")
    inner = SphereError("{path} has {n:,} rows.", path=path, n=12)
    outer = SphereError("Nothing read: {problem} Look at {path}.", problem=inner, path=path)
    assert "/srv/secret" in str(outer)  # for whoever runs the scripts
    assert language(code).translate(outer) == "Nothing read: upload.csv has 12 rows. Look at upload.csv."


def test_a_message_inside_a_message_is_translated_as_well():
    problem = Message("{found:,} columns, expected {expected:,}", found=1200, expected=3)
    error = SphereError("This row cannot be read ({problem}): correct it in the file.", problem=problem)
    assert str(error) == "This row cannot be read (1,200 columns, expected 3): correct it in the file."
    assert RU.translate(error) == "Строка не читается (столбцов 1\u00a0200 вместо 3): исправьте её в файле."


@pytest.mark.parametrize(
    ("value", "template", "english", "russian"),
    [
        (1.5, "{x:g} MB", "1.5 MB", "1,5 MB"),
        (50.0, "{x:g} MB", "50 MB", "50 MB"),
        (0.15, "{x:.0%}", "15%", "15\u00a0%"),
        (1234, "{x}", "1234", "1234"),
        (1234.56, "{x:.1f}", "1,234.6", "1\u00a0234,6"),
    ],
)
def test_values_are_written_by_the_templates_format(value, template, english, russian):
    assert (EN.gettext(template, x=value), RU.gettext(template, x=value)) == (english, russian)
