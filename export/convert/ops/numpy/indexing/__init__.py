"""Parts of arrays, and where elements stand: indexing, sorting, searching."""
