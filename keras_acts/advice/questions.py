"""What `suggest` can be asked: the values of its arguments, and what each means."""

from __future__ import annotations

from collections.abc import Mapping

ROLES: Mapping[str, str] = {
    "hidden": "all layers but the last",
    "output": "the last layer",
}

TASKS: Mapping[str, str] = {
    "regression": "any real number",
    "positive_regression": "a number above 0, such as a price or a variance",
    "count": "how many: 0, 1, 2, …",
    "bounded_regression": "a number between two bounds",
    "binary": "yes or no",
    "multi_label": "any number of labels at once",
    "multi_class": "one of several classes that exclude one another",
    "segmentation": "a class for each pixel",
    "language_model": "the next token",
    "image_generation": "the pixels of an image",
}

NETWORKS: Mapping[str, str] = {
    "dense": "a stack of Dense layers",
    "cnn": "convolutions",
    "rnn": "LSTM, GRU and other recurrent layers",
    "transformer": "attention, and feed-forward layers between",
    "gan": "a generator and a discriminator",
    "self_normalizing": "Dense layers without normalization layers",
    "implicit": "from coordinates to a signal, as in SIREN",
}

CONSTRAINTS: Mapping[str, str] = {
    "speed": "as little time as possible",
    "accuracy": "time matters less",
    "dead_units": "ReLUs have died, or might",
    "mobile": "small devices, and low precision",
    "smooth": "derivatives of the network are needed",
    "zero_mean": "activations with a mean near 0",
    "no_normalization": "no BatchNormalization or LayerNormalization",
    "learnable": "the activation itself may learn",
    "sparsity": "many exact zeros",
    "periodic": "the data repeats",
}

DEPTHS: Mapping[str, int] = {"shallow": 3, "deep": 20, "very_deep": 50}
"""Names of depths, and the number of layers that each stands for."""

DEEP, VERY_DEEP = 6, 40
"""From how many layers a network counts as deep: gradients vanish behind sigmoids, and
Swish has been seen to train better than ReLU."""

SYNONYMS: Mapping[str, str] = {
    "multiclass classification": "multi_class",
    "multilabel classification": "multi_label",
    "binary classification": "binary",
    "semantic segmentation": "segmentation",
    "poisson regression": "count",
    "mlp": "dense",
    "feed forward": "dense",
    "fully connected": "dense",
    "convolutional": "cnn",
    "conv": "cnn",
    "recurrent": "rnn",
    "lstm": "rnn",
    "gru": "rnn",
    "attention": "transformer",
    "siren": "implicit",
    "fast": "speed",
    "dying relu": "dead_units",
    "zero centred": "zero_mean",
    "zero centered": "zero_mean",
}
"""Other words for what can be asked."""

SEVERAL: Mapping[str, str] = {
    "classification": "'binary', 'multi_label' or 'multi_class'",
}
"""Words that leave open which of several is meant."""
