"""The AWS side, against a real emulator over HTTP."""
