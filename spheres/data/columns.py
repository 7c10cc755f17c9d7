"""Which columns of a file are title, abstract, id, categories and date, whatever its exporter calls them.

    columns = find_columns(["Key", "Title", "Publication Title", "Abstract Note"])
    columns.title, columns.abstract                    # ("Title",), ("Abstract Note",)

`ALIASES` is the one table of names, and a new schema is a new name there. Names are compared without case, accents,
blanks, punctuation and what only qualifies them: "dc.title[en]", "Title (required)" and "title_en" are "title".
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from spheres.data.arxiv_id import arxiv_identifier
from spheres.data.row import Record
from spheres.data.text import plain
from spheres.data.values import to_text
from spheres.errors import SphereError

ALIASES: dict[str, tuple[str, ...]] = {  # the best name first
    "title": (
        *("title", "display name", "dc title", "TI", "T1", "main title", "full title"),
        *("article title", "document title", "paper title", "item title", "manuscript title", "submission title"),
        "title of the contribution in original language",  # Pure's
        *("название", "название статьи", "заглавие", "заголовок", "наименование", "тема доклада", "назва"),
        *("Titel", "Haupttitel", "titre", "intitulé", "título", "titolo", "tytuł", "başlık"),
        *("标题", "题名", "篇名", "题目", "標題", "論文名", "論文タイトル", "タイトル", "제목"),
    ),
    "abstract": (
        *("abstract", "abstract inverted index", "abstract note", "abstract text", "abstract body", "AB", "ABS", "N2"),
        *("paper abstract", "article abstract", "description abstract", "dc description abstract", "dcterms abstract"),
        *("аннотация", "реферат", "резюме", "тезисы", "краткое содержание", "анотація"),
        *("Zusammenfassung", "Kurzfassung", "Kurzbeschreibung", "Inhaltsangabe", "Abstrakt", "résumé", "resumen"),
        *("resumo", "riassunto", "sommario", "samenvatting", "streszczenie", "özet", "摘要", "要旨", "抄録", "초록"),
    ),
    "id": (
        *("UT", "UT Unique WOS ID", "DI", "arxiv id", "arxiv", "id", "paper id", "identifier", "entry id", "eprint"),
        *("DOI", "PMID", "pubmed id", "EID", "publication id", "Lens ID", "submission id", "article id", "abstract id"),
        *("key", "citation key", "bibcode", "eprintid", "core id", "hal id", "handle", "pid", "uuid", "item DOI"),
        *("dc identifier", "dc identifier uri", "AN", "accession number"),
    ),
    "primary": (
        *("primary category", "arxiv primary category", "primary class", "eprintclass", "primary", "primary subject"),
        "main category",
    ),
    "categories": (
        *("categories", "arxiv categories", "category", "category code", "tag", "tags", "terms", "subjects", "subject"),
        *("dc subject", "set spec", "sets", "keywords", "manual tags", "automatic tags"),
    ),
    "date": (
        *("update date", "date", "published", "updated", "publication date", "date published", "cover date"),
        *("dc date issued", "created", "create date"),
    ),
}
# Names that may mean something else too: they serve a record that has none of the above
LAST_RESORT: dict[str, tuple[str, ...]] = {
    "title": ("titles", "headline", "paper name", "article name", "name of the paper", "тема"),
    "abstract": (
        *("abstracts", "summary", "summaries", "description", "descriptions", "dc description", "text", "content"),
        *("body", "annotation", "описание", "содержание"),
    ),
}
# Longer names that hold one of the first words and none of the others, such as "Title of your talk": after exact names,
# before the last resort
FUZZY: dict[str, tuple[str, ...]] = {
    "title": ("title", "titel", "titre", "título", "название", "наименование", "заглавие", "заголовок", "题名", "标题"),
    "abstract": (
        "abstract",
        "аннотация",
        "аннотации",
        "реферат",
        "Zusammenfassung",
        "résumé",
        "resumen",
        "resumo",
        "摘要",
    ),
}
OTHER_THINGS = (
    *("journal", "source", "publication", "series", "book", "conference", "event", "proceedings", "host", "container"),
    *("anthology", "short", "sub", "running", "secondary", "alternative", "alternate", "abbreviated", "job", "degree"),
    *(
        "author",
        "authors",
        "editor",
        "number",
        "no",
        "id",
        "url",
        "link",
        "length",
        "count",
        "type",
        "language",
    ),
    *("status", "date", "file", "graphical", "views", "page", "pages", "has", "volume", "issue", "section", "part"),
    *("session", "track", "Zeitschrift", "revue", "revista", "журнал", "журнала", "источника", "издания", "сборника"),
    "конференции",
)
ENGLISH = (
    *("en", "eng", "english", "us", "gb", "англ", "английском", "английский", "Englisch", "englischer", "anglais"),
    *("inglés", "inglese"),
)
OTHER_LANGUAGES = (
    *("ru", "rus", "de", "ger", "deu", "fr", "fre", "fra", "es", "spa", "pt", "por", "it", "zh", "ja", "ko"),
    *("russian", "german", "french", "spanish", "portuguese", "русский", "русском", "рус", "Deutsch", "français"),
    *("español", "português"),
)
QUALIFIERS = (
    "required",
    "optional",
    "original",
    "plain",
    "in",
    "em",
    "s",
    "на",
    "языке",
    "язык",
)  # "title_s" is Solr's

MAX_KEYS = 100  # of an object in a record that may hold the article


@dataclass(frozen=True)
class Columns:
    """The columns of each role, the best first; of two that serve, a record's first filled one is read."""

    title: tuple[str, ...] = ()
    abstract: tuple[str, ...] = ()
    id: tuple[str, ...] = ()
    primary: tuple[str, ...] = ()  # of arXiv's categories
    categories: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()  # those that give no title, no abstract and no id

    def text(self, role: str, record: Record) -> str:
        """A record's text under "title", "abstract", "id" or "date", of which the first two are plain; "" for none."""
        names = _of_the_best_kind(role, [name for name in getattr(self, role) if name in record])
        values = (record[name] for name in names)
        if role in ("title", "abstract"):
            return plain(next(filter(None, map(to_text, values)), ""))
        text = next(filter(None, (to_text(_one_of(value)) for value in values)), "")
        return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def find_columns(names: Iterable[str], title: str | None = None, abstract: str | None = None) -> Columns:
    """What the columns of these names hold.

    Args:
        names: All columns of the file, or of one record.
        title: The column of the titles, where the caller knows it; None looks for it, "" says that there is none.
        abstract: The same for the abstracts.

    Raises:
        SphereError: `title` or `abstract` is none of the names.

    >>> find_columns(["Title", "Notes", "Abstract"], title="notes", abstract="").unused
    ('Title', 'Abstract')

    >>> find_columns(["Titel", "Journal title", "title_en", "summary"])
    Columns(title=('title_en', 'Titel'), abstract=('summary',), id=(), primary=(), categories=(), date=(), \
unused=('Journal title',))
    """
    names = [name for name in names if isinstance(name, str)]
    found: dict[str, tuple[str, ...]] = {}
    for role in ALIASES:
        ranks = {name: rank for name in names if (rank := _rank(role, name)) is not None}
        found[role] = tuple(sorted(ranks, key=ranks.__getitem__))
    for role, given in (("title", title), ("abstract", abstract)):
        if given == "":
            found[role] = ()
        elif given is not None and (column := _given(given, names)) not in found[role][:1]:
            found[role] = (column,)  # the one that is found anyway keeps those that fill its gaps
    used = {name for role in ("title", "abstract", "id") for name in _of_the_best_kind(role, found[role])}
    return Columns(**found, unused=tuple(name for name in names if name not in used))


def with_inner_columns(record: Record, depth: int = 0) -> Record:
    """The record, and where it holds no article itself, beside its own columns those of the object in it that does.

    >>> with_inner_columns({"id": 7, "venue": {"name": "X"}, "attributes": {"title": "On trees"}})["title"]
    'On trees'
    """
    if depth == 3 or any((_rank(role, name) or (2,))[0] < 2 for role in LAST_RESORT for name in record):
        return record
    for name, value in record.items():
        of_the_article = name == "_source" or _OTHER_THINGS.isdisjoint(_words(name))  # that one is Elasticsearch's
        if isinstance(value, dict) and len(value) <= MAX_KEYS and of_the_article:
            inner = with_inner_columns(value, depth + 1)
            found = find_columns(inner)
            if found.title or found.abstract:
                return {**inner, **record}
    return record


def check_columns(columns: Columns, names: Iterable[str], path: Path, format: str, labelled: bool) -> None:
    """Raise SphereError where no column is a title or an abstract, or, where labels are wanted, categories."""
    missing = [] if columns.title or columns.abstract else ["title or abstract"]
    if labelled and not columns.categories + columns.primary:
        missing.append("categories")
    if missing:
        raise SphereError(
            "{path} ({format}) has no column for {missing}; its columns are {columns}: rename the right one, or choose "
            "it (on the command line: --title-column, --abstract-column).",
            path=path,
            format=format,
            missing=", nor for ".join(missing),
            columns=shown_names(sorted(names)),
        )


def shown_names(names: Iterable[str]) -> str:
    """Names of columns for a sentence: the first twelve, forty characters each."""
    return ", ".join(plain(name)[:40] for name in list(names)[:12])


def _one_of(value: Any) -> Any:
    """Of several ids of an article arXiv's, or else the first."""
    if not isinstance(value, list) or not value:
        return value
    return next((item for item in value if isinstance(item, str) and arxiv_identifier(item)), value[0])


def _given(wanted: str, names: list[str]) -> str:
    """The column that the caller means: of exactly this name, or of one that differs in case and blanks only."""
    for same in (wanted.__eq__, lambda name: name.strip().casefold() == wanted.strip().casefold()):
        if match := next(filter(same, names), None):
            return match
    raise SphereError(
        "There is no column {column}; the file's columns are {columns}: give one of them.",
        column=plain(wanted)[:40],
        columns=shown_names(names),
    )


def _words(name: str) -> list[str]:
    """The words of a name, without case and accents; "paperTitle" is two."""
    apart = unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name[:200]))
    return re.findall(r"[^\W\d_]+|\d+", "".join(c for c in apart if not unicodedata.combining(c)).casefold())


def _joined(names: Iterable[str]) -> dict[str, int]:
    return {"".join(_words(name)): place for place, name in reversed(list(enumerate(names)))}


_EXACT = {role: _joined(names) for role, names in ALIASES.items()}
_LAST = {role: _joined(names) for role, names in LAST_RESORT.items()}
_FUZZY = {role: _joined(names).keys() for role, names in FUZZY.items()}
_OTHER_THINGS, _ENGLISH = _joined(OTHER_THINGS).keys(), _joined(ENGLISH).keys()
_FOREIGN = _joined(OTHER_LANGUAGES).keys()
_QUALIFIERS = _joined(QUALIFIERS).keys() | _ENGLISH | _FOREIGN


@lru_cache(maxsize=2**14)
def _rank(role: str, name: str) -> tuple[int, int, int] | None:
    """How well a name fits a role, the best first: by kind (exact, fuzzy, last resort), language, place in its table.

    None where it does not fit.
    """
    words = _words(name)
    core = "".join(word for word in words if word not in _QUALIFIERS and not word.isdecimal())
    # 0 for English, 1 where no language is named, 2 for another one or a second column of the name
    marks = set(words)
    second = bool(words) and words[-1].isdecimal()
    language = 2 if marks & _FOREIGN or second else 0 if marks & _ENGLISH else 1
    for kind, table in ((0, _EXACT[role]), (2, _LAST.get(role, {}))):
        if (place := table.get("".join(words))) is not None:
            return kind, 1, place
        if (place := table.get(core)) is not None:
            return kind, language, place
    of_a_title = role == "abstract" and not _FUZZY["title"].isdisjoint(words)  # "Abstract title"
    if not _FUZZY.get(role, set()).isdisjoint(words) and _OTHER_THINGS.isdisjoint(words) and not of_a_title:
        return 1, language, 0
    return None


def _of_the_best_kind(role: str, names: Sequence[str]) -> list[str]:
    """Those of a role's names, best first, that are of the first one's kind; a name given by the caller has none."""
    kinds = [rank[0] if (rank := _rank(role, name)) else None for name in names]
    return [name for name, kind in zip(names, kinds, strict=True) if kind == kinds[0]]
