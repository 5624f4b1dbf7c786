"""Constants folded into the weights of the operators around them."""
