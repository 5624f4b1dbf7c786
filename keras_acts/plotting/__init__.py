"""Pictures of activations: f and f′, families, trained layers, all of the catalogue.

`plot` and `overview` draw with matplotlib (the `[plot]` extra), which is imported when
they are called; `curves` returns what is drawn as arrays and needs none.
"""

from keras_acts.plotting.curves import Curve, curves
from keras_acts.plotting.drawing import plot
from keras_acts.plotting.features import Asymptote, Kink
from keras_acts.plotting.grid import overview

__all__ = ["Asymptote", "Curve", "Kink", "curves", "overview", "plot"]
