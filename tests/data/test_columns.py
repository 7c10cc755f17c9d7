"""Which columns are read as what, under the names that exporters and languages give them."""

from typing import Any

import pytest

from spheres.data.article import to_article
from spheres.data.columns import find_columns
from spheres.errors import SphereError

# Header of an export -> its columns of titles and of abstracts, the best first
HEADERS = {
    "Key,Item Type,Publication Year,Title,Publication Title,DOI,Abstract Note,Short Title": "Title|Abstract Note",
    "PT,AU,TI,SO,DE,AB,PY,DI": "TI|AB",
    "Authors,Article Title,Source Title,Author Keywords,Abstract,DOI": "Article Title|Abstract",
    "Document Title,Authors,Publication Title,Abstract": "Document Title|Abstract",
    "Paper ID,Created,Paper Title,Abstract,Primary Subject Area": "Paper Title|Abstract",
    "dc.title[en],dc.title.alternative,dc.description.abstract[en]": "dc.title[en]|dc.description.abstract[en]",
    "TITLE,ABS,KEYWORDS": "TITLE|ABS",
    "Title (required),Abstract*": "Title (required)|Abstract*",
    "Название журнала,Название,Аннотация": "Название|Аннотация",
    "Titel,Zusammenfassung": "Titel|Zusammenfassung",
    "Titre,Titre de la revue,Résumé": "Titre|Résumé",
    "Título,Resumen": "Título|Resumen",
    "T\u0069\u0301tulo,Resumo": "T\u0069\u0301tulo|Resumo",
    "Title-题名,Summary-摘要,Author-作者": "Title-题名|Summary-摘要",
    "paperTitle,paperAbstract": "paperTitle|paperAbstract",
    "Abstract,Title of the contribution in original language": (
        "Title of the contribution in original language|Abstract"
    ),
    "Year,Title of your talk,Abstract of your talk": "Title of your talk|Abstract of your talk",
    "Title,Anthology title,Fields of Research (ANZSRC 2020),Abstract": "Title|Abstract",
    "Item Title,Publication Title,Book Series Title,Item DOI": "Item Title|",
    "id,title_ru_RU,title_en_US,abstract_ru_RU,abstract_en_US": "title_en_US,title_ru_RU|abstract_en_US,abstract_ru_RU",
    "subTitle_s,title_s,en_title_s,abstract_s": "en_title_s,title_s|abstract_s",
    "Abstract ID,Abstract Title,Abstract Body": "Abstract Title|Abstract Body",
    "Titre de l'article,Résumé en français,Résumé en anglais": (
        "Titre de l'article|Résumé en anglais,Résumé en français"
    ),
    "Name of the paper,Abstract (max 250 words)": "Name of the paper|Abstract (max 250 words)",
    "Тема доклада,Тезисы": "Тема доклада|Тезисы",
    "paper_name,paper_abstract": "paper_name|paper_abstract",
    "title,text": "title|text",
    "TITLES,SUMMARIES": "TITLES|SUMMARIES",
    "Abstract Number,Graphical abstract,Title": "Title|",
    "Journal title,Abstract": "|Abstract",
}


@pytest.mark.parametrize(("header", "expected"), HEADERS.items())
def test_title_and_abstract_are_found_under_the_names_of_exporters(header: str, expected: str) -> None:
    columns = find_columns(header.split(","))
    assert f"{','.join(columns.title)}|{','.join(columns.abstract)}" == expected


def test_english_columns_come_before_those_of_other_languages() -> None:
    columns = find_columns(["Аннотация", "Аннотация на английском языке", "title_ru", "title", "title_en"])
    assert columns.title == ("title_en", "title", "title_ru")
    assert columns.abstract == ("Аннотация на английском языке", "Аннотация")


@pytest.mark.parametrize(
    ("record", "title", "abstract"),
    [
        ({"titles": "A journal", "title": "", "abstract": "", "summary": "accepted"}, "", ""),
        ({"title": None, "display_name": "A", "abstract_inverted_index": {"climb.": [1], "We": [0]}}, "A", "We climb."),
        ({"title": "", "title_2": "On trees", "tldr": {"text": "Trees!"}, "abstract": None}, "On trees", ""),
        ({"summary": "We climb."}, "", "We climb."),
    ],
)
def test_a_records_first_filled_column_of_the_best_kind_is_read(record: Any, title: str, abstract: str) -> None:
    columns = find_columns(["title", "titles", "title_2", "display_name", "summary", *record, "abstract"])
    assert (columns.text("title", record), columns.text("abstract", record)) == (title, abstract)


def test_the_callers_choice_wins() -> None:
    columns = find_columns(["Title", "Abstract", "Notes"], title=" notes", abstract="Title")
    assert (columns.title, columns.abstract, columns.unused) == (("Notes",), ("Title",), ("Abstract",))
    assert find_columns(["Title", "Abstract"], title="Title", abstract="").abstract == ()
    assert find_columns(["title", "title_ru"], title="title").title == ("title", "title_ru")  # the guess, confirmed
    with pytest.raises(SphereError, match="There is no column Topic; the file's columns are Title, Notes: give one"):
        find_columns(["Title", "Notes"], title="Topic")


@pytest.mark.parametrize(
    "record",
    [
        {"content": {"title": {"value": "On trees"}, "abstract": {"value": "We climb."}}, "id": 7},  # OpenReview
        {"attributes": {"titles": [{"title": "On trees"}], "descriptions": [{"description": "We climb."}]}},  # DataCite
        {"MedlineCitation": {"Article": {"ArticleTitle": "On trees", "Abstract": {"AbstractText": "We climb."}}}},
        {"journal": {"title": "Branches", "abstract": "?"}, "_source": {"title": "On trees", "summary": "We climb."}},
    ],
)
def test_an_article_within_a_record_is_found(record: dict[str, Any]) -> None:
    assert to_article(record).text == ("On trees", "We climb.")


def test_a_record_of_thousands_of_keys_or_levels_is_no_article_within() -> None:
    deep: dict[str, Any] = {"title": "On trees"}
    for _ in range(5):
        deep = {"data": deep}
    for record in (deep, {"data": {**{f"k{i}": i for i in range(5000)}, "title": "On trees"}}):
        assert to_article(record).text == ("", "")


@pytest.mark.parametrize(
    ("id", "text"),
    [
        (["doi:10.1000/x", "http://arxiv.org/abs/0704.0002"], "http://arxiv.org/abs/0704.0002"),
        (["first", "second"], "first"),
        ([], ""),
        (7, "7"),
        (" a\n{b} \ud800", "a {b} ?"),  # no text that is made plain, yet one line
    ],
)
def test_of_several_ids_arxivs_is_taken(id: Any, text: str) -> None:
    assert find_columns(["id"]).text("id", {"id": id}) == text
