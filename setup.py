"""What pyproject.toml can't say: what is in C, of the bridge and of the stand-in client library."""

from setuptools import Extension, setup

setup(
    cffi_modules=["mock_mq/client/build.py:ffibuilder"],
    ext_modules=[
        Extension(
            "bridge._native",
            ["bridge/native/module.c"],
            depends=["bridge/native/characters.c", "bridge/native/quoting.c"],
            extra_compile_args=["-O3"],
        ),
        Extension(
            "mock_mq.client._libmqic_r",
            ["mock_mq/client/libmqic_r.c"],
            include_dirs=["mock_mq/client/include"],
            extra_link_args=["-Wl,-soname,libmqic_r.so"],
        ),
    ],
)
