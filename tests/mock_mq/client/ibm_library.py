"""What looks like IBM's client library from outside, for tests of which one is loaded."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mock_mq.client.build import INCLUDE

# What IBM's library looks like from outside: the name it is loaded by, and its functions.
IBM_LIBRARY = """
#include <cmqc.h>
void MQCONN(PMQCHAR name, PMQHCONN connection, PMQLONG completion, PMQLONG reason) {
    *completion = 2;
    *reason = 4711;
}
void MQCONNX(PMQCHAR name, MQCNO *options, PMQHCONN connection, PMQLONG completion, PMQLONG reason) {
    MQCONN(name, connection, completion, reason);
}
"""
OTHERS = (
    *("MQBACK", "MQBEGIN", "MQCB", "MQCLOSE", "MQCMIT", "MQCRTMH", "MQCTL", "MQDISC", "MQDLTMH", "MQDLTMP"),
    *("MQGET", "MQINQ", "MQINQMP", "MQOPEN", "MQPUT", "MQPUT1", "MQSET", "MQSETMP", "MQSTAT", "MQSUB"),
    "MQSUBRQ",
)


def install(directory: Path) -> Path:
    """Makes `directory` one that IBM's client is installed in; its library's file."""
    (directory / "lib64").mkdir()
    source = directory / "library.c"
    others = "".join(f"void {name}(void) {{}}\n" for name in OTHERS)
    source.write_text("#define MQ_WITHOUT_FUNCTIONS\n" + IBM_LIBRARY + others)
    library = directory / "lib64" / "libmqm_r.so"
    subprocess.run(
        [
            *("gcc", "-shared", "-fPIC", f"-I{INCLUDE}", "-Wl,-soname,libmqm_r.so"),
            *("-o", str(library), str(source)),
        ],
        check=True,
    )
    return library
