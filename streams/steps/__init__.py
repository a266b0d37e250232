"""One file is one routing-slip step."""
