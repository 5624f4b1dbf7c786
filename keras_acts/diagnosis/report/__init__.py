"""What a diagnosis found: as data, as a table, as a page and as pictures."""
