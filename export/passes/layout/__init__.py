"""Passes that choose where the channels are, with as few transposes as possible."""
