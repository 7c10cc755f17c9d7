"""Files of articles, one format a module: `detect.open_records` recognises a file and streams its rows.

Each `..._reader` reads a format, or a family of them (`tagged_reader`: RIS, PubMed, EndNote, Web of Science),
`unreadable` names formats that are not read, `decompress` and `charset` prepare what is,
`problems` has the sentences for files that cannot be used, and `child.open_in_child` does it all in a process of
limited memory and time, for files that somebody else has sent. A new format is a module with a generator of `Row`s, and
a line in `open_records`.
"""
