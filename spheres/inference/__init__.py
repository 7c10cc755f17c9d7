"""Live answers, and what explains or surrounds one.

`classifier` joins the encoder and the trained head (`Classifier`, `Classification`), with `answer_cache` for texts that
are asked again (`AnswerCache`), and `service` holds what a server answers with (`Service`). Around one article:
`explain` (leave-one-out), `neighbors` (`NeighborIndex`) with `map_image`, `arxiv_api` (`ArxivClient`), `notes`. For
many at once: `batcher` (visitors who ask at the same time), `classify_file` with `file_rows` and `export` (a file in,
a file out).
"""
