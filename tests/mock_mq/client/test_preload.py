"""Which client library is loaded: IBM's, where it is installed, and never ours beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mock_mq.client.build import INCLUDE
from tests.mock_mq.client import ibm_library

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
BAG = """
#include <cmqc.h>
#include <cmqbc.h>
#include <stdio.h>
int main(void) {
    MQLONG completion, reason;
    MQHBAG bag;
    mqCreateBag(0, &bag, &completion, &reason);
    printf("%d %d\\n", completion, reason);
    return bag != MQHB_UNUSABLE_HBAG;
}
"""


def say(**environment: str) -> list[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MQ", "LD_"))}
    done = subprocess.run(
        [sys.executable, "-c", SAY], env=plain | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of IBM's library, where it is installed."""
    return ibm_library.install(tmp_path_factory.mktemp("mqm"))


def test_without_ibms_the_stand_in_is_loaded_once_whoever_asks() -> None:
    assert say() == ["stand-in mock_mq stand-in client library 0.1.0", "2058"]


@pytest.mark.parametrize("variable", ["MQ_INSTALLATION_PATH", "MQ_FILE_PATH"])
def test_ibms_is_preferred_where_it_is_installed(library: Path, variable: str) -> None:
    assert say(**{variable: str(library.parents[1])}) == [f"IBM IBM MQ client {library}", "4711"]


def test_ibms_is_preferred_where_the_loader_finds_it(library: Path) -> None:
    assert say(LD_LIBRARY_PATH=str(library.parent)) == ["IBM IBM MQ client libmqm_r.so", "4711"]


def test_what_pymqi_is_built_with_is_not_taken_for_ibms(tmp_path: Path) -> None:
    lay_out(tmp_path)
    stand_in = ["stand-in mock_mq stand-in client library 0.1.0", "2058"]
    assert say(MQ_FILE_PATH=str(tmp_path)) == stand_in
    assert say(LD_LIBRARY_PATH=str(tmp_path / "lib64")) == stand_in


def test_the_sdk_is_all_that_a_c_program_is_compiled_and_linked_with(tmp_path: Path) -> None:
    lay_out(tmp_path)
    source = tmp_path / "program.c"
    source.write_text(BAG)
    subprocess.run(
        [
            *("gcc", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path / 'inc'}", str(source)),
            *(f"-L{tmp_path / 'lib64'}", "-lmqic_r", "-o", str(tmp_path / "program")),
        ],
        check=True,
    )
    ran = subprocess.run(
        [str(tmp_path / "program")],
        env={"LD_LIBRARY_PATH": str(tmp_path / "lib64")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "2 2298\n"


def test_the_sdk_wants_one_directory() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mock_mq.client.sdk"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "usage: python -m mock_mq.client.sdk DIRECTORY\n")


def lay_out(directory: Path) -> None:
    subprocess.run([sys.executable, "-m", "mock_mq.client.sdk", str(directory)], check=True)


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
