"""The shapes and dtypes that operations return.

The tracer calls `output_spec.output_spec` for each operation. The first of these that
covers the operation decides:

1. a shape function of our own, if Keras's `compute_output_spec` is wrong or refuses
   arguments that the backends accept (`output_spec`, `numpy`);
2. a shape function for an operation with an argument that is a size unknown until the
   model runs (`symbolic_sizes`);
3. Keras's own `compute_output_spec`, called with None for such sizes.

The backend itself then says which dtype it gives integers, booleans and mixed floats,
and describes the results of calls that Keras's inference refuses (`measured`).

The values of the traced graph hold the result. The converted graph takes dtypes and
ranks from it: a converter's results are cast to the dtype, and get the traced shape
unless the converter has set sizes of that rank itself. ONNX's shape inference comes
last: it fills in unknown sizes and the values inside converters, and changes no known
size. Sizes that it can't infer are named in `export/passes/shapes/`.
"""
