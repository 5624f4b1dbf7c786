# %% [markdown]
"""
# Swish learns its beta

Swish is x · σ(βx). At β = 0 it is the line x / 2, at β = 1 it is also named SiLU, and
the larger β, the more it is a ReLU. So a network that learns β chooses by itself
between the linear and the hinged (Ramachandran et al., 2017). First a task whose right
β is known, then digits, where it is not.
"""

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import keras_acts
from keras_acts import functional, layers

plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])
keras.utils.set_random_seed(0)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
keras_acts.plot("swish", vary={"beta": [0, 0.5, 1, 2, 8]}, axes=axes)
axes[0].set_title("Swish for some β")
axes[1].set_title("Its derivative")
plt.show()

# %% [markdown]
"""
## A right answer exists

The data is a Swish of some β. A network of that one layer starts at β = 1 and sees
nothing but inputs and outputs.
"""

# %%
x = np.random.default_rng(0).normal(scale=2, size=(512, 1)).astype("float32")


def watched(model):
    """Return the betas of a model by layer, and a callback that adds to them."""
    swishes = [layer for layer in model.layers if isinstance(layer, layers.Swish)]
    betas = {layer.name: [1.0] for layer in swishes}

    def add(*_):
        for layer in swishes:
            betas[layer.name].append(float(layer.get_weights()[0]))

    return betas, keras.callbacks.LambdaCallback(on_epoch_end=add)


paths = {}
for right in (0.1, 0.5, 2.0, 3.0):
    y = keras.ops.convert_to_numpy(functional.swish(x, beta=right))
    model = keras.Sequential([keras.Input((1,)), layers.Swish(learnable=True)])
    model.compile(keras.optimizers.Adam(0.2), "mse")
    betas, watch = watched(model)
    model.fit(x, y, batch_size=64, epochs=20, verbose=0, callbacks=[watch])
    (paths[right],) = betas.values()

# %%
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for number, (right, path) in enumerate(paths.items()):
    axes.axhline(right, color=f"C{number}", linestyle=":")
    axes.plot(path, f"C{number}", label=f"{path[-1]:.2f} learned, {right} right")
axes.set(title="Learned and right β", xlabel="epoch", ylabel="β", ylim=(-0.2, 4.5))
axes.set_xticks(range(0, 21, 5))
axes.legend(ncols=2)
plt.show()

# %% [markdown]
"""
## Digits

A network of three hidden layers, each with a β of its own.
"""

# %%
images, digits = load_digits(return_X_y=True)
images = (images / 16).astype("float32")
train, test, y_train, y_test = train_test_split(images, digits, random_state=0)
start = keras_acts.initializer_for("swish")
stack = [keras.Input((64,))]
for i in range(3):
    stack.append(keras.layers.Dense(48, kernel_initializer=start.clone()))
    stack.append(layers.Swish(learnable=True, name=f"layer_{i + 1}"))
model = keras.Sequential([*stack, keras.layers.Dense(10)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
betas, watch = watched(model)
model.fit(train, y_train, 32, epochs=12, verbose=0, callbacks=[watch])
accuracy = model.evaluate(test, y_test, verbose=0)[1]
print(f"accuracy {accuracy:.3f}")
print({name: round(path[-1], 2) for name, path in betas.items()})

# %%
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for name, path in betas.items():
    axes.plot(path, label=name.replace("_", " "))
axes.set(title="β while digits are learned", xlabel="epoch", ylabel="β")
axes.legend()
plt.show()

# %% [markdown]
"""
β moves a little, here upwards, and the network is as good as it would be without: on
most tasks a β of 1 is near enough, which is why SiLU is what libraries have. It is
learned for the price of one number a layer.

## What was claimed, checked

Where there is a right β it is found, from below and from above. On digits each β is
still between the linear and the hinged.
"""

# %%
for right, path in paths.items():
    assert path[0] == 1
    assert abs(path[-1] - right) < 0.1 * right + 0.02
for path in betas.values():
    assert path[-1] != 1
    assert 0.5 < path[-1] < 3
assert accuracy > 0.9
