"""What operations return: shapes and dtypes, with Keras's own mistakes put right."""
