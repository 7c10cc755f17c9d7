"""What a Parquet file would unpack to, by its pages: its own summary may say anything, and is not what is unpacked.

    most = page_bytes(file, schema.metadata)      # before any page is read; a fraction of a second

Each column is a chain of pages, each with a header before it that says how large it is, packed and unpacked, and how
many values it holds; the library makes room for just that. The headers are Thrift's compact encoding:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import IO, Any

MAX_HEADER = 2**16  # bytes read of a header; a longer one, of a page with long statistics, is taken for damage
MAX_PAGES = 50_000  # of a file; writers make one of a megabyte
VALUE = 4  # bytes each value takes once read, at least: run-length encoding can store a million equal ones as one
UNPACKED, PACKED, N_VALUES = 2, 3, 1  # numbers of the fields
DATA, DICTIONARY, DATA_2 = 5, 7, 8  # kinds of page, each a structure of its own, which holds N_VALUES

Fields = dict[int, Any]


def page_bytes(file: IO[bytes], metadata: Any) -> int:
    """Bytes that all pages unpack to, and VALUE for each value in them.

    metadata : pyarrow's, which says where the columns begin and end
    raises   : ValueError where there are none, or more than any writer makes
    """
    total = n_pages = 0
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            place = column.data_page_offset
            if column.has_dictionary_page and column.dictionary_page_offset:
                place = min(place, column.dictionary_page_offset)
            end = place + column.total_compressed_size
            while place < end:
                n_pages += 1
                if n_pages > MAX_PAGES:
                    raise ValueError(f"more than {MAX_PAGES:,} pages")
                unpacked, packed, n_values, length = page_header(file, place)
                total += unpacked + VALUE * n_values
                place += length + packed
    return total


def page_header(file: IO[bytes], place: int) -> tuple[int, int, int, int]:
    """Bytes unpacked, bytes packed, values, and the header's own length, of the page at this place."""
    file.seek(place)
    reader = _Reader(file.read(MAX_HEADER))
    fields: Fields = reader.structure()
    kinds = [fields[kind] for kind in (DATA, DICTIONARY, DATA_2) if isinstance(fields.get(kind), dict)]
    sizes: list[Any] = [fields.get(UNPACKED), fields.get(PACKED), *(kind.get(N_VALUES) for kind in kinds[:1])]
    if not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise ValueError(f"no page at byte {place}")
    unpacked, packed, *n_values = map(int, sizes)
    return unpacked, packed, sum(n_values), reader.place


class _Reader:
    """Thrift's compact encoding, as far as headers need it."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def structure(self, depth: int = 0) -> Fields:
        """Number of a field -> its value, where that is a whole number or a structure; all else is passed over."""
        if depth > 8:
            raise ValueError("a header nested too deep")
        fields: Fields = {}
        number = 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.whole()
            fields[number] = self.value(head & 15, depth)
        return fields

    def value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):  # true and false, which are their own value
            return None
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.whole()
        if kind == 7:
            self.place += 8
        elif kind == 8:
            length = self.varint()  # first: it moves the place
            self.place += length
        elif kind in (9, 10):
            self.items(depth)
        elif kind == 12:
            return self.structure(depth + 1)
        else:
            raise ValueError(f"a header with a value of kind {kind}")
        return None

    def items(self, depth: int) -> None:
        head = self.byte()
        n = self.varint() if head >> 4 == 15 else head >> 4
        for _ in range(min(n, MAX_HEADER)):
            if head & 15 in (1, 2):  # within a list these take a byte
                self.byte()
            else:
                self.value(head & 15, depth + 1)

    def byte(self) -> int:
        if self.place >= len(self.content):
            raise ValueError("a header that does not end")
        self.place += 1
        return self.content[self.place - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("a number without an end")

    def whole(self) -> int:
        """
        >>> _Reader(bytes([3])).whole(), _Reader(bytes([0xD8, 0x04])).whole()
        (-2, 300)
        """
        value = self.varint()
        return value >> 1 ^ -(value & 1)
