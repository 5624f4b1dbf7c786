# %% [markdown]
"""
# What slopes PReLU learns, layer by layer

PReLU is a ReLU whose slope below 0 is learned, one for each channel, from 0.25 on. In
the network of He et al. (2015) the first layer learned large slopes, which keep both
signs of its edge detectors, and later layers smaller ones, which decide more. Does a
small network on digits do the same? This lesson trains three of them and looks.
"""

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import keras_acts
from keras_acts import layers

plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])
images = (load_digits().images / 16).astype("float32")[..., None]
train, test, y_train, y_test = train_test_split(
    images, load_digits().target, random_state=0
)


# %%
def network():
    start = keras_acts.initializer_for("prelu", slope=0.25)
    hidden = []
    for i, filters in enumerate((12, 12, 24, 24)):
        strides = 2 if i == 2 else 1
        hidden += [
            keras.layers.Conv2D(
                filters, 3, strides, "same", kernel_initializer=start.clone()
            ),
            layers.PReLU(name=f"prelu_{i + 1}"),
        ]
    pooled = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((8, 8, 1)), *hidden, *pooled])


# %% [markdown]
"""
`initializer_for` takes the slope into account: a PReLU that lets a quarter through
below 0 needs somewhat smaller weights than a ReLU. He et al. advise against weight
decay on slopes, which would draw them to ReLU; ours have none unless you ask.
"""

# %%
print(f"He's gain: {keras_acts.initializer_for('relu').scale:.3f} for ReLU,")
print(f"{keras_acts.initializer_for('prelu', slope=0.25).scale:.3f} for PReLU at 0.25")
NAMES = [f"prelu_{i + 1}" for i in range(4)]
slopes, accuracies = {name: [] for name in NAMES}, []
keras.utils.set_random_seed(0)
for _ in range(3):
    model = network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss, metrics=["accuracy"])
    model.fit(train, y_train, 64, epochs=10, verbose=0)
    accuracies.append(model.evaluate(test, y_test, verbose=0)[1])
    for name in NAMES:
        slopes[name].extend(model.get_layer(name).get_weights()[0].ravel())
print("accuracies", [round(one, 3) for one in accuracies])

# %% [markdown]
"""
## Layer by layer

A point is a channel of one of the three networks; the line is where all of them began.
"""

# %%
figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
scatter = np.random.default_rng(0)
for i, values in enumerate(slopes.values()):
    beside = i + scatter.uniform(-0.18, 0.18, len(values))
    axes.scatter(beside, values, s=14, alpha=0.6)
    axes.hlines(np.mean(values), i - 0.3, i + 0.3, color="k", linewidth=2)
axes.axhline(0.25, color="0.5", linestyle="--", zorder=0)
axes.set(title="Learned slopes, and their means", ylabel="slope", xticks=range(4))
axes.set_xticklabels([f"layer {i + 1}" for i in range(4)])
plt.show()

# %% [markdown]
"""
The first layer departs furthest from where it started: some of its channels pass both
signs nearly alike, as a linear detector does, others hardly anything below 0. Its
slopes are also the largest on average, as He et al. found, and the last layer's are the
smallest. `plot` draws a trained layer as it is, a curve a channel:
"""

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for ax, name in zip(axes, ("prelu_1", "prelu_4"), strict=True):
    keras_acts.plot(model.get_layer(name), ax=ax, derivative=False, range=(-3, 1.5))
    ax.set(
        title=name.replace("prelu_", "layer "),
        ylim=(-2, 1.5),
        xticks=(-3, -2, -1, 0, 1),
    )
    ax.get_legend().remove()
plt.show()

# %% [markdown]
"""
## What was claimed, checked

In the first layer slopes are larger on average than in the last, and differ more from
channel to channel than in any other.
"""

# %%
means = [np.mean(values) for values in slopes.values()]
spreads = [np.std(values) for values in slopes.values()]
print("means", np.round(means, 3), "spreads", np.round(spreads, 3))
assert np.median(accuracies) > 0.8
assert means[0] > means[-1]
assert spreads[0] > max(spreads[1:])
