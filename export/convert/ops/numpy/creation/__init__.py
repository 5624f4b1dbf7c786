"""Arrays from shapes, from numeric ranges, and special matrices."""
