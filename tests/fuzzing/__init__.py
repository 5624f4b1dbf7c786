"""Random Keras models, exported and compared: what breaks that nobody thought of.

    PYTHONPATH=.:tests python -m fuzzing --backend torch --seed 0 --count 100

draws a hundred models (`draw.py`) of operations, layers and custom code
(`vocabulary/`). A model is a program: a few inputs and a list of steps, each a line of
Python (`program.py`). It is exported and compared with Keras (`check.py`). A seed
repeats a model on its backend. One that isn't right is cut down to the steps that it
takes (`shrink.py`) and printed as a script that runs by itself.

Hypothesis would draw and shrink too, but it shrinks the choices behind a model, and a
choice left out changes the meaning of all after it. A list of steps whose sizes are
known is cut directly: without a step, or with its input in its place.
"""
