"""The only package that changes Keras while tracing, or reads its private parts.

`patches` lists the attributes of Keras that are replaced while a thread traces, and
`installer` replaces them; `private` reads others; `supported` lists the releases of
Keras that were tried.
"""
