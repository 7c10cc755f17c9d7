"""The trained head: from cached arrays to calibrated probabilities and prediction sets, saved as a bundle.

`network` is the head itself and `train` its training loop; `recipe` names the ways of making one out of a cache, and
`fit.train` does it. `calibration` (temperature scaling, conformal sets), `prediction_sets` (which groups are named at a
threshold), `ood` (out-of-distribution detection) and `projection` (the map's plane) stand beside it; `bundle.Bundle`
saves and loads all of them together. `metrics` and `evaluate` measure. It sees arrays only, never texts.
"""
