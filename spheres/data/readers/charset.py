"""Encoding of a text file: UTF-16 by its mark or its upper bytes, else UTF-8, else a code page of Windows.

>>> charset("Леса;Полка".encode("cp1251")), charset("Forêts,Étagère".encode("cp1252")), charset("Леса".encode())
('cp1251', 'cp1252', 'utf-8-sig')

A spreadsheet that runs under Windows writes a CSV in the code page of its country, and names it nowhere.
Read as UTF-8, each letter of it would be a replacement character, and be returned as one.
"""

import codecs

PAGES = ("cp1251", "cp1252")  # Cyrillic; western Europe, which holds Latin-1 as well
SAMPLE = 4096  # bytes from the first that is not ASCII: enough to tell the pages apart


def charset(start: bytes) -> str:
    """The encoding of a file that begins with `start`, as Python names it.

    Where more than half of what is not ASCII is no UTF-8, it is a code page: one broken byte makes none.
    """
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    # the upper half of UTF-16: 0 for Latin letters and all blanks, 3 for Greek, 4 for Cyrillic
    upper = [sum(byte < 5 for byte in start[parity:SAMPLE:2]) for parity in (0, 1)]
    if max(upper) > len(start[:SAMPLE]) * 0.4 and min(upper) <= max(upper) / 10:
        return "utf-16-be" if upper[0] > upper[1] else "utf-16-le"
    # incremental: it waits for the rest of a letter that is cut; a byte that is no UTF-8 becomes half a surrogate
    text = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode(start)
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    broken = len(text) - len(text.encode("utf-8", "ignore").decode())
    if broken * 2 <= foreign:
        return "utf-8-sig"
    from charset_normalizer import from_bytes

    first = next(place for place, byte in enumerate(start) if byte > 127)
    found = from_bytes(start[max(0, first - SAMPLE // 2) : first + SAMPLE], cp_isolation=list(PAGES)).best()
    return found.encoding if found else "utf-8-sig"
