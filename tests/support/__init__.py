"""What the tests share: cases, reference arithmetic, one checker for each promise."""
