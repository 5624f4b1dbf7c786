"""The one package that changes Keras while it traces, or reads its private parts.

`patches` lists the attributes of Keras that are replaced while some thread traces, and
`installer` replaces them; `private` reads others; `supported` says which releases of
Keras were tried.
"""
