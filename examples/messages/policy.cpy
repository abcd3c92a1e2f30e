      * A premium booking as a mainframe writes it.
       01  POLICY-RECORD.
           05  POLICY-NUMBER        PIC X(10).
           05  HOLDER-NAME          PIC X(30).
           05  BOOKING-DATE         PIC 9(8)         COMP-3.
           05  PREMIUM              PIC S9(9)V99     COMP-3.
           05  INSTALMENTS          PIC S9(4)        COMP.
           05  BRANCH               PIC X(4).
           05  FILLER               PIC X(7).
