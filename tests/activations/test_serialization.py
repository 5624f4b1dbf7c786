"""Models with each activation: kept in files and configurations, and brought back.

All models are saved once; one fresh process for each backend loads them all. Where
every backend runs, their files are found to be the same, and the first one's alone are
loaded on the others. Models of hosts take JAX minutes to run: they answer on the first.
"""

import copy
import functools
import json
import pickle

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import layers
from support import backends, models, process
from support.rows import CASES, each_row, one_of_each_kind
from support.runs.evidence import record_file
from support.tolerances import assert_close_across_backends

pytestmark = pytest.mark.in_turn("what Keras and this package do, whatever the backend")

HERE = keras.backend.backend()
ELSEWHERE = [name for name in backends.BACKENDS if name != HERE]
HOSTS_ANSWER = backends.FIRST == HERE


def _keeps_shape(case):
    """Whether the activation fits behind a layer of any rank that fixes its shape."""
    tied_to_shape = case.kwargs.get("sharing") == "none" or "shared_axes" in case.kwargs
    return (
        not tied_to_shape
        and 2 in case.ranks
        and case.kwargs.get("data_format") != "channels_first"
        and case.make().compute_output_shape((None, 6)) == (None, 6)
    )


CHAOTIC = {"Sine"}
"""Rows that multiply the backends' last digit, by 30 at each step of a host's."""

HOSTED = one_of_each_kind(
    [case for case in CASES if _keeps_shape(case) and case.id not in CHAOTIC]
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the folder with every model, and what each answered before."""
    folder = tmp_path_factory.mktemp("saved")
    keras.backend.clear_session()  # names are saved too, and are counted
    keras.utils.set_random_seed(20)  # what ran before in this process drew numbers
    answers = {}
    for case in CASES:
        model = models.one_layer(case)
        stem = folder / f"alone-{_stem(case)}"
        answers[stem.name] = models.sample_outputs(model)
        model.save(f"{stem}.keras")
        model.save_weights(f"{stem}.weights.h5")
        stem.with_name(f"{stem.name}.json").write_text(model.to_json())
        stem.with_name(f"{stem.name}.pickle").write_bytes(pickle.dumps(model))
    for case in HOSTED:
        model = models.hosts(case)
        stem = folder / f"hosts-{_stem(case)}"
        if HOSTS_ANSWER:
            answers[stem.name] = models.sample_outputs(model)
        model.save(f"{stem}.keras")
    return folder, answers


def _stem(case):
    return str(CASES.index(case))


@pytest.fixture(scope="module")
def reloaded(saved):
    """Return a function: what each model answered in a fresh process on a backend."""
    folder, _ = saved

    @functools.cache
    def answers(backend):
        forms = (".keras", ".json", ".pickle") if backend == HERE else (".keras",)
        patterns = [f"alone-*{form}" for form in forms]
        if HOSTS_ANSWER:
            patterns.append("hosts-*.keras")
        done = process.python(
            "-m", "support.reload", str(folder), *patterns, backend=backend
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return models.read_outputs(folder / f"{backend}.npz")

    return answers


loads_elsewhere = pytest.mark.runs_once("test_files_are_the_same_on_every_backend")
hosts_answer = pytest.mark.skipif(
    not HOSTS_ANSWER, reason=f"models of hosts answer on {backends.FIRST}"
)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alone", "hosts"])
def test_files_are_the_same_on_every_backend(name, saved):
    folder, _ = saved
    paths = sorted(folder.glob(f"{name}-*.keras"))
    assert len(paths) == len({"alone": CASES, "hosts": HOSTED}[name])
    for path in paths:
        record_file(models.content_digest(path))


@pytest.mark.slow
@pytest.mark.parametrize("form", [".keras", ".json", ".pickle"])
@each_row(CASES)
def test_fresh_process_answers_bit_for_bit(case, form, saved, reloaded):
    before = saved[1][f"alone-{_stem(case)}"]
    after = reloaded(HERE)[f"alone-{_stem(case)}{form}"]
    np.testing.assert_array_equal(after, before)


@pytest.mark.slow
@loads_elsewhere
@pytest.mark.parametrize("backend", ELSEWHERE)
@each_row(CASES)
def test_other_backend_answers_alike(case, backend, saved, reloaded):
    before = saved[1][f"alone-{_stem(case)}"]
    after = reloaded(backend)[f"alone-{_stem(case)}.keras"]
    for y, want in zip(after, before, strict=True):
        assert_close_across_backends(y, want)


@pytest.mark.slow
@hosts_answer
@each_row(HOSTED)
def test_hosts_in_fresh_process_answer_bit_for_bit(case, saved, reloaded):
    before = saved[1][f"hosts-{_stem(case)}"]
    after = reloaded(HERE)[f"hosts-{_stem(case)}.keras"]
    for y, want in zip(after, before, strict=True):
        np.testing.assert_array_equal(y, want)


@pytest.mark.slow
@loads_elsewhere
@hosts_answer
@pytest.mark.parametrize("backend", ELSEWHERE)
@each_row(HOSTED)
def test_hosts_under_other_backend_answer_alike(case, backend, saved, reloaded):
    before = saved[1][f"hosts-{_stem(case)}"]
    after = reloaded(backend)[f"hosts-{_stem(case)}.keras"]
    for y, want in zip(after, before, strict=True):
        assert_close_across_backends(y, want)


def _clone(model):
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    return twin


COPIES = {"clone": _clone, "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("form", COPIES)
@each_row(CASES)
def test_copy_answers_bit_for_bit(case, form):
    model = models.one_layer(case)
    twin = COPIES[form](model)
    assert not {id(w) for w in twin.weights} & {id(w) for w in model.weights}
    np.testing.assert_array_equal(
        models.sample_outputs(twin), models.sample_outputs(model)
    )


@each_row(CASES)
def test_layer_alone_is_copied_with_its_weights(case):
    layer = case.make_built()
    x = models.random(*case.shape)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(twin(x)), keras.ops.convert_to_numpy(layer(x))
        )


@each_row(CASES)
def test_config_is_plain_json_and_complete(case):
    config = case.make(name="one").get_config()
    restored = type(case.make()).from_config(json.loads(json.dumps(config)))
    assert restored.get_config() == config
    assert set(case.row.defaults) <= set(config)


@each_row([case for case in CASES if case.row.function and not case.row.learnable])
def test_function_is_an_activation_by_its_registered_name(case):
    config = keras.activations.serialize(case.row.function)
    assert keras.activations.get(config) is case.row.function


@pytest.mark.parametrize(
    "name", [n for n in layers.__all__ if isinstance(getattr(layers, n), type)]
)
def test_registered_under_the_package(name):
    layer = getattr(layers, name)
    assert keras.saving.get_registered_name(layer) == f"keras_acts>{layer.__name__}"


@pytest.mark.slow
def test_loading_without_the_import_gives_keras_error(saved):
    folder, _ = saved
    code = f"import keras; keras.models.load_model({str(folder / 'alone-0.keras')!r})"
    done = process.python("-c", code, backend=HERE)
    assert done.returncode == 1
    assert "Could not locate class" in done.stderr
    assert keras_acts.__name__ in done.stderr
