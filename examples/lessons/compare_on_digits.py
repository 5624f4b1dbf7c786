# %% [markdown]
"""
# Ten activations on digits, with confidence intervals

Which activation is best? One run of each says little: another seed turns the order
about. This lesson trains twelve networks of each of ten activations, with split and
weights of their own, and asks of each activation how much it differs from ReLU, with a
confidence interval. Then it holds the result against what the guide,
`keras_acts.suggest`, claims.
"""

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops
from scipy.stats import bootstrap
from sklearn.datasets import load_digits
from sklearn.model_selection import ShuffleSplit

import keras_acts
from keras_acts import layers

plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])
NETWORKS, DEPTH, WIDTH = 12, 6, 32
ACTIVATIONS = {
    "linear": layers.Linear,
    "sigmoid": layers.Sigmoid,
    "tanh": layers.Tanh,
    "relu": layers.ReLU,
    "leaky_relu": layers.LeakyReLU,
    "prelu": lambda: layers.PReLU(sharing="none"),  # each network its own slopes
    "elu": layers.ELU,
    "selu": layers.SELU,
    "gelu": layers.GELU,
    "swish": layers.Swish,
}

# %% [markdown]
"""
## Twelve networks at once

The networks are small, so twelve of them are trained as one model with an axis for the
networks: `EinsumDense` keeps them apart. Each has a split of its own into digits for
training and for testing, the same for all activations, so that differences are paired.
"""

# %%
images, digits = load_digits(return_X_y=True)
images = (images / 16).astype("float32")
splits = ShuffleSplit(NETWORKS, test_size=0.25, random_state=0).split(images)
train, test = (np.stack(rows, axis=1) for rows in zip(*splits, strict=True))


def dense(units, start):
    """Return a Dense layer for each of the networks."""

    def kernels(shape, dtype=None):
        return ops.stack([start(shape[1:], dtype) for _ in range(shape[0])])

    shape = (NETWORKS, units)
    return keras.layers.EinsumDense(
        "bni,nio->bno", shape, bias_axes="no", kernel_initializer=kernels
    )


def accuracies(name, epochs=10):
    """Return the accuracy of each network on the digits that it hasn't seen."""
    keras.utils.set_random_seed(0)
    make = ACTIVATIONS[name]
    seeds = keras.random.SeedGenerator(0)
    start = keras_acts.initializer_for(name, seed=seeds)
    model = keras.Sequential([keras.Input((NETWORKS, 64))])
    for _ in range(DEPTH):
        model.add(dense(WIDTH, start))
        model.add(make())
    model.add(dense(10, keras_acts.initializer_for("softmax", seed=seeds)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss)
    model.fit(images[train], digits[train], 128, epochs, verbose=0)
    answers = model.predict(images[test], batch_size=512, verbose=0).argmax(axis=-1)
    return (answers == digits[test]).mean(axis=0)


found = {name: accuracies(name) for name in ACTIVATIONS}
for name, values in found.items():
    low, high = values.min(), values.max()
    print(f"{name:10} {values.mean():.3f}, from {low:.3f} to {high:.3f}")

# %% [markdown]
"""
## How sure is that?

The difference to ReLU, network by network, and a confidence interval of its mean by
SciPy's `bootstrap`. Nine comparisons have nine chances to be wrong: for 95% of all
together, each gets a confidence of 1 − 0.05 / 9 (Bonferroni).
"""


# %%
def interval(values):
    """Return the mean of some values, and the ends of its confidence interval."""
    rng = np.random.default_rng(0)
    ends = bootstrap((values,), np.mean, confidence_level=1 - 0.05 / 9, rng=rng)
    return values.mean(), *ends.confidence_interval


others = [name for name in ACTIVATIONS if name != "relu"]
points = {name: interval(100 * (found[name] - found["relu"])) for name in others}
for name, (mean, low, high) in points.items():
    print(f"{name:10} {mean:+6.1f} points, {low:+6.1f} to {high:+6.1f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
scatter = np.random.default_rng(0)
for i, values in enumerate(found.values()):
    left.scatter(values, i + scatter.uniform(-0.2, 0.2, NETWORKS), s=10, color="C0")
left.set(title="Accuracy on new digits, a point a network", xlim=(0, 1))
left.set(yticks=range(len(found)), yticklabels=list(found))
left.invert_yaxis()
shown = [name for name in others if name != "sigmoid"]
for i, name in enumerate(shown):
    mean, low, high = points[name]
    right.plot([low, high], [i, i], "C0", linewidth=2.5)
    right.plot(mean, i, "C0o")
right.axvline(0, color="0.4", linestyle="--")
right.set(title="Difference to ReLU", xlabel="percentage points")
right.set(yticks=range(len(shown)), yticklabels=shown)
right.invert_yaxis()
plt.show()

# %% [markdown]
"""
Sigmoid is missing on the right: six layers of it don't begin to learn. All others lie
within a few points, and most intervals include 0, or nearly do. Even the linear
network, whose six layers are no more than one, comes near: these digits are an easy
task, which is the first thing to know about such a comparison.

## What the guide says

For dense networks of this depth it has these, and advises against some:
"""

# %%
advice = keras_acts.suggest(network="dense", depth=DEPTH)
print("take", *(one.activation for one in advice.suggestions))
print("avoid", *(one.activation for one in advice.avoid))

# %% [markdown]
"""
- **Avoid sigmoid in deep stacks**: plain to see.
- **ReLU, SELU, LeakyReLU, ELU are good for dense layers**: none is clearly worse than
  ReLU; ELU and SELU, whose means are nearer to 0, are even a little ahead of it here.
- **Avoid tanh**: not seen here. Its gradient at 0 is 1, and six layers with Glorot's
  weights and Adam are not deep enough for it to vanish. A warning is no law: measure on
  your task.

## What was claimed, checked
"""

# %%
mean, low, high = points["sigmoid"]
assert high < -30
for one in advice.suggestions:
    if one.activation.lower() in points:
        mean, low, high = points[one.activation.lower()]
        assert high > -2
assert points["elu"][0] > -1
assert points["selu"][0] > -1
assert points["tanh"][0] > -2
