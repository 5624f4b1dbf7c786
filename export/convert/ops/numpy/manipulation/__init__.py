"""Arrays reshaped, joined, split, flipped, rolled and padded."""
