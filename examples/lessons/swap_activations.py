# %% [markdown]
"""
# Change a trained model's activations

A model that is trained has weights that fit its activations. Can you replace those
without training again? By the same function from this package, always. By another one,
it depends on how near it is, which this lesson measures: it trains a plain Keras model,
exchanges its activations, looks at the accuracy, and exports what is good enough to
ONNX.
"""

# %%
import tempfile
from functools import partial
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from keras_acts import layers
from keras_acts.export import export_model

plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])
keras.utils.set_random_seed(0)
images = (load_digits().images / 16).astype("float32")[..., None]
train, test, y_train, y_test = train_test_split(
    images, load_digits().target, random_state=0
)

# %% [markdown]
"""
## A model of Keras, nothing else

One activation is a layer, the others are arguments of layers. It is saved and loaded,
as a model would be that somebody trained long ago.
"""

# %%
model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(16, 3, padding="same"),
        keras.layers.ReLU(),
        keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        keras.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy")
model.fit(train, y_train, batch_size=64, epochs=8, verbose=0)
folder = Path(tempfile.mkdtemp())
model.save(folder / "digits.keras")
trained = keras.models.load_model(folder / "digits.keras")

# %% [markdown]
"""
## The same functions, from here

`from_keras` returns a new model with the same weights, in which each of Keras's
activations is the layer of this package. Nothing else changes, its answers neither.
"""

# %%
ours = layers.from_keras(trained)
answers = trained.predict(test, verbose=0)
difference = np.abs(ours.predict(test, verbose=0) - answers).max()
print(f"largest difference of a probability: {difference:.1e}")
for layer in ours.layers:
    inner = type(getattr(layer, "activation", layer)).__name__
    print(f"{layer.name:10} {type(layer).__name__:8} {inner}")

# %% [markdown]
"""
## Other functions

`clone_model` asks for each layer what to put in its place, so another activation takes
a few lines. First LeakyReLU, with slopes from 0, which is ReLU, to 1, which is no
activation at all.
"""


# %%
def with_activation(make):
    """Return the trained model with other activations in place of its ReLUs."""

    def replaced(layer):
        if isinstance(layer, layers.ReLU):
            return make()
        copy = type(layer).from_config(layer.get_config())
        if isinstance(getattr(copy, "activation", None), layers.ReLU):
            copy.activation = make()
        return copy

    changed = keras.models.clone_model(ours, clone_function=replaced)
    changed.set_weights(ours.get_weights())
    return changed


def accuracy(model):
    found = keras.ops.convert_to_numpy(model(test)).argmax(axis=1)
    return float((found == y_test).mean())


original = accuracy(trained)
slopes = (0.0, 0.01, 0.1, 0.2, 0.4, 0.7, 1.0)
by_slope = {}
for slope in slopes:
    leaky = with_activation(partial(layers.LeakyReLU, slope))
    by_slope[slope] = accuracy(leaky)

# %% [markdown]
"""
And others that people would like to have instead: for smoothness, for speed, for a
device that computes in low precision.
"""

# %%
others = (layers.ReLU, layers.ReLU6, layers.GELU, layers.Swish, layers.HardSwish)
by_name = {make.__name__: accuracy(with_activation(make)) for make in others}

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
left.plot(slopes, list(by_slope.values()), "o-")
left.axhline(original, color="0.5", linestyle="--", label="ReLU, as trained")
left.set(title="LeakyReLU in its place", xlabel="slope below 0", ylim=(0, 1.05))
left.set_ylabel("accuracy on new digits")
left.legend(loc="lower left")
bars = right.barh(list(by_name), list(by_name.values()), color="C1")
right.bar_label(bars, fmt="{:.0%}", padding=3)
right.set(title="Others in its place", xlim=(0, 1.15), xticks=[])
right.invert_yaxis()
right.grid(visible=False)
plt.show()

# %% [markdown]
"""
A slope of 0.01 changes nothing that counts: a model with dying ReLUs can be given
LeakyReLU and trained on from there. The further the function is from ReLU, the more is
lost, and only training brings that back.

## Export what is good

`export_model` writes a file only after onnxruntime has answered as the model does.
"""

# %%
leaky = with_activation(partial(layers.LeakyReLU, 0.01))
report = export_model(leaky, folder / "leaky.onnx", inputs=test[:32])
print(report)

# %% [markdown]
"""
## What was claimed, checked

The exchange itself changes no answer, and can be taken back by `to_keras`; a small
slope costs nothing, and no activation at all costs a lot; the exported file is
verified.
"""

# %%
assert difference < 1e-6
back = layers.to_keras(ours).predict(test, verbose=0)
assert np.abs(back - answers).max() < 1e-6
assert by_slope[0.0] == original > 0.9
assert abs(by_slope[0.01] - original) < 0.02
assert by_slope[1.0] < original - 0.05
assert report.passed
