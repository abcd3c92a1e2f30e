"""A throwaway CA with a server's and a client's certificate, for trying the bridge with mutual TLS.

`generate` makes them; `python -m certs` is its command. Nothing it makes belongs under version control.
"""

from certs.generating import Generated, generate

__all__ = ["Generated", "generate"]
