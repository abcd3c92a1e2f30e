"""What pyproject.toml cannot say: what is in C, the look through a text and the stand-in client library."""

from setuptools import Extension, setup

setup(
    cffi_modules=["bridge/characters_build.py:ffibuilder", "mock_mq/client/build.py:ffibuilder"],
    ext_modules=[
        Extension(
            "mock_mq.client._libmqic_r",
            ["mock_mq/client/libmqic_r.c"],
            include_dirs=["mock_mq/client/include"],
            extra_link_args=["-Wl,-soname,libmqic_r.so"],
        )
    ],
)
