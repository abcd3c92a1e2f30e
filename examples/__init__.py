"""Messages that queues really carry, and the demonstration that sends them both ways."""
