"""A console in the browser: queues with their depth, messages with descriptor and bytes, put one, clear.

views   what the page is told, as plain data made from the queue manager
server  the HTTP port, and who may ask it
page/   what the browser gets
"""

from mock_mq.console.server import Console

__all__ = ["Console"]
