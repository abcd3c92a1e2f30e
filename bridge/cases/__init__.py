"""`bridge test`: cases beside a configuration, each a message and what is to become of it."""
