"""How models, layers and functions are called: the arguments that a signature gives."""
