"""Files of articles, one format a module: `detect.open_records` recognises a file and streams its rows.

`csv_reader`, `json_reader` and `parquet_reader` read a format each, `decompress` and `charset` prepare what they read,
`problems` has the sentences for files that cannot be used, and `child.open_in_child` does it all in a process of
limited memory and time, for files that somebody else has sent. A new format is a module with a generator of `Row`s, and
a line in `open_records`.
"""
