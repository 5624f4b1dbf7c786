"""Mathematical functions of elements, of bits and of neighbors."""
