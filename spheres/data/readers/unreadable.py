"""Files that are not read here, named for what they are, with what to do instead."""

import re
import zipfile
from pathlib import Path

from spheres.errors import SphereError


def is_workbook(path: Path) -> bool:
    """Whether a ZIP archive is an Excel workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.startswith("xl/") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def check_kind(path: Path, start: bytes) -> None:
    """Raise SphereError where the first bytes are those of a format that is known, but not read."""
    if start[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError):
            names = []
        if any(name.startswith("word/") for name in names):
            raise SphereError("{path} is a Word document: give its articles as CSV, Excel, RIS or BibTeX.", path=path)
        if "content.xml" in names:
            raise SphereError("{path} is an OpenDocument file: save it as .xlsx or CSV.", path=path)
        raise SphereError("{path} is a ZIP archive: unpack it, and give one of its files.", path=path)
    if start[:4] == b"\xd0\xcf\x11\xe0":
        raise SphereError("{path} is an Excel workbook of the old kind (.xls): save it as .xlsx or CSV.", path=path)
    if start[:5] == b"%PDF-":
        raise SphereError("{path} is a PDF: paste its title and abstract, or give a list of articles.", path=path)
    if start[:6] == b"ARROW1":
        raise SphereError("{path} is a Feather (Arrow) file: save it as Parquet or CSV.", path=path)
    if start[:4] == b"\x28\xb5\x2f\xfd":
        raise SphereError("{path} is compressed with zstd: unpack it, or compress it with gzip or xz.", path=path)
    if start[:5] == b"{\\rtf":
        raise SphereError("{path} is a document in rich text: save it as plain text, CSV or Excel.", path=path)
    if re.match(rb"[\s\xef\xbb\xbf]{0,99}<(!doctype html|html|head|table|body)\b", start, re.IGNORECASE):
        raise SphereError("{path} is a web page: open it in a spreadsheet and save it as .xlsx or CSV.", path=path)
