"""MQ's client protocol as bytes: structures and framing both ways, in both byte orders, without any I/O.

fields      how a structure is declared; `Structure`, `ByteOrder`, `WireError` (the only error raised)
structures  MQ's own: MessageDescriptor (MQMD), ObjectDescriptor (MQOD), PutMessageOptions (MQPMO),
            GetMessageOptions (MQGMO)
segment     frames: Segment, SegmentType, Control; SegmentReader (bytes -> segments), Joiner (segments ->
            one whole body), split (a body -> segments)
calls       ApiHeader and the bodies of MQOPEN (Open), MQCLOSE (Close), MQINQ (Inquire, Inquired),
            MQPUT (Put), MQPUT1 (Put1), MQGET (Get, Got), MQCMIT, MQBACK and MQDISC (Plain)
spi         SPI QUERY (SpiQuery, SpiQueried) and OPEN (SpiOpen)
handshake   InitialData (`ID  `), UserData (`UID `), Credentials (`CAUT`), Connect (MQCONN and its FCNO),
            Status (STATUS_DATA)
"""
