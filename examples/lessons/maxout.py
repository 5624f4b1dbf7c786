# %% [markdown]
"""
# Maxout draws convex functions

A unit of Maxout is the largest of a few straight lines, and which ones is learned. The
largest of lines is a convex function, and with enough of them it comes as near to any
convex function as you like (Goodfellow et al., 2013). This lesson watches that happen,
and then shows what to do about functions that are not convex.
"""

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

import keras_acts
from keras_acts import layers

plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])
keras.utils.set_random_seed(0)
x = np.linspace(-2, 2, 512, dtype="float32")[:, None]

# %% [markdown]
"""
## Three functions at once

A layer with three units learns a parabola, a V and an exponential, one each. A piece
that is nowhere the largest gets no gradient, so the pieces start as tangents of a flat
parabola: each of them is the largest somewhere.
"""

# %%
TARGETS = {"x²": x**2, "|x − 0.5|": np.abs(x - 0.5), "eˣ": np.exp(x)}
targets = np.concatenate(list(TARGETS.values()), axis=1)


def maxout(units, pieces):
    layer = layers.Maxout(units, pieces)
    layer.build((None, 1))
    slopes = 2 * (2 * np.arange(pieces) + 1) / pieces - 2  # evenly between −2 and 2
    layer.set_weights([np.tile(slopes, units)[None], np.tile(-(slopes**2) / 2, units)])
    return layer


def fitted(stack, y, steps=250):
    """Train on all points at once, with steps that get smaller."""
    model = keras.Sequential([keras.Input((1,)), *stack])
    rate = keras.optimizers.schedules.CosineDecay(0.1, steps)
    model.compile(keras.optimizers.Adam(rate, beta_2=0.95), "mse")
    copies = (np.tile(data, (steps, 1)) for data in (x, y))  # one for each step
    model.fit(*copies, batch_size=len(x), shuffle=False, verbose=0)
    return model.predict(x, batch_size=len(x), verbose=0)


def error(fit, y):
    return np.sqrt(((fit - y) ** 2).mean(axis=0))


learned = {pieces: maxout(3, pieces) for pieces in (1, 2, 4)}
fits = {pieces: fitted([layer], targets) for pieces, layer in learned.items()}
for pieces, fit in fits.items():
    row = zip(TARGETS, error(fit, targets), strict=True)
    print(f"pieces: {pieces},", ", ".join(f"{name} off by {e:.3f}" for name, e in row))

# %%
figure, all_axes = plt.subplots(1, 3, figsize=(9.5, 3.2), layout="constrained")
for i, (axes, name) in enumerate(zip(all_axes, TARGETS, strict=True)):
    axes.plot(x, targets[:, i], color="0.8", linewidth=7, label="target")
    for number, pieces in enumerate((1, 2, 4)):
        axes.plot(x, fits[pieces][:, i], f"C{number}", label=f"pieces: {pieces}")
    axes.set(title=name, xlabel="x")
all_axes[2].legend(loc="upper left")
plt.show()

# %% [markdown]
"""
One piece is linear regression; two are a V, which is all that |x − 0.5| needs. For the
parabola each doubling of the pieces makes the error four times smaller, as theory has
it: straight lines over stretches of length h are off by h² / (6√5). `plot` draws the
trained layer, with a dot wherever one piece takes over from another.
"""

# %%
figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
keras_acts.plot(learned[4], ax=axes, derivative=False, range=(-2, 2))
axes.set_title("Three units of four pieces")
plt.show()

# %% [markdown]
"""
## Functions that are not convex

One unit can't draw a wave: whatever its pieces, it is convex. The difference of two
units can draw any continuous function, and a layer behind Maxout learns such
differences by itself. Here it is a plain difference, unit 1 minus unit 2.
"""

# %%
wave = np.sin(2 * x)
one = fitted([maxout(1, 8)], wave)
difference = keras.layers.Dense(1, use_bias=False, trainable=False)
difference.build((None, 2))
difference.set_weights([np.array([[1.0], [-1.0]])])
two = fitted([maxout(2, 8), difference], wave)
print(f"one unit is off by {error(one, wave)[0]:.3f}, two by {error(two, wave)[0]:.3f}")

# %%
figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
axes.plot(x, wave, color="0.8", linewidth=7, label="sin 2x")
axes.plot(x, one, label="one unit of 8 pieces")
axes.plot(x, two, label="the difference of two")
axes.set(title="A wave", xlabel="x")
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
"""
Not all of the eight pieces are in use: one that is overtaken everywhere gets no
gradient any more. Networks have many units, and can spare some.

## What was claimed, checked

The parabola is approximated as well as theory allows, two pieces are enough for a V,
what one unit has learned is convex, and two units follow the wave.
"""

# %%
for pieces, fit in fits.items():
    theory = (4 / pieces) ** 2 / (6 * np.sqrt(5))
    assert abs(error(fit, targets)[0] / theory - 1) < 0.05
assert error(fits[2], targets)[1] < 0.02
assert np.diff(one[:, 0], 2).min() > -1e-4
assert error(two, wave)[0] < 0.1 < 0.4 < error(one, wave)[0]
