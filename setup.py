"""What pyproject.toml can't say: the two shared objects of the stand-in client library (mock_mq/client)."""

from setuptools import Extension, setup

setup(
    cffi_modules=["mock_mq/client/build.py:ffibuilder"],
    ext_modules=[
        Extension(
            "mock_mq.client._libmqic_r",
            ["mock_mq/client/libmqic_r.c"],
            include_dirs=["mock_mq/client/include"],
            extra_link_args=["-Wl,-soname,libmqic_r.so"],
        )
    ],
)
