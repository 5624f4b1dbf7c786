"""Mathematical functions of elements, bits and neighbours."""
