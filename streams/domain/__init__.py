"""Pure decisions: stdlib only, no clock, no I/O."""
