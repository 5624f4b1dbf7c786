"""SavedModels, written by TensorFlow alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_all(folder: Path) -> None:
    """Write `plain`, of two signatures; `texts`, a lookup; `unsigned`, of none;
    `mixed`, where one of three can't be exported and two have similar names."""
    import tensorflow as tf

    class Plain(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            kernel = tf.random.stateless_normal((3, 2), seed=(1, 2))
            self.kernel = tf.Variable(kernel)
            self.table = tf.Variable(tf.random.stateless_normal((4, 5), seed=(3, 4)))
            self.calls = tf.Variable(0.0)

        @tf.function(input_signature=[tf.TensorSpec((None, 3), name="x")])
        def both(self, x: Any) -> Any:
            self.calls.assign_add(1.0)
            y = tf.math.erfc(x @ self.kernel)
            return {"zeta": y, "alpha": tf.nn.softmax(y)}

        @tf.function(
            input_signature=[
                tf.TensorSpec((None, 3), name="z"),
                tf.TensorSpec((None, 7), tf.int32, name="a"),
            ]
        )
        def lookup(self, z: Any, a: Any) -> Any:
            found = tf.reduce_mean(tf.gather(self.table, a), 1)
            return {"found": found + tf.reduce_sum(z, 1, keepdims=True)}

        @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="t")])
        def text(self, t: Any) -> Any:
            return {"h": tf.strings.to_hash_bucket_fast(t, 7)}

    class Texts(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            keys, values = tf.constant(["a", "b"]), tf.constant([5, 6], tf.int64)
            pairs = tf.lookup.KeyValueTensorInitializer(keys, values)
            self.table = tf.lookup.StaticHashTable(pairs, -1)

        @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.string, name="k")])
        def look(self, k: Any) -> Any:
            return {"v": self.table.lookup(k)}

    plain, texts = Plain(), Texts()
    signatures = {"serving_default": plain.both, "lookup": plain.lookup}
    tf.saved_model.save(plain, str(folder / "plain"), signatures=signatures)
    tf.saved_model.save(texts, str(folder / "texts"), signatures={"look": texts.look})
    tf.saved_model.save(plain, str(folder / "unsigned"))
    mixed = {"a/b": plain.both, "a_b": plain.lookup, "text": plain.text}
    tf.saved_model.save(plain, str(folder / "mixed"), signatures=mixed)
