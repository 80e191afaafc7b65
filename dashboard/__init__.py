"""Shows the indicators of `geo` in a browser, and computes none of its own."""
