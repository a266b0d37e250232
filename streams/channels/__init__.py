"""How a partner is reached; one file a transport."""
