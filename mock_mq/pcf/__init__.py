"""PCF: commands for the queue manager as messages, and the answers to them.

structures  MQCFH and the parameters behind it, both ways
commands    what each command does
server      the command server: a message in, messages out
"""
