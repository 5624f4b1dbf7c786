"""The command line: `keras-acts`, or `python -m keras_acts`.

It answers help and mistakes before it imports NumPy, onnx or Keras.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line on the program's arguments and exit with its code."""
    from keras_acts.cli.app import app
    from keras_acts.cli.encodings import print_what_can_be
    from keras_acts.cli.signals import stopping_in_one_line

    print_what_can_be()
    with stopping_in_one_line():
        app(prog_name="keras-acts")
