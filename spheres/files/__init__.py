"""Files on disk, whatever they hold: written whole or not at all, checked by sha256, and resumed after an interruption.

`atomic` writes and reads the safe formats (safetensors, npy without pickle, JSON); `manifest` lists files with their
checksums; `checkpoint` keeps what an interrupted run has done, and holds the lock that lets one run write at a time.
Nothing here knows what an article is.
"""
