"""What converters share: no operation of Keras is registered here."""
