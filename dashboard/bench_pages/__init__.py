"""Pages that only `phuqr bench map` serves, to measure the map beside."""
