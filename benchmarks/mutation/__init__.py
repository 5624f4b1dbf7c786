"""How much damage to exported files `verify` finds, and where it says that it is."""
