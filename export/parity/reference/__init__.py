"""The models that define the expected outputs: Keras models and SavedModels."""
