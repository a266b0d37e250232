"""What the command line calls; no click here."""
