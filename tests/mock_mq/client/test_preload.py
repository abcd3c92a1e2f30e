"""Which client library is loaded: IBM's, where it is installed, and never ours beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAY = """
import threading
from mock_mq.client import preload
found = []
threads = [threading.Thread(target=lambda: found.append(preload())) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(set(found)) == 1
print(found[0].kind, found[0].description)
import ibmmq
try:
    ibmmq.QueueManager(None).connect("QM1")
except ibmmq.MQMIError as e:
    print(e.reason)
"""
PACK = """
from bridge.binding import load_binding
for name, skip in (("pymqi", ()), ("ibmmq", ("SCO", "CD"))):
    mq = load_binding(name).mq
    for each in ("MD", "GMO", "PMO", "OD", "SD", "SCO", "CD"):
        if each not in skip:
            print(each, len(getattr(mq, each)().pack()))
"""
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
INCLUDE = Path(__file__).parents[3] / "mock_mq" / "client" / "include"


def say(**environment: str) -> list[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MQ", "LD_"))}
    done = subprocess.run(
        [sys.executable, "-c", SAY], env=plain | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory as IBM's client is installed in."""
    directory = tmp_path_factory.mktemp("mqm")
    (directory / "lib64").mkdir()
    source = directory / "library.c"
    others = "".join(f"void {name}(void) {{}}\n" for name in OTHERS)
    source.write_text("#define MQ_WITHOUT_FUNCTIONS\n" + IBM_LIBRARY + others)
    subprocess.run(
        [
            *("gcc", "-shared", "-fPIC", f"-I{INCLUDE}", "-Wl,-soname,libmqm_r.so"),
            *("-o", str(directory / "lib64" / "libmqm_r.so"), str(source)),
        ],
        check=True,
    )
    return directory


def test_without_ibms_the_stand_in_is_loaded_once_whoever_asks() -> None:
    assert say() == ["stand-in mock_mq stand-in client library 0.1.0", "2058"]


@pytest.mark.parametrize("variable", ["MQ_INSTALLATION_PATH", "MQ_FILE_PATH"])
def test_ibms_is_preferred_where_it_is_installed(installation: Path, variable: str) -> None:
    library = installation / "lib64" / "libmqm_r.so"
    assert say(**{variable: str(installation)}) == [f"IBM IBM MQ client {library}", "4711"]


def test_ibms_is_preferred_where_the_loader_finds_it(installation: Path) -> None:
    kind, reason = say(LD_LIBRARY_PATH=str(installation / "lib64"))
    assert kind.startswith("IBM ")
    assert reason == "4711"


def test_the_headers_agree_with_what_both_bindings_pack(tmp_path: Path) -> None:
    packing = subprocess.run([sys.executable, "-c", PACK], capture_output=True, text=True, check=True)
    lines = [line.split() for line in packing.stdout.splitlines() if line.count(" ") == 1]
    assert len(lines) >= 12
    checks = "".join(f'_Static_assert(sizeof(MQ{name}) - {size} < 8, "{name}");\n' for name, size in lines)
    source = tmp_path / "sizes.c"
    source.write_text(
        "#include <cmqc.h>\n#include <cmqxc.h>\n#include <cmqcfc.h>\n#include <cmqbc.h>\n" + checks
    )
    subprocess.run(
        ["gcc", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{INCLUDE}", str(source)], check=True
    )
