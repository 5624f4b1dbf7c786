"""The callback looks at a network while it is trained, and changes nothing of it."""

from __future__ import annotations

import json
import sys

import keras
import numpy as np
import pytest
from keras.initializers import HeNormal

from keras_acts import DiagnosisCallback, diagnose
from support.networks import blobs, stack

pytestmark = [
    pytest.mark.skipif(
        keras.backend.backend() not in ("torch", "jax", "tensorflow"),
        reason="this backend does not train",
    ),
    pytest.mark.in_turn("what it does beside `diagnose` is Python"),
]

X, Y = blobs(0, samples=128)


def fitted(callback=None, rate=0.01, epochs=2, **settings):
    keras.utils.set_random_seed(1)
    model = stack(2, "relu", kernel=HeNormal, optimizer=keras.optimizers.Adam(rate))
    callbacks = [] if callback is None else [callback]
    model.fit(
        X, Y, batch_size=32, epochs=epochs, verbose=0, callbacks=callbacks, **settings
    )
    return model


@pytest.mark.parametrize(
    ("every", "steps"), [("epoch", (0, 4, 8)), (3, (0, 3, 6)), (1, tuple(range(9)))]
)
def test_it_looks_when_it_is_told_to(every, steps):
    watch = DiagnosisCallback(X, Y, every=every, verbose=False)
    fitted(watch)
    assert watch.history.steps == steps
    assert [one.epoch for one in watch.history.snapshots] == [
        max(0, (step - 1) // 4) for step in steps
    ]


def test_training_goes_on_as_without_it():
    alone = fitted()
    watched = fitted(DiagnosisCallback(X, Y, every=1, verbose=False))
    for one, other in zip(alone.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_drawn_in_training_stays_the_same():
    def weights(*callbacks):
        keras.utils.set_random_seed(1)
        inner = [keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.5)]
        model = keras.Sequential([keras.Input((16,)), *inner, keras.layers.Dense(4)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss)
        model.fit(X, Y, epochs=1, verbose=0, callbacks=list(callbacks))
        return model.get_weights()

    watched = weights(DiagnosisCallback(X, Y, verbose=False))
    for one, other in zip(weights(), watched, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_last_look_is_at_the_weights_after_training():
    watch = DiagnosisCallback(X, Y, verbose=False)
    model = fitted(watch)
    last, now = watch.history.snapshots[-1].diagnosis, diagnose(model, X, Y)
    assert [x.weight for x in last.layers] == pytest.approx(
        [x.weight for x in now.layers]
    )
    assert last.loss == pytest.approx(now.loss, rel=1e-5)
    assert last.loss < watch.history.snapshots[0].diagnosis.loss


def test_units_that_die_in_training(capsys, tmp_path):
    watch = DiagnosisCallback(X, Y, every=2)
    fitted(watch, rate=0.5)
    history = watch.history
    assert history.snapshots[0].diagnosis["dense"].dead < 0.4
    assert history.onset()["dead units"] > 0
    assert not history.healthy
    assert "gave 0 and passed no gradient" in capsys.readouterr().out
    dead = history.series("dead")
    assert list(dead) == ["dense", "dense_1"]
    assert max(dead["dense_1"]) > 0.4
    content = json.loads(history.to_json(tmp_path / "history.json"))
    assert [one["step"] for one in content["snapshots"]] == list(history.steps)
    assert str(history).startswith("step      0: ")


@pytest.mark.parametrize("value", ["dead", "mean", "gradient", "relative_update"])
def test_a_heat_map_over_layers_and_steps(tmp_path, value):
    watch = DiagnosisCallback(X, Y, verbose=False)
    fitted(watch)
    figure = watch.history.heatmap(value, tmp_path / "steps.png")
    (image,) = figure.axes[0].get_images()
    rows = watch.history.series(value)
    assert image.get_array().shape == (len(rows), 3)
    assert (tmp_path / "steps.png").stat().st_size > 1000


def test_steps_per_execution_and_a_second_fit():
    watch = DiagnosisCallback(X, every=4, verbose=False)
    keras.utils.set_random_seed(1)
    model = stack(1, "tanh")
    for _ in range(2):
        model.fit(X, Y, batch_size=32, epochs=1, verbose=0, callbacks=[watch])
    assert watch.history.steps == (0, 4, 4, 8)
    assert watch.history.snapshots[0].diagnosis.layers == ()


def scalars(folder):
    """Read the scalars of TensorBoard's files by tag."""
    tf = pytest.importorskip("tensorflow", reason="its records are read by it")
    found = {}
    for path in folder.iterdir():
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for one in event.summary.value:
                number = float(tf.make_ndarray(one.tensor))
                found.setdefault(one.tag, {})[event.step] = number
                assert one.metadata.plugin_data.plugin_name in ("scalars", "")
    return found


def test_scalars_for_tensorboard(tmp_path):
    watch = DiagnosisCallback(X, Y, log_dir=tmp_path, verbose=False)
    fitted(watch)
    found = scalars(tmp_path)
    for tag, value, name in (
        ("dead/dense", "dead", "dense"),
        ("relative_update/dense_2", "relative_update", "dense_2"),
    ):
        want = dict(
            zip(watch.history.steps, watch.history.series(value)[name], strict=True)
        )
        assert found[tag] == pytest.approx(want)


class Recorded:
    """A writer as torch and tensorboardX have it."""

    def __init__(self, folder):
        self.folder, self.scalars, self.closed = folder, [], False

    def add_scalar(self, name, value, step):
        self.scalars.append((name, value, step))

    def flush(self):
        pass

    def close(self):
        self.closed = True


@pytest.mark.runs_once("it puts a module in the place of torch's or tensorboardX")
def test_the_writer_of_torch(tmp_path, monkeypatch):
    made = []

    class Module:
        @staticmethod
        def SummaryWriter(folder):
            made.append(Recorded(folder))
            return made[-1]

    name = "torch.utils.tensorboard"
    if keras.backend.backend() != "torch":
        pytest.skip("another backend's writer comes first")
    monkeypatch.setitem(sys.modules, name, Module)
    watch = DiagnosisCallback(X, log_dir=tmp_path, verbose=False)
    fitted(watch)
    assert made[0].folder == str(tmp_path)
    assert made[0].closed
    assert ("dead/dense", watch.history.series("dead")["dense"][0], 0) in made[
        0
    ].scalars


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match='must be "epoch" or a positive integer'):
        DiagnosisCallback(X, every=0)
    with pytest.raises(ValueError, match="a generator can't be"):
        DiagnosisCallback(iter([X]))
    with pytest.raises(ValueError, match="the path of a folder"):
        DiagnosisCallback(X, log_dir=3)
    with pytest.raises(ValueError, match="as many samples"):
        DiagnosisCallback(X, Y[:3])
    for name, value in {
        "gradients": "yes",
        "saturated_below": "x",
        "activations": 3,
        "verbose": "x",
    }.items():
        with pytest.raises(ValueError, match=f"`{name}` must be .* Received: "):
            DiagnosisCallback(X, **{name: value})
    watch = DiagnosisCallback(X, verbose=False)
    with pytest.raises(ValueError, match="must be one of"):
        watch.history.series("nothing")
    with pytest.raises(ValueError, match="0 diagnoses"):
        watch.history.heatmap("dead")
    assert str(watch.history) == "no diagnosis yet"
