"""The models whose answers are the truth: Keras models and SavedModels."""
