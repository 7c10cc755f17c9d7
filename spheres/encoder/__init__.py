"""A frozen encoder: a title and an abstract in, one vector out.

`hub` finds an encoder's files (`find_encoder`, `fetch`), `tokenizer` lays title and abstract out as token ids, and
`encoder` computes the vectors (`Encoder.load`, `Encoder.tokenize`, `Encoder.encode`), through `bf16_layers` where the
processor computes in bf16. Nothing here knows of groups, caches or heads.
"""
