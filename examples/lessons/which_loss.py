# %% [markdown]
"""
# Which loss goes with which output

A sigmoid that is sure of itself is flat. If it is sure of the wrong answer, it has to
learn most, and a loss that sends its gradient through the flat part can't teach it.
Squared error is such a loss; cross-entropy is not. This lesson measures both gradients,
and then lets a network start from a wrong answer.
"""

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops
from sklearn.datasets import load_digits

import keras_acts
from keras_acts import functional
from keras_acts.plotting import curves

plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])
keras.utils.set_random_seed(0)

# %% [markdown]
"""
## The gradient, measured

The label is 1, and the sigmoid gets the logit z: at z = −10 it answers 0.00005. Both
losses are Keras's own, as functions of z. `curves` differentiates them with the
backend's automatic differentiation.
"""


# %%
def squared_error(z):
    answer = functional.sigmoid(z)[..., None]
    return keras.losses.mean_squared_error(ops.ones_like(answer), answer)


def cross_entropy(z):
    answer = functional.sigmoid(z)[..., None]
    return keras.losses.binary_crossentropy(ops.ones_like(answer), answer)


measured = dict(
    zip(
        ("squared error", "cross-entropy"),
        curves(squared_error, cross_entropy, range=(-12, 4)),
        strict=True,
    )
)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for name, curve in measured.items():
    left.plot(curve.x, curve.y, label=name)
    right.plot(curve.x, np.abs(curve.slope), label=name)
left.set(title="Loss for the label 1", xlabel="z", ylim=(-0.3, 6))
right.set(title="Size of its gradient", xlabel="z", yscale="log", ylim=(3e-6, 5))
left.legend()
plt.show()

# %% [markdown]
"""
The left picture has the reason: far to the left squared error is a plateau at 1, and
the worst answers cost all the same. Cross-entropy goes on rising. The factor σ′(z),
which vanishes, is in both gradients; cross-entropy divides by σ(z), which cancels it.
"""

# %%
gradient = {name: np.interp(-10, c.x, c.slope) for name, c in measured.items()}
for name, value in gradient.items():
    print(f"gradient of {name} at z = -10: {value:.2g}")

# %% [markdown]
"""
## What that does to training

Threes and eights of scikit-learn's digits. The output starts with a bias of −8: it says
"three" to everything, and is sure of it. Nothing differs between the two runs but the
loss.
"""

# %%
images, digits = load_digits(return_X_y=True)
chosen = np.isin(digits, (3, 8))
x = (images[chosen] / 16).astype("float32")
y = (digits[chosen] == 8).astype("float32")[:, None]


def sure_of_three():
    bias = keras.initializers.Constant(-8.0)
    output = keras.layers.Dense(1, activation="sigmoid", bias_initializer=bias)
    return keras.Sequential([keras.Input((64,)), output])


accuracy = {}
for name, loss in (("squared error", "mse"), ("cross-entropy", "binary_crossentropy")):
    keras.utils.set_random_seed(0)
    model = sure_of_three()
    sgd = keras.optimizers.SGD(0.1)
    model.compile(sgd, loss, metrics=[keras.metrics.BinaryAccuracy(name="accuracy")])
    accuracy[name] = model.fit(x, y, epochs=30, verbose=0).history["accuracy"]

figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for name, values in accuracy.items():
    axes.plot(range(1, 31), values, label=name)
axes.set(title="Three or eight?", xlabel="epoch", ylabel="accuracy", ylim=(0.4, 1.02))
axes.legend()
plt.show()

# %% [markdown]
"""
`keras_acts.check` finds such a pair before anything is trained, and `suggest` says
which loss belongs to which output.
"""

# %%
print(keras_acts.check(sure_of_three(), loss="mse"))
print(keras_acts.suggest(task="binary"))

# %% [markdown]
"""
## What was claimed, checked

At z = −10 cross-entropy's gradient is nearly −1, and squared error's is ten thousand
times smaller. With the first the network learns to tell the digits apart; with the
second it still says "three" to everything.
"""

# %%
assert -1 < gradient["cross-entropy"] < -0.99
assert 0 < gradient["squared error"] / gradient["cross-entropy"] < 1e-4
assert accuracy["cross-entropy"][-1] > 0.95
assert accuracy["squared error"][-1] < 0.6
