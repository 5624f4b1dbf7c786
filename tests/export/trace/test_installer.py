"""Patches are put in place all at once or not at all, and taken away exactly."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import keras
import pytest
from keras import layers, ops

from keras_acts.export import ExportError, UnsupportedKerasError, to_onnx
from keras_acts.export.trace.keras_patches import installer, patches, supported
from keras_acts.export.trace.keras_patches.installer import Installer, Patch

FAKE = "keras_acts_fake_keras"


class Owner:
    def method(self) -> str:
        return "original"

    @staticmethod
    def static() -> str:
        return "original"


class Inheriting(Owner):
    pass


@pytest.fixture(autouse=True)
def fake() -> Iterator[ModuleType]:
    """A module to patch, in the place of Keras's."""
    module = ModuleType(FAKE)
    vars(module).update(first="first", second="second", Owner=Owner)
    module.Inheriting = Inheriting  # type: ignore[attr-defined]
    sys.modules[FAKE] = module
    yield module
    del sys.modules[FAKE]


def marked(original: Any) -> Any:
    return lambda: ("patched", original)


def state(module: ModuleType) -> list[Any]:
    return [dict(vars(module)), dict(vars(Owner)), dict(vars(Inheriting))]


ROWS = (
    Patch(FAKE, "first", marked),
    Patch(f"{FAKE}:Owner", "method", marked),
    Patch(f"{FAKE}:Owner", "static", marked),
    Patch(FAKE, "second", marked),
)


def test_patches_are_put_in_place_and_taken_away(fake: ModuleType) -> None:
    before = state(fake)
    with Installer(ROWS).installed():
        assert fake.first() == ("patched", "first")
        assert Owner.static()[0] == "patched"
        assert isinstance(vars(Owner)["static"], staticmethod)
        assert state(fake) != before
    assert state(fake) == before
    assert vars(Owner)["static"] is before[1]["static"]


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (Patch(FAKE, "missing", marked), f"{FAKE}.missing"),
        (Patch(f"{FAKE}:Owner", "missing", marked), f"{FAKE}.Owner.missing"),
        (Patch(f"{FAKE}:Missing", "method", marked), f"{FAKE}.Missing"),
        (Patch("keras_acts_no_keras", "missing", marked), "keras_acts_no_keras"),
        # Set where it is inherited, it could not be restored exactly.
        (Patch(f"{FAKE}:Inheriting", "method", marked), f"{FAKE}.Inheriting.method"),
    ],
    ids=["function", "method", "class", "module", "inherited"],
)
def test_nothing_changes_where_an_attribute_is_missing(
    fake: ModuleType, missing: Patch, named: str
) -> None:
    before = state(fake)
    with pytest.raises(UnsupportedKerasError) as caught, installed_by(*ROWS, missing):
        pytest.fail("It was installed.")
    assert state(fake) == before
    message = str(caught.value)
    assert isinstance(caught.value, ExportError)
    assert keras.__version__ in message
    assert supported.tried_range() in message
    assert f"`{named}`" in message


def installed_by(*rows: Patch) -> Any:
    return Installer(rows).installed()


def test_what_older_releases_lack_is_left_out(
    fake: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = Patch(FAKE, "newer", marked)
    monkeypatch.setitem(supported.ADDED, "99.0", frozenset({newer.path}))
    before = state(fake)
    with installed_by(*ROWS, newer):
        assert fake.first() == ("patched", "first")
        assert not hasattr(fake, "newer")
    assert state(fake) == before


def test_nothing_changes_where_a_wrapper_can_not_be_made(fake: ModuleType) -> None:
    def broken(original: Any) -> Any:
        raise ArithmeticError("in the making")

    before = state(fake)
    with (
        pytest.raises(ArithmeticError),
        installed_by(*ROWS, Patch(FAKE, "second", broken)),
    ):
        pytest.fail("It was installed.")
    assert state(fake) == before


def test_an_exception_inside_takes_the_patches_away(fake: ModuleType) -> None:
    before = state(fake)
    with pytest.raises(KeyboardInterrupt), installed_by(*ROWS):
        raise KeyboardInterrupt
    assert state(fake) == before


class Interrupting(ModuleType):
    """A module that an interrupt hits each time that an attribute is set.

    It is set before the interrupt, or is not.
    """

    def __init__(self, times: int, *, sets: bool) -> None:
        super().__init__(FAKE)
        vars(self).update(first="first", second="second", times=times, sets=sets)

    def __setattr__(self, name: str, value: Any) -> None:
        if self.times:
            if self.sets:
                vars(self)[name] = value
            vars(self)["times"] -= 1
            raise KeyboardInterrupt
        vars(self)[name] = value


@pytest.mark.parametrize("sets", [True, False])
def test_an_interrupt_while_they_are_put_in_place(sets: bool) -> None:
    module = sys.modules[FAKE] = Interrupting(0, sets=sets)
    patching = Installer((Patch(FAKE, "first", marked), Patch(FAKE, "second", marked)))
    vars(module)["times"] = 1
    with pytest.raises(KeyboardInterrupt), patching.installed():
        pytest.fail("It was installed.")
    assert (module.first, module.second) == ("first", "second")


@pytest.mark.parametrize("sets", [True, False])
def test_an_interrupt_while_they_are_taken_away(sets: bool) -> None:
    """What an interrupt leaves behind, the next one cleans up."""
    module = sys.modules[FAKE] = Interrupting(0, sets=sets)
    patching = Installer((Patch(FAKE, "first", marked), Patch(FAKE, "second", marked)))
    with pytest.raises(KeyboardInterrupt), patching.installed():
        vars(module)["times"] = 1
    assert callable(module.first)
    with patching.installed():
        assert module.first() == ("patched", "first")
    assert (module.first, module.second) == ("first", "second")


def test_a_user_that_never_says_that_it_is_done_is_forgotten(
    fake: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(fake)
    patching = Installer(ROWS)
    with monkeypatch.context() as patched:
        patched.setattr(patching, "_leave", lambda user: None)
        with patching.installed():
            pass
    gc.collect()
    assert state(fake) != before
    with patching.installed():
        assert fake.first() == ("patched", "first")
    assert state(fake) == before


def test_nested_users_share_the_patches(fake: ModuleType) -> None:
    before = state(fake)
    patching = Installer(ROWS)
    with patching.installed():
        with patching.installed():
            assert fake.first() == ("patched", "first")
        assert fake.first() == ("patched", "first")
    assert state(fake) == before


def test_the_last_thread_takes_the_patches_away(fake: ModuleType) -> None:
    before = state(fake)
    patching = Installer(ROWS)
    inside, leave = threading.Event(), threading.Event()

    def longer() -> None:
        with patching.installed():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=longer)
    with patching.installed():
        thread.start()
        inside.wait()
    assert fake.first() == ("patched", "first")
    leave.set()
    thread.join()
    assert state(fake) == before


def test_threads_come_and_go(fake: ModuleType) -> None:
    before = state(fake)
    patching = Installer(ROWS)
    wrong: list[Any] = []

    def often() -> None:
        for _ in range(300):
            with patching.installed():
                if fake.first() != ("patched", "first"):
                    wrong.append(fake.first)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=often) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    assert state(fake) == before


# The installer of the traces


def test_keras_is_untouched_where_an_attribute_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape, bases = ops.shape, keras.Variable.__bases__
    missing = Patch("keras.ops", "no_such_function", marked)
    monkeypatch.setattr(patches, "INSTALLER", Installer((*patches.PATCHES, missing)))
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    with pytest.raises(UnsupportedKerasError, match=r"keras\.ops\.no_such_function"):
        to_onnx(model)
    assert ops.shape is shape
    assert keras.Variable.__bases__ == bases


def exporting(inside: Callable[[], None]) -> keras.Model:
    class Calling(layers.Layer):
        def call(self, x: Any) -> Any:
            inside()
            return x * 2.0

        def compute_output_spec(self, x: Any) -> Any:
            return keras.KerasTensor(x.shape, x.dtype)

    x = keras.Input((3,))
    return keras.Model(x, Calling()(x))


def test_an_export_inside_of_a_trace() -> None:
    shape = ops.shape
    made: list[Any] = []
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    proto = to_onnx(exporting(lambda: made.append(to_onnx(inner))))
    assert [node.op_type for node in proto.graph.node] == ["Mul"]
    assert [node.op_type for node in made[0].graph.node] == ["MatMul", "Add"]
    assert ops.shape is shape


def test_a_trace_goes_on_when_another_ends() -> None:
    shape = ops.shape
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    patched: list[Any] = []

    def other() -> None:
        thread = threading.Thread(target=to_onnx, args=(inner,))
        thread.start()
        thread.join()
        patched.append(ops.shape)

    to_onnx(exporting(other))
    assert patched
    assert shape not in patched
    assert ops.shape is shape


def test_the_installer_is_not_installed_at_rest() -> None:
    assert not patches.INSTALLER._applied
    assert isinstance(patches.INSTALLER, installer.Installer)
