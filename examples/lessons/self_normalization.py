# %% [markdown]
"""
# SELU normalizes itself

Deep networks need signals that neither fade nor grow from layer to layer, which is what
normalization layers are for. SELU does without: its two constants are chosen so that
mean 0 and variance 1 are a fixed point, to which a layer comes back if its input is a
little off. This lesson sends digits through fifty layers and measures what arrives.
"""

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

import keras_acts

plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])
keras.utils.set_random_seed(0)
x = StandardScaler().fit_transform(load_digits().data).astype("float32")[:512]


# %%
def stack(activation, initializer, dropout=None, layers=50, units=100):
    """Return many layers, which nothing normalizes."""
    model = keras.Sequential([keras.Input((64,))])
    for i in range(layers):
        start = initializer(seed=i)
        model.add(keras.layers.Dense(units, activation, kernel_initializer=start))
        if dropout is not None:
            model.add(dropout(0.1, seed=i))
    return model


# %% [markdown]
"""
## Fifty layers

SELU belongs to LeCun's initializer, a variance of 1 / fan_in; ReLU to He's. Those are
what `initializer_for` returns. The third network has SELU with He's, a common mistake.
"""

# %%
for name in ("selu", "relu"):
    print(name, type(keras_acts.initializer_for(name)).__name__)
lecun, he = keras.initializers.LecunNormal, keras.initializers.HeNormal
networks = {
    "SELU, LeCun": stack("selu", lecun),
    "ReLU, He": stack("relu", he),
    "SELU, He": stack("selu", he),
}
reports = {
    name: keras_acts.diagnose(model, x, batch_size=512, verbose=False)
    for name, model in networks.items()
}

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for name, report in reports.items():
    axes[0].plot([row.mean for row in report.activations], label=name)
    axes[1].plot([row.deviation for row in report.activations], label=name)
axes[0].set(title="Mean of a layer's outputs", xlabel="layer", ylim=(-1, 4))
axes[1].set(title="Standard deviation", xlabel="layer", ylim=(0, 4))
axes[0].legend()
plt.show()

# %% [markdown]
"""
SELU stays at mean 0 and deviation 1. ReLU with He's weights keeps the size of the
signal, about, but not its mean: everything drifts to one side, and all digits become
more and more alike. SELU with He's weights grows from layer to layer.
`keras_acts.check` sees that mistake without data.
"""

# %%
for finding in list(keras_acts.check(networks["SELU, He"]))[:1]:
    print(finding.rule, finding.message, sep="\n")


# %% [markdown]
"""
How alike? The cosine between what two digits have become, averaged over many pairs; at
1 the network can't tell them apart any more.
"""


# %%
def likeness(model):
    """Return the mean cosine between the outputs for different digits."""
    out = model.predict(x, batch_size=512, verbose=0)
    out = out / np.linalg.norm(out, axis=1, keepdims=True)
    cosines = out @ out.T
    return (cosines.sum() - len(out)) / (len(out) * (len(out) - 1))


alike = {name: likeness(networks[name]) for name in ("SELU, LeCun", "ReLU, He")}
print({name: round(float(value), 3) for name, value in alike.items()})

# %% [markdown]
"""
## Dropout has to fit

Dropout sets units to 0 and enlarges the others, which keeps the mean but not the
variance. `AlphaDropout` sets units to the value that SELU has far to the left, and
rescales: mean and variance stay.
"""


# %%
def deviations(model):
    """Return the deviation behind each dropout layer, as in training."""
    signal, found = keras.ops.convert_to_tensor(x), []
    for layer in model.layers:
        signal = layer(signal, training=True)
        if "dropout" in layer.name:
            found.append(keras.ops.convert_to_numpy(signal).std())
    return found


after = {
    "AlphaDropout": deviations(stack("selu", lecun, keras.layers.AlphaDropout, 20)),
    "Dropout": deviations(stack("selu", lecun, keras.layers.Dropout, 20)),
}

# %%
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for name, values in after.items():
    axes.plot(values, label=name)
axes.set(title="SELU behind dropout of 10%", xlabel="layer", ylim=(0.8, 1.4))
axes.set_xticks(range(0, 20, 5))
axes.set_ylabel("standard deviation")
axes.legend()
plt.show()

# %% [markdown]
"""
## What was claimed, checked

Behind each of fifty layers SELU is normalized: mean and deviation are those of a unit
normal, nearly. ReLU is nowhere, and makes digits alike. AlphaDropout keeps the
deviation, Dropout doesn't.
"""

# %%
assert all(row.normalized for row in reports["SELU, LeCun"].activations)
assert not any(row.normalized for row in reports["ReLU, He"].activations)
assert not any(row.normalized for row in reports["SELU, He"].activations[2:])
assert alike["SELU, LeCun"] < 0.5 < 0.9 < alike["ReLU, He"]
assert abs(np.mean(after["AlphaDropout"]) - 1) < 0.05
assert np.mean(after["Dropout"]) > 1.05
