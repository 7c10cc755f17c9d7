"""Texts, requests and files that nobody sends in good faith: what breaks parsers, screens, tables and patience."""

import gzip
import io
import json
import lzma
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet

# name -> a text of about n characters
TEXTS: dict[str, Callable[[int], str]] = {
    "nothing": lambda n: "",
    "blanks": lambda n: " \t\n\r\v\f\u00a0\u2003\u3000" * (n // 9),
    "one letter": lambda n: "x" * n,
    "single letters": lambda n: "a " * (n // 2),
    "dots": lambda n: "." * n,
    "hyphens": lambda n: "a-" * (n // 2),
    "short sentences": lambda n: "A. " * (n // 3),
    "lines": lambda n: "\n" * (n - 1) + "x",
    "NUL": lambda n: "\0" * n,
    "control characters": lambda n: "".join(map(chr, range(32))) * (n // 32),
    "high surrogates": lambda n: "\ud800" * n,
    "surrogates the wrong way round": lambda n: "\udc00\ud800" * (n // 2),
    "half a pair at the end": lambda n: "x" * (n - 1) + "\ud83c",
    "right to left": lambda n: "\u202e\u202dtxt.exe\u202c" * (n // 10),
    "combining flood out of order": lambda n: "a" + "\u0301\u0323\u0345\u0334" * (n // 4),
    "Zalgo": lambda n: "".join(c + "\u0300\u0316\u0361\u0489" for c in "abstract") * (n // 40),
    "zero width": lambda n: "\u200b\u200c\u200d\u2060\ufeff" * (n // 5),
    "families": lambda n: "👨‍👩‍👧‍👦" * (n // 7),
    "beyond the basic plane": lambda n: "𝔸" * n,
    "Chinese": lambda n: "研究" * (n // 2),
    "letters that grow": lambda n: "İßﬃŉ" * (n // 4),
    "ligature of eighteen": lambda n: "\ufdfa" * n,
    "no characters": lambda n: "\uffff\ufffe\U0010ffff" * (n // 3),
    "replacement": lambda n: "\ufffd" * n,
    "markup": lambda n: "<script>alert(1)</script><img src=x onerror=alert(1)>" * (n // 53),
    "entities": lambda n: "&amp;&#x0;&lt;" * (n // 14),
    "markdown": lambda n: "[x](javascript:alert(1)) ![x](x) `" * (n // 34),
    "LaTeX": lambda n: "\\frac{" * (n // 12) + "}" * (n // 12),
    "brackets": lambda n: "(" * (n // 2) + ")" * (n // 2),
    "quotes": lambda n: "\"'" * (n // 2),
    "backslashes": lambda n: "\\" * n,
    "templates": lambda n: "{{7*7}}${7*7}%s%n{0}#{x}" * (n // 24),
    "terminal": lambda n: "\x1b[2J\x1b]0;x\x07" * (n // 12),
    "headers": lambda n: "x\r\nSet-Cookie: a=b\r\n\r\n" * (n // 24),
    "formula": lambda n: '=HYPERLINK("http://x")' + "+1" * (n // 2),
    "ids": lambda n: "arXiv:" + "1706.03762v" * (n // 11),
    "a link without an end": lambda n: "https://arxiv.org/abs/" + "1706.03762?" + "a" * n,
    "special tokens": lambda n: "[CLS] [SEP] [MASK] [PAD] [UNK] " * (n // 31),
}

DEEP = "[" * 10_000 + "]" * 10_000
DEEP_OBJECTS = '{"a":' * 10_000 + "1" + "}" * 10_000

# name -> a request's body, which is no question or an odd one
BODIES: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"data=x",
    "no object": b"[1, 2, 3]",
    "null": b"null",
    "data of another kind": b'{"data": "x"}',
    "too many values": b'{"data": ["x", "", 0.9, 1, 2, 3]}',
    "ten thousand values": json.dumps({"data": ["x"] * 10_000}).encode(),
    "nested objects": f'{{"data": [{DEEP_OBJECTS}, "", 0.9]}}'.encode(),
    "nested and never closed": b'{"data": ' + b"[" * 1_000_000,
    "nothing but nesting": DEEP.encode(),
    "NaN": b'{"data": [NaN, NaN, NaN]}',
    "Infinity": b'{"data": ["x", "", Infinity]}',
    "a huge exponent": b'{"data": ["x", "", 1e999999]}',
    "a number of a million digits": b'{"data": ["x", "", ' + b"9" * 1_000_000 + b"]}",
    "no UTF-8": b'{"data": ["\xff\xfe\xc0\x80", "", 0.9]}',
    "UTF-16": '{"data": ["x", "", 0.9]}'.encode("utf-16"),
    "Latin-1": '{"data": ["Ü", "", 0.9]}'.encode("latin-1"),
    "a mark before it": b"\xef\xbb\xbf" + b'{"data": ["x", "", 0.9]}',
    "gzip": gzip.compress(b'{"data": ["x", "", 0.9]}'),
    "one key twice": b'{"data": ["x", "", 0.9], "data": [1]}',
    "a hundred thousand keys": b"{" + b",".join(b'"%d":1' % i for i in range(100_000)) + b"}",
    "objects for texts": b'{"data": [{"path": "/etc/passwd"}, {"__type__": "update"}, {"a": 1}]}',
    "a state of its own": b'{"data": ["x", "", 0.9], "session_hash": {"a": 1}, "event_id": [], "fn_index": "x"}',
    "another's event": b'{"data": ["x", "", 0.9], "fn_index": 99999, "trigger_id": -1, "session_hash": "\\u0000"}',
    "eleven megabytes of escapes": json.dumps({"data": ["\ud800" * 1_900_000, "", 0.9]}).encode(),
    "twenty megabytes": json.dumps({"data": ["x" * 20_000_000, "", 0.9]}).encode(),
}


def _parquet(table: pyarrow.Table, **settings: object) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, **settings)
    return buffer.getvalue()


def repeated(text: str, n: int) -> pyarrow.DictionaryArray:
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * n, pyarrow.int32()), pyarrow.array([text]))


def _columns(n: int) -> str:
    return ",".join(["title", *(f"c{i}" for i in range(n))]) + "\n" + ",".join(["On trees"] * (n + 1)) + "\n"


def _huge_dictionary(raw: bytes) -> bytes:
    """An xz file whose header asks for a dictionary of three gigabytes."""
    packed = bytearray(lzma.compress(raw))
    end = 12 + (packed[12] + 1) * 4 - 4  # of the first block's header, without its checksum
    packed[16] = 39  # how large the dictionary is: 3 GiB
    packed[end : end + 4] = struct.pack("<I", zlib.crc32(packed[12:end]))
    return bytes(packed)


SPACES = b" " * 2**20


def bomb(pack: Callable[[bytes], bytes], start: bytes, megabytes: int) -> bytes:
    """A file of some kilobytes that unpacks to many megabytes: members one after another, as both formats allow."""
    member = pack(SPACES * 64)
    return pack(start) + member * (megabytes // 64)


ROW = b"title,abstract\nPrime gaps,\n"

# name -> the content of a file of articles
FILES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "blank": lambda: b" \n\r\n\t",
    "random": lambda: bytes(range(256)) * 4_000,
    "a program": lambda: b"\x7fELF" + b"\x00" * 100_000,
    "a pickle": lambda: b"\x80\x04cos\nsystem\n(S'touch /tmp/owned'\ntR.",
    "ten thousand columns": lambda: _columns(10_000).encode(),
    "a million columns": lambda: _columns(1_000_000).encode(),
    "a line of sixteen million cells": lambda: b"title,abstract\nx,y\n" + b"aa," * 16_000_000 + b"\nz,y\n",
    "JSON of millions of objects": lambda: b'[{"title": "a", "x": [' + b"{}," * 15_000_000 + b"{}]}]",
    "a heading of megabytes": lambda: b"title," + b"x" * 10_000_000 + b"\na,b\n",
    "a cell of megabytes": lambda: b"title,abstract\n" + b"x" * 10_000_000 + b",y\n",
    "a quote that never ends": lambda: b'title,abstract\n"' + b"x\n" * 5_000_000,
    "quotes": lambda: b"title,abstract\n" + b'"' * 5_000_001,
    "separators": lambda: b"title,abstract\n" + b"," * 10_000_000,
    "lines": lambda: b"title\n" + b"\n" * 10_000_000,
    "carriage returns": lambda: b"title,abstract\r" + b"a,b\r" * 1_000,
    "formulas": lambda: (
        b'title,=1+1\n=cmd|\' /C calc\'!A0,@SUM(A1)\n+1+1,-2+3\n"\t=1","\r=1"\n\xef\xbc\x9d1,\xe2\x88\x921\n'
    ),
    "no UTF-8": lambda: b"title,abstract\n\xff\xfe\xc0\x80,\xed\xa0\x80\n",
    "Latin-1": lambda: "title,abstract\nÜber Bäume,Maß\n".encode("latin-1"),
    "Windows-1251": lambda: "title,abstract\nПростые числа,Теория\n".encode("cp1251"),
    "Shift JIS": lambda: "title,abstract\n素数,数論\n".encode("shift-jis"),
    "UTF-16 little": lambda: "title,abstract\nPrime gaps,x\n".encode("utf-16"),
    "UTF-16 without a mark": lambda: "title,abstract\nPrime gaps,x\n".encode("utf-16-le"),
    "UTF-32": lambda: "title,abstract\nPrime gaps,x\n".encode("utf-32"),
    "EBCDIC": lambda: "title,abstract\nPrime gaps,x\n".encode("cp500"),
    "half a pair": lambda: b'{"title": "\\ud800 x", "\\udfff": "y"}\n',
    "JSON nested ten thousand deep": lambda: f'{{"title": "a", "x": {DEEP}}}\n{{"title": "b"}}\n'.encode(),
    "JSON objects nested": lambda: f'{{"title": "a", "x": {DEEP_OBJECTS}}}\n'.encode(),
    "JSON nested and never closed": lambda: b'[{"x": ' + b"[" * 5_000_000,
    "nothing but brackets": lambda: b"[" * 5_000_000,
    "NaN and Infinity": lambda: b'{"title": "a", "x": NaN, "y": Infinity, "z": [-Infinity, 1e999]}\n',
    "a number of a million digits": lambda: b'{"title": "a", "x": ' + b"9" * 1_000_000 + b"}\n",
    "titles of other kinds": lambda: b'[{"title": {"a": 1}}, {"title": [1]}, {"title": true}, {"title": null}]',
    "ten thousand keys": lambda: json.dumps({"title": "a", **{f"k{i}": i for i in range(10_000)}}).encode(),
    "other keys in every record": lambda: b"".join(b'{"title": "a", "k%d": 1}\n' % i for i in range(10_000)),
    "a JSON string without an end": lambda: b'[{"title": "' + b"x" * 20_000_000,
    "commas": lambda: b"[" + b"," * 10_000_000,
    "categories that are a program": lambda: b'{"title": "a", "categories": "__import__(\'os\').system(\'id\')"}\n',
    "categories nested": lambda: json.dumps({"title": "a", "categories": "[" * 60_000}).encode(),
    "rows too many": lambda: b"title\n" + b"On trees\n" * 20_001,
    "a gzip bomb": lambda: bomb(gzip.compress, ROW, 1024),
    "an xz bomb": lambda: bomb(lzma.compress, ROW, 1024),
    "a gzip bomb in one line": lambda: gzip.compress(b'{"title": "' + b"x" * 200_000_000),
    "a bomb in a bomb": lambda: gzip.compress(gzip.compress(SPACES * 100)),
    "gzip cut short": lambda: gzip.compress(ROW * 10_000)[:-20],
    "gzip of nothing": lambda: gzip.compress(b""),
    "gzip without a body": lambda: b"\x1f\x8b\x08",
    "xz cut short": lambda: lzma.compress(ROW * 10_000)[:-20],
    "xz with a dictionary of gigabytes": lambda: _huge_dictionary(ROW),
    "Parquet without a body": lambda: b"PAR1",
    "Parquet and nonsense": lambda: b"PAR1" + bytes(range(256)) * 100 + b"\xff\xff\xff\x7fPAR1",
    "Parquet of ten thousand columns": lambda: _parquet(
        pyarrow.table({"title": ["a"], **{f"c{i}": [1] for i in range(10_000)}})
    ),
    "a Parquet text in every row": lambda: _parquet(pyarrow.table({"title": repeated("x" * 100_000, 3_000)})),
    "a Parquet bomb": lambda: _parquet(
        pyarrow.table({"title": ["x" * 200_000_000]}), compression="zstd", use_dictionary=False, write_statistics=False
    ),
    "a Parquet bomb in its dictionary": lambda: _parquet(
        pyarrow.table({"title": repeated("x" * 40_000_000, 64)}), compression="zstd", write_statistics=False
    ),
    "a Parquet bomb in a list": lambda: _parquet(
        pyarrow.table({"title": ["x"], "x": [["y" * 900_000] * 500]}), compression="zstd", write_statistics=False
    ),
    "Parquet nested": lambda: _parquet(pyarrow.table({"title": ["a"], "x": [[[[[[{"a": [1]}]]]]]]})),
    "Parquet of numbers": lambda: _parquet(pyarrow.table({"title": [1.5, float("nan")], "abstract": [b"\xff", b""]})),
    "long rows of Chinese characters": lambda: b"title\n" + ("研究" * 24_000 + "\n").encode() * 40,
    "rows of surrogates": lambda: (json.dumps({"title": "\ud800" * 500_000}) + "\n").encode() * 6,
}


def written(folder: Path, name: str) -> Path:
    """One of FILES as a file."""
    path = folder / "articles.csv"
    path.write_bytes(FILES[name]())
    return path
