"""Writers of classified rows: JSON lines, a table (CSV, TSV, Excel), or references as they came.

    python head.py predict articles.csv --out answers.csv            # every column, and the answer beside it
    python head.py predict articles.csv --out answers.jsonl          # {"id", "probabilities", "spheres", ...} a line

    .jsonl              the line above; or the row's own columns, then "spheres" (list), "probabilities", "categories"
                        (probabilities of the likeliest), "note"
    .csv, .tsv, .xlsx   spheres (codes, the most probable first), p_physics ... p_econ, categories (likewise), note
                        after the row's own columns
    .ris, .bib          the entries of such a file, each in its own text, with "sphere: cs" and "category: cs.CL" among
                        its keywords

Where the file lists arXiv's categories, two columns more compare: rank_listed and p_listed, the rank and probability of
the category that stands first.

Nothing of the input is lost: an own name that a column has already gets a number. A spreadsheet runs what looks like a
formula, and anybody may have written a title, so in .csv and .tsv such a cell gets an apostrophe in front; in a
workbook it is marked as text.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from spheres.data.row import distinct
from spheres.data.taxonomy import GROUPS
from spheres.errors import SphereError
from spheres.inference.file_rows import FileRow, FileSummary
from spheres.inference.workbook import MAX_ROWS, write_workbook

REFERENCES = {".ris": "RIS", ".bib": "BibTeX"}  # written where the input is one
SUFFIXES = (".jsonl", ".csv", ".tsv", ".xlsx", *REFERENCES)
MAX_COLUMNS = 5_000  # of the input, kept; records that share no key would make a table as wide as it is long
ANSWER_KEYS = ("spheres", "probabilities", "categories", "note")
ANSWER_COLUMNS = ("spheres", *(f"p_{group}" for group in GROUPS), "categories", "note")
LISTED_COLUMNS = ("rank_listed", "p_listed")

PLAIN_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LINE_ENDS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}  # JSON takes them in a line; some readers do not
MAX_STEM = 120  # bytes of UTF-8; file systems take 255 for the whole name


def check_out(out: Path, source: Path) -> None:
    """Refuse a file of answers that cannot be one.

    Raises:
        SphereError: `out` is a folder, has another ending than the formats', or is the file that is read.
    """
    if out.is_dir():
        raise SphereError(f"{out} is a folder: name a file, such as {out / 'answers.jsonl'}.")
    if out.suffix.lower() not in SUFFIXES:
        found = f"ends in {out.suffix!r}" if out.suffix else "has no ending"
        raise SphereError(f"{out} {found}: name a file that ends in .jsonl, .csv, .tsv, .xlsx, .ris or .bib.")
    if out.exists() and source.exists() and out.samefile(source):
        raise SphereError(f"{out} is the input file: name another one for the answers.")


class Writer:
    """How a file of answers is written: its header, then a line for each row, and at last, perhaps, a conversion."""

    header = b""
    convert: Callable[[Path, IO[bytes]], None] | None = None  # from what was written to what the file is to hold

    def line(self, row: FileRow) -> bytes:
        """What stands in the file for a row."""
        raise NotImplementedError


class AnswerLines(Writer):
    """JSON lines of the answers alone: id, probabilities, spheres, categories; no line for a row without one."""

    def __init__(self, compare: bool) -> None:
        self.compare = compare

    def line(self, row: FileRow) -> bytes:
        if row.article is None:
            return b""
        answer: dict[str, Any] = {"id": row.article.id, "probabilities": _probabilities(row), "spheres": row.spheres}
        answer["categories"] = _categories(row)
        if self.compare:
            answer.update(zip(LISTED_COLUMNS, _listed(row), strict=True))
        return json.dumps(answer).encode() + b"\n"


class JsonLines(Writer):
    """JSON lines of a row's own columns and its answer."""

    def __init__(self, columns: Sequence[str], compare: bool) -> None:
        self.names = distinct(ANSWER_KEYS + LISTED_COLUMNS * compare, columns)
        self.compare = compare

    def line(self, row: FileRow) -> bytes:
        values = (row.spheres, _probabilities(row), _categories(row), row.note, *(_listed(row) if self.compare else ()))
        answer = zip(self.names, values, strict=True)
        pairs = [*row.record.items(), *answer]  # no dict: the row's own keys may be any
        line = "{" + ", ".join(f"{as_json(name)}: {as_json(value)}" for name, value in pairs) + "}\n"
        # half a surrogate pair becomes \ud800, as JSON writes it
        return line.translate(LINE_ENDS).encode("utf-8", "backslashreplace")


class Table(Writer):
    """A table of a row's own columns, the answer beside them."""

    def __init__(self, columns: Sequence[str], separator: str, compare: bool) -> None:
        self.columns, self.separator, self.compare = columns, separator, compare
        mark = b"" if separator == "\t" else "\ufeff".encode()  # tells spreadsheets that a .csv is UTF-8
        self.header = mark + self._cells([*columns, *distinct(ANSWER_COLUMNS + LISTED_COLUMNS * compare, columns)])

    def line(self, row: FileRow) -> bytes:
        own = [as_cell(row.record.get(column)) for column in self.columns]
        numbers = (f"{value:.6f}" if isinstance(value, float) else value for value in _answer_cells(row, self.compare))
        return self._cells([*own, *map(as_cell, numbers)])

    def _cells(self, cells: Sequence[str]) -> bytes:
        text = io.StringIO(newline="")
        # lines end in \r\n, because csv puts a cell with a lone \r in quotes only where that ends a line
        writer = csv.writer(text, delimiter=self.separator, lineterminator="\r\n")
        writer.writerow([escape_formula(cell) for cell in cells])
        return text.getvalue().encode("utf-8", "replace")


class ExcelTable(Writer):
    """The same as a workbook; numbers are numbers there. Until it is converted, a JSON list a row."""

    convert = staticmethod(write_workbook)

    def __init__(self, columns: Sequence[str], compare: bool) -> None:
        self.columns, self.compare = columns, compare
        self.header = self._cells([*columns, *distinct(ANSWER_COLUMNS + LISTED_COLUMNS * compare, columns)])

    def line(self, row: FileRow) -> bytes:
        own = [row.record.get(column) for column in self.columns]
        return self._cells([*own, *_answer_cells(row, self.compare)])

    def _cells(self, values: Sequence[Any]) -> bytes:
        plain = (
            isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)) for value in values
        )
        cells = [value if number else as_cell(value) for value, number in zip(values, plain, strict=True)]
        return json.dumps(cells, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


class References(Writer):
    """RIS or BibTeX as it came, with the answer's spheres and its likeliest category as keywords.

    What could not be read stays as it is.
    """

    def __init__(self, format: str) -> None:
        self.add_keywords = add_to_ris if format == "RIS" else add_to_bibtex

    def line(self, row: FileRow) -> bytes:
        keywords = [f"sphere: {code}" for code in row.spheres]
        keywords += [f"category: {code}" for code in [*_categories(row)][:1]]
        text = self.add_keywords(row.source, keywords) if keywords else row.source
        return f"{text}\n\n".encode("utf-8", "replace")


def add_to_ris(entry: str, keywords: Sequence[str]) -> str:
    """An entry of RIS with keywords before its end.

    >>> add_to_ris("TY  - JOUR\\nTI  - On trees\\nER  - ", ["sphere: cs"])
    'TY  - JOUR\\nTI  - On trees\\nKW  - sphere: cs\\nER  - '
    """
    line_end = "\r\n" if "\r\n" in entry else "\n"
    lines = "".join(f"KW  - {keyword}{line_end}" for keyword in keywords)
    body, end, rest = entry.rpartition("ER  -")
    return f"{body}{lines}{end}{rest}" if end else f"{entry}{line_end}{lines}ER  - "


def add_to_bibtex(entry: str, keywords: Sequence[str]) -> str:
    """An entry of BibTeX with keywords before those that it has.

    >>> add_to_bibtex("@misc{a, title={On trees}}", ["sphere: cs", "sphere: math"])
    '@misc{a, title={On trees},\\n  keywords = {sphere: cs, sphere: math}\\n}'
    >>> add_to_bibtex('@misc{a, Keywords = "wood"}', ["sphere: cs"])
    '@misc{a, Keywords = "sphere: cs, wood"}'
    """
    joined = ", ".join(keywords)
    if own := re.search(r"[,\s]keywords\s*=\s*[{\"]", entry, re.IGNORECASE):
        return f"{entry[: own.end()]}{joined}, {entry[own.end() :]}"
    body = entry.rstrip()
    return f"{body[:-1].rstrip().removesuffix(',')},\n  keywords = {{{joined}}}\n{body[-1:]}"


def writer_for(out: Path, keep_columns: bool, summary: FileSummary) -> Writer:
    """How to write `out`; its ending (see `check_out`) decides the format.

    A .csv comes back with semicolons where they stood: a spreadsheet whose numbers have decimal commas opens no other.

    Args:
        keep_columns: Whether .jsonl keeps the input's columns, as the tables always do.
        summary: Of the input.

    Raises:
        SphereError: Columns or rows are too many, or references are asked of another kind of file.
    """
    suffix, columns = out.suffix.lower(), summary.columns
    compare = bool(summary.chosen.primary or summary.chosen.categories)
    if format := REFERENCES.get(suffix):
        if summary.format.partition(",")[0] != format:
            raise SphereError(
                "The answers to a file in {format} cannot be {wanted}: "
                "name a file that ends in .jsonl, .csv, .tsv or .xlsx.",
                format=summary.format,
                wanted=format,
            )
        return References(format)
    if suffix == ".jsonl" and not keep_columns:
        return AnswerLines(compare)
    if len(columns) > MAX_COLUMNS:
        raise SphereError(
            "The file has {n_columns:,} columns, more than the {most:,} that can be kept: take some out, "
            "or run `python head.py predict` with --out FILE.jsonl, which keeps none.",
            n_columns=len(columns),
            most=MAX_COLUMNS,
        )
    if suffix == ".jsonl":
        return JsonLines(columns, compare)
    if suffix == ".xlsx":
        if summary.n_rows > MAX_ROWS:
            raise SphereError(
                "The file has {n_rows:,} rows, and a sheet of Excel takes {most:,}: name a file that ends in .csv.",
                n_rows=summary.n_rows,
                most=MAX_ROWS,
            )
        return ExcelTable(columns, compare)
    separator = "\t" if suffix == ".tsv" else ";" if summary.separator == ";" else ","
    return Table(columns, separator, compare)


def download_name(source_name: str, format: str) -> str:
    """What to call the answers to a file: of its own kind where that can be written.

    Args:
        source_name: Whatever the sender called it.
        format: As `FileSummary.format`.

    >>> download_name("my.data.json.xz", "JSON list, xz"), download_name("../../etc/passwd", "Parquet")
    ('my.data-spheres.jsonl', 'passwd-spheres.csv')
    """
    kind = format.partition(",")[0]
    endings = {"TSV": ".tsv", "Excel": ".xlsx", "RIS": ".ris", "BibTeX": ".bib"}
    suffix = ".jsonl" if kind.startswith("JSON") else endings.get(kind, ".csv")
    name = re.split(r"[/\\]", source_name)[-1]
    ending = r"(\.(csv|tsv|txt|jsonl?|ndjson|parquet|xlsx|ris|bib|nbib|enw|xml))?(\.(gz|bz2|xz))?$"
    name = re.sub(ending, "", name, count=1, flags=re.IGNORECASE)
    name = "".join(c for c in name if c.isprintable() and c not in '<>:"|?*')  # control and direction marks go too
    name = name.encode()[:MAX_STEM].decode(errors="ignore").strip(" .-")
    return f"{name or 'articles'}-spheres{suffix}"


def _probabilities(row: FileRow) -> dict[str, float]:
    """Of every group, in arXiv's order, to six decimals; empty where there is no answer."""
    probabilities = row.classification.probabilities if row.classification else ()
    return {group: round(p, 6) for group, p in zip(GROUPS, probabilities, strict=False)}


def _categories(row: FileRow) -> dict[str, float]:
    """Of the likeliest categories, the most probable first, to six decimals; empty where there is no answer."""
    return {code: round(p, 6) for code, p in row.classification.categories()} if row.classification else {}


def _listed(row: FileRow) -> tuple[int | None, float | None]:
    """Rank and probability of the category that the file lists first, None where there is nothing to compare."""
    listed = row.listed
    return (listed[0], round(listed[1], 6)) if listed else (None, None)


def _answer_cells(row: FileRow, compare: bool) -> list[Any]:
    """The values of ANSWER_COLUMNS and, where they are wanted, of LISTED_COLUMNS."""
    probabilities: Sequence[float | None] = [*_probabilities(row).values()] or [None] * len(GROUPS)
    listed = _listed(row) if compare else ()
    return [" ".join(row.spheres), *probabilities, " ".join(_categories(row)), row.note, *listed]


def escape_formula(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that looks like it gets an apostrophe in front.

    >>> escape_formula("=1+1"), escape_formula("-0.5"), escape_formula("-5+cmd|' /C'!A0"), escape_formula("A")
    ("'=1+1", '-0.5', "'-5+cmd|' /C'!A0", 'A')
    """
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) and not PLAIN_NUMBER.fullmatch(cell) else cell


def as_cell(value: Any) -> str:
    """A value as the text of a cell: texts as they are, nothing for null, JSON for all else.

    >>> as_cell("a, b"), as_cell(None), as_cell(7), as_cell(True), as_cell(["é", {"b": None}]), as_cell(float("nan"))
    ('a, b', '', '7', 'true', '["é", {"b": null}]', '')
    """
    if value is None or value != value:  # NaN is how tables say null
        return ""
    text = value if isinstance(value, str) else as_json(value)
    return text if isinstance(value, str) or not text.startswith('"') else str(json.loads(text))


def as_json(value: Any) -> str:
    """A value as JSON, with text for infinities, which JSON has no word for, and null for NaN.

    >>> as_json({"a": float("nan"), "b": [float("-inf"), "x"]})
    '{"a": null, "b": ["-Infinity", "x"]}'
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        return '"(nested too deep to be copied)"'
    except ValueError:  # NaN or an infinity: read it back, and put in their place what JSON knows
        strict = json.loads(json.dumps(value), parse_constant=lambda name: None if name == "NaN" else name)
        return json.dumps(strict, ensure_ascii=False)
