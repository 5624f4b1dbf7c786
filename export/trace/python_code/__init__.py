"""What a model's Python code does with sizes that are unknown until the model runs.

It computes with them as with Python's own numbers (`numbers`), asks for them by
`x.shape` (`shapes`), branches on them (`branches`, with what is known of them in
`facts`), and takes parts of arrays by them (`arrays`).
"""
