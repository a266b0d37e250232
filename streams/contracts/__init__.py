"""The border: YAML and bytes to domain values and back."""
