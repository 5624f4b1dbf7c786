"""What operations return: their shapes and dtypes, which are settled here.

`output_spec.output_spec` is the one entry; the tracer calls it for each operation. The
first of these that knows the operation decides:

1. a shape function of our own, in the place of a `compute_output_spec` that is wrong or
   refuses what the backends take (`output_spec`, `numpy`);
2. a shape function for an operation that is given a size unknown until the model runs
   (`symbolic_sizes`);
3. Keras's own `compute_output_spec`, asked with None for such sizes.

A traced graph holds the answer in its values. The converted graph takes dtypes and
ranks from there: a converter's results are cast, and get the shapes of the trace unless
the converter noted sizes of that rank itself. ONNX's shape inference comes last: it
fills in sizes that are None and the values inside of converters, and overrules no known
size. What it can't follow is named by `export/passes/shapes/`.
"""
