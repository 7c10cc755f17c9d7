"""From a corpus to cached arrays: encoder vectors and TF-IDF scores of every article, computed once for `head.py`.

`build.embed_corpus` makes a cache and `cache.open_cache` reads it. `engine` says where the encoder runs: in this
process, or in many under Ray (`ray_engine`), always over the same `shards`. `tfidf` is the linear model
over words, `out_of_fold` what keeps it from scoring an article that it was fitted on, `vectors` arithmetic on vectors.
"""
