"""Reading: speed and quality beside those of peers."""
