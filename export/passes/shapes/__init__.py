"""Names of unknown sizes, and what shape inference gets wrong about them."""
