"""`python -m mock_mq.client.sdk DIRECTORY`: lays out what pymqi is built with, where IBM's SDK would have it.

Headers in `inc`, the library to link with in `lib64`: set MQ_FILE_PATH to the directory and install pymqi.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from mock_mq.client import administration_library
from mock_mq.client.build import INCLUDE


def lay_out(directory: Path) -> None:
    """Makes `inc` and `lib64` in `directory`."""
    shutil.copytree(INCLUDE, directory / "inc", dirs_exist_ok=True)
    (directory / "lib64").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(administration_library(), directory / "lib64" / "libmqic_r.so")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m mock_mq.client.sdk DIRECTORY")
    lay_out(Path(sys.argv[1]))
