# %% [markdown]
"""
# Dying ReLU, and its cures

A ReLU gives 0 for every input below 0, and passes no gradient there. If one large step
pushes a unit below 0 for all of the data, no later step can bring it back: it is dead.
This lesson kills units with a learning rate that is too high, lowers it again to see
whether they recover, and then tries what is said to help.
"""

# %%
import keras
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import keras_acts
from keras_acts import layers

plt.style.use(["seaborn-v0_8-whitegrid", "seaborn-v0_8-colorblind"])
x, y = load_digits(return_X_y=True)
x = (x / 16).astype("float32")
x, x_test, y, y_test = train_test_split(x, y, random_state=0, stratify=y)

# %% [markdown]
"""
## The experiment

Three hidden layers, eight epochs. In the first four the learning rate is the one to be
tried, in the last four a careful 0.001. `DiagnosisCallback` looks at each activation
after each epoch; a unit counts as dead that gave 0, and passed no gradient, for all of
the samples that it was shown.
"""


# %%
def trained(activation, learning_rate):
    """Return a trained network, its accuracy, and the share of dead units by epoch."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((64,))])
    for i in range(3):
        start = keras_acts.initializer_for(activation(), seed=i)
        model.add(keras.layers.Dense(64, kernel_initializer=start))
        model.add(activation(name=f"hidden_{i}"))
    model.add(keras.layers.Dense(10))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])

    def rate_of(epoch):
        return learning_rate if epoch < 4 else 0.001

    slower = keras.callbacks.LearningRateScheduler(rate_of)
    watch = keras_acts.DiagnosisCallback(x[:256], verbose=False)
    model.fit(x, y, 64, epochs=8, verbose=0, callbacks=[slower, watch])
    hidden = [watch.history.series("dead")[f"hidden_{i}"] for i in range(3)]
    dead = [sum(shares) / 3 for shares in zip(*hidden, strict=True)]
    return model, model.evaluate(x_test, y_test, verbose=0)[1], dead


relus = {rate: trained(layers.ReLU, rate) for rate in (0.1, 0.05, 0.001)}

# %%
figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
for rate, (_, _, dead) in relus.items():
    axes.plot(dead, "o-", label=f"first {rate}")
axes.axvline(4, color="0.5", linestyle="--", label="from here on 0.001")
axes.set(title="Dead ReLUs", xlabel="epoch", ylabel="share", ylim=(-0.03, 1.03))
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
"""
Units die in the first epoch, and the careful steps afterwards revive none: there is no
gradient that could. `keras_acts.diagnose` says so, and what helps.
"""

# %%
hasty, _, _ = relus[0.05]
for finding in keras_acts.diagnose(hasty, x[:256], verbose=False).findings:
    print(finding.message, *finding.remedy, sep="\n- ")

# %% [markdown]
"""
## The cures

The first cure is the learning rate itself, with weights that begin at the right size:
`initializer_for` gave all of these networks He's initializer, or its like. The others
are activations with a gradient below 0. They get the harmful rate of 0.05.
"""

# %%
found = {f"ReLU, {rate}": (run[1], run[2][-1]) for rate, run in relus.items()}
for cure in (layers.LeakyReLU, layers.PReLU, layers.ELU):
    _, accuracy, dead = trained(cure, 0.05)
    found[f"{cure.__name__}, 0.05"] = accuracy, dead[-1]

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
left.set_title("Accuracy on new digits")
right.set_title("Dead units")
for column, axes in enumerate((left, right)):
    bars = axes.barh(list(found), [row[column] for row in found.values()])
    axes.bar_label(bars, fmt="{:.0%}", padding=3)
    axes.set(xlim=(0, 1.15), xticks=[])
    axes.invert_yaxis()
    axes.grid(visible=False)
plt.show()

# %% [markdown]
"""
The ReLU network of the rate 0.05 is about as accurate as the others: half of its units
are more than digits need. What dies is room to learn, unnoticed in the accuracy, until
at 0.1 too little is left.

## What was claimed, checked

High learning rates kill ReLUs, the higher the more; they stay dead; and the cures have
no dead unit.
"""

# %%
for rate in (0.1, 0.05):
    _, _, dead = relus[rate]
    assert dead[4] > 0.25
    assert dead[-1] > dead[4] - 0.05
assert relus[0.1][2][-1] > relus[0.05][2][-1] > 2 * relus[0.001][2][-1]
for cure in ("LeakyReLU", "PReLU", "ELU"):
    accuracy, dead = found[f"{cure}, 0.05"]
    assert dead == 0
    assert accuracy > 0.85
