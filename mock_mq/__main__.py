"""`python -m mock_mq` is the command `mock-mq`."""

from mock_mq.cli import main

main()
