"""The one place that changes Keras while it traces, or reads its private parts.

`patches` changes attributes of Keras while some thread traces; `private` reads them.
"""
